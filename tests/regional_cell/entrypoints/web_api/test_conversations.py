"""`conversations.*`, `reactions.*` and read marks."""

import pytest

from regional_cell.domain.commands.workspaces import Newcomer, admit
from regional_cell.domain.emoji_names import PLAIN
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    SECRET,
    TEAM,
    Cell,
)


async def test_a_fresh_workspace_has_its_two_channels(cell: Cell) -> None:
    channels = (await cell.ok(BOB, "conversations.list"))["channels"]
    assert {channel["name"] for channel in channels} == {"general", "random"}
    assert [channel["is_general"] for channel in channels if channel["name"] == "general"] == [True]
    assert (await cell.ok(GUS, "conversations.list"))["channels"] == []
    mine = (await cell.ok(ANN, "conversations.list", types="public_channel, private_channel"))["channels"]
    assert SECRET in [channel["id"] for channel in mine]
    both = (await cell.ok(BOB, "conversations.list", types="public_channel,private_channel"))["channels"]
    assert SECRET not in [channel["id"] for channel in both]


async def test_a_new_channel_is_told_to_all_and_a_private_one_to_nobody_else(cell: Cell) -> None:
    made = (await cell.ok(BOB, "conversations.create", name="plans"))["channel"]
    assert (made["is_member"], made["creator"], made["is_private"]) == (True, BOB, False)
    assert "num_members" not in made
    told = cell.recorder.types()
    assert ("T000000000001", "channel_created") in told
    assert (BOB, "channel_joined") in told
    cell.recorder.heard.clear()
    await cell.ok(BOB, "conversations.create", name="plans-2", is_private="true")
    assert {topic for topic, _ in cell.recorder.types()} & {"T000000000001", GENERAL} == set()
    assert (BOB, "group_joined") in cell.recorder.types()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("general", "name_taken"),
        ("secret", "name_taken"),
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("--", "invalid_name_punctuation"),
        ("With Blank", "invalid_name_specials"),
        ("Upper", "invalid_name_specials"),
    ],
)
async def test_a_bad_channel_name_has_its_own_code(cell: Cell, name: str, code: str) -> None:
    assert await cell.error(BOB, "conversations.create", name=name) == code


async def test_a_name_may_be_in_any_script(cell: Cell) -> None:
    assert (await cell.ok(BOB, "conversations.create", name="größe-会議"))["channel"]["name"] == "größe-会議"
    assert await cell.error(GUS, "conversations.create", name="mine") == "restricted_action"


async def test_joining_and_leaving_are_told_and_kept_in_the_history(cell: Cell) -> None:
    channel = (await cell.ok(BOB, "conversations.create", name="plans"))["channel"]["id"]
    cell.recorder.heard.clear()
    assert "warning" not in await cell.ok(CID, "conversations.join", channel=channel)
    assert cell.recorder.types() == [
        (channel, "member_joined_channel"),
        (CID, "channel_joined"),
        (channel, "channel_join"),
    ]
    again = await cell.ok(CID, "conversations.join", channel=channel)
    assert again["warning"] == "already_in_channel"
    assert again["response_metadata"] == {"warnings": ["already_in_channel"]}
    notices = (await cell.ok(CID, "conversations.history", channel=channel))["messages"]
    assert [(notice["subtype"], notice["user"]) for notice in notices] == [
        ("channel_join", CID),
        ("channel_join", BOB),
    ]
    cell.recorder.heard.clear()
    assert "not_in_channel" not in await cell.ok(CID, "conversations.leave", channel=channel)
    assert cell.recorder.types()[:2] == [(channel, "member_left_channel"), (CID, "channel_left")]
    assert (await cell.ok(CID, "conversations.leave", channel=channel))["not_in_channel"] is True


async def test_what_cannot_be_left_or_joined_says_why(cell: Cell) -> None:
    assert await cell.error(BOB, "conversations.leave", channel=GENERAL) == "cant_leave_general"
    assert await cell.error(ANN, "conversations.leave", channel=SECRET) == "last_member"
    dm = (await cell.ok(BOB, "conversations.open", users=CID))["channel"]["id"]
    wrong = "method_not_supported_for_channel_type"
    assert await cell.error(BOB, "conversations.join", channel=dm) == wrong
    assert await cell.error(BOB, "conversations.leave", channel=dm) == wrong
    assert await cell.error(BOB, "conversations.invite", channel=dm, users=ANN) == wrong
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=[GUS])
    assert await cell.error(GUS, "conversations.leave", channel=RANDOM) == "user_is_restricted"


async def test_an_invitation_fails_as_a_whole_unless_forced(cell: Cell) -> None:
    body = await cell.call(ANN, "conversations.invite", channel=SECRET, users=f"{BOB},{ANN}")
    assert (body["ok"], body["error"]) == (False, "cant_invite_self")
    assert body["errors"] == [{"user": ANN, "ok": False, "error": "cant_invite_self"}]
    assert (await cell.ok(ANN, "conversations.members", channel=SECRET))["members"] == [ANN]
    body = await cell.ok(
        ANN, "conversations.invite", channel=SECRET, users=f"{BOB},{ANN},U0000000000XX", force=1
    )
    assert {fault["error"] for fault in body["errors"]} == {"cant_invite_self", "user_not_found"}
    assert (await cell.ok(BOB, "conversations.members", channel=SECRET))["members"] == [ANN, BOB]
    assert (BOB, "group_joined") in cell.recorder.types()
    for users, code in (
        (BOB, "already_in_channel"),
        ("USLACKBOT", "cant_invite"),
        ("U0000000000XX", "user_not_found"),
        ("", "no_user"),
        (" , ", "no_user"),
    ):
        assert await cell.error(ANN, "conversations.invite", channel=SECRET, users=users) == code
    other = (await cell.ok(ANN, "conversations.create", name="other"))["channel"]["id"]
    assert await cell.error(BOB, "conversations.invite", channel=other, users=CID) == "not_in_channel"


async def test_direct_messages_are_the_same_for_the_same_people(cell: Cell) -> None:
    first = await cell.ok(BOB, "conversations.open", users=CID, return_im=True)
    assert (first["channel"]["is_im"], first["channel"]["user"], "no_op" in first) == (True, CID, False)
    assert tuple(body["type"] for topic, body in cell.recorder.heard if topic == BOB) == (
        "im_created",
        "im_open",
    )
    again = await cell.ok(CID, "conversations.open", users=[BOB])
    assert (again["channel"], again["no_op"], again["already_open"]) == (
        {"id": first["channel"]["id"]},
        True,
        True,
    )
    group = (await cell.ok(BOB, "conversations.open", users=[CID, ANN], return_im="1"))["channel"]
    assert (group["is_mpim"], group["name"]) == (True, "mpdm-ann--bob--cid-1")
    assert (await cell.ok(ANN, "conversations.open", users=f"{BOB}, {CID}"))["channel"]["id"] == group["id"]
    mine = (await cell.ok(BOB, "conversations.open", users=BOB, return_im=1))["channel"]
    assert mine["user"] == BOB
    assert (await cell.ok(BOB, "conversations.open", channel=group["id"]))["already_open"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "users_list_not_supplied"),
        ({"users": ","}, "not_enough_users"),
        ({"users": "U0000000000XX"}, "user_not_found"),
        ({"users": [f"U0000000000X{number}" for number in range(9)]}, "too_many_users"),
        ({"channel": SECRET}, "channel_not_found"),
        ({"channel": "D00000000000X"}, "channel_not_found"),
        ({"users": CID, "prevent_creation": True}, "channel_not_found"),
        ({"users": {"a": 1}}, "invalid_array_arg"),
    ],
)
async def test_what_cannot_be_opened_says_why(cell: Cell, arguments: dict[str, object], code: str) -> None:
    assert await cell.error(BOB, "conversations.open", **arguments) == code


async def test_guests_see_those_they_share_a_channel_with(cell: Cell) -> None:
    assert await cell.error(GUS, "conversations.open", users=BOB) == "user_not_visible"
    assert await cell.error(GUS, "users.info", user=BOB) == "user_not_visible"
    assert {user["id"] for user in (await cell.ok(GUS, "users.list"))["members"]} == {GUS, "USLACKBOT"}
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    assert (await cell.ok(GUS, "users.info", user=BOB))["user"]["name"] == "bob"


async def test_read_marks_count_what_others_wrote_and_move_back(cell: Cell) -> None:
    marks = [await cell.post(ANN, GENERAL, f"m{number}") for number in range(3)]
    info = (await cell.ok(BOB, "conversations.info", channel=GENERAL))["channel"]
    assert (info["unread_count"], info["unread_count_display"], info["latest"]["text"]) == (3, 3, "m2")
    await cell.ok(BOB, "conversations.mark", channel=GENERAL, ts=marks[1])
    topic, frame = cell.recorder.heard[-1]
    assert (topic, frame["type"], frame["ts"], frame["unread_count"]) == (BOB, "channel_marked", marks[1], 1)
    await cell.ok(BOB, "conversations.mark", channel=GENERAL, ts=marks[0])
    info = (await cell.ok(BOB, "conversations.info", channel=GENERAL))["channel"]
    assert (info["last_read"], info["unread_count"]) == (marks[0], 2)
    await cell.post(BOB, GENERAL, "mine")
    info = (await cell.ok(BOB, "conversations.info", channel=GENERAL))["channel"]
    assert info["unread_count"] == 0
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    info = (await cell.ok(BOB, "conversations.info", channel=RANDOM))["channel"]
    assert (info["unread_count"], info["unread_count_display"]) == (1, 0)
    assert await cell.error(BOB, "conversations.mark", channel=GENERAL, ts="soon") == "invalid_timestamp"
    assert "last_read" not in (await cell.ok(BOT_USER, "conversations.info", channel=GENERAL))["channel"]


async def test_reactions_are_one_per_user_and_name(cell: Cell) -> None:
    ts = await cell.post(ANN, GENERAL, "x")
    await cell.ok(BOB, "reactions.add", channel=GENERAL, timestamp=ts, name=":eyes:")
    frame = cell.recorder.heard[-1][1]
    assert (frame["type"], frame["reaction"], frame["user"], frame["item_user"]) == (
        "reaction_added",
        "eyes",
        BOB,
        ANN,
    )
    assert frame["item"] == {"type": "message", "channel": GENERAL, "ts": ts}
    await cell.ok(CID, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes")
    await cell.ok(CID, "reactions.add", channel=GENERAL, timestamp=ts, name="wave::skin-tone-3")
    got = await cell.ok(BOT_USER, "reactions.get", channel=GENERAL, timestamp=ts, full=True)
    assert got["message"]["reactions"] == [
        {"name": "eyes", "count": 2, "users": [BOB, CID]},
        {"name": "wave::skin-tone-3", "count": 1, "users": [CID]},
    ]
    assert got["message"]["permalink"].endswith(ts.replace(".", ""))
    assert (
        await cell.error(BOB, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes")
        == "already_reacted"
    )
    await cell.ok(BOB, "reactions.remove", channel=GENERAL, timestamp=ts, name="eyes")
    assert (
        await cell.error(BOB, "reactions.remove", channel=GENERAL, timestamp=ts, name="eyes") == "no_reaction"
    )
    for arguments, code in (
        ({"timestamp": "x", "name": "eyes"}, "bad_timestamp"),
        ({"name": "eyes"}, "no_item_specified"),
        ({"timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
        ({"timestamp": ts, "name": "no such emoji!"}, "invalid_name"),
        ({"timestamp": ts, "name": "no_such_emoji"}, "invalid_name"),
        ({"timestamp": ts, "name": "eyes::skin-tone-3"}, "invalid_name"),
        ({"timestamp": ts, "name": "wave::skin-tone-7"}, "invalid_name"),
        ({"timestamp": ts, "name": "wave::skin-tone-"}, "invalid_name"),
        ({"timestamp": ts}, "invalid_name"),
    ):
        assert await cell.error(BOB, "reactions.add", channel=GENERAL, **arguments) == code


async def test_what_somebody_reacted_to_is_listed_newest_first(cell: Cell) -> None:
    first, second = await cell.post(ANN, GENERAL, "x"), await cell.post(ANN, RANDOM, "y")
    hidden = await cell.post(ANN, SECRET, "z")
    for channel, ts, name in (
        (RANDOM, second, "eyes"), (GENERAL, first, "eyes"), (SECRET, hidden, "eyes"),
        (RANDOM, second, "tada"),
    ):  # fmt: skip
        await cell.ok(ANN, "reactions.add", channel=channel, timestamp=ts, name=name)
    await cell.ok(BOB, "reactions.add", channel=GENERAL, timestamp=first, name="eyes")
    body = await cell.ok(ANN, "reactions.list")
    assert [(item["channel"], item["message"]["ts"]) for item in body["items"]] == [
        (RANDOM, second), (SECRET, hidden), (GENERAL, first),
    ]  # fmt: skip
    assert body["paging"] == {"count": 100, "total": 3, "page": 1, "pages": 1}
    assert body["response_metadata"] == {"next_cursor": ""}
    (shown, *_) = body["items"]
    assert (shown["type"], [each["name"] for each in shown["message"]["reactions"]]) == (
        "message", ["eyes", "tada"],
    )  # fmt: skip
    assert shown["message"]["permalink"].endswith(second.replace(".", ""))
    seen = await cell.ok(BOB, "reactions.list", user=ANN)
    assert [item["message"]["ts"] for item in seen["items"]] == [second, first]
    assert seen["paging"]["total"] == 2
    assert [item["channel"] for item in (await cell.ok(BOT_USER, "reactions.list", user=ANN))["items"]] == [
        GENERAL
    ]
    await cell.ok(ANN, "chat.delete", channel=GENERAL, ts=first)
    assert (await cell.ok(BOB, "reactions.list"))["items"] == []
    for who, user in ((BOB, "U00000000000X"), (GUS, ANN), (GUS, "nobody")):
        assert await cell.error(who, "reactions.list", user=user) == "user_not_found"
    assert await cell.error(BOB, "reactions.list", cursor="x") == "invalid_cursor"


async def test_lists_of_reactions_page_by_cursor_and_by_number(cell: Cell) -> None:
    posted = [await cell.post(ANN, GENERAL, f"m{number}") for number in range(3)]
    for ts in posted:
        await cell.ok(BOB, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes")
    found, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        body = await cell.ok(BOB, "reactions.list", limit=1, **more)
        found += [item["message"]["ts"] for item in body["items"]]
        cursor = body["response_metadata"]["next_cursor"]
        if not cursor:
            break
        assert await cell.error(ANN, "reactions.list", user=BOB, cursor=cursor) == "invalid_cursor"
    assert found == posted[::-1]
    pages = [await cell.ok(BOB, "reactions.list", count=1, page=page) for page in (1, 2, 3, 4)]
    assert [[item["message"]["ts"] for item in body["items"]] for body in pages] == [
        [ts] for ts in posted[::-1]
    ] + [[]]
    assert [body["paging"]["pages"] for body in pages] == [3] * 4


async def test_everybody_who_reacted_is_named_when_that_is_asked_for(cell: Cell) -> None:
    ts = await cell.post(ANN, GENERAL, "x")
    newcomers = [
        Newcomer(f"U{number:012d}", "", "member", {"name": f"n{number}"}) for number in range(100, 160)
    ]
    await cell.commits.commit(TEAM, admit(newcomers), principal="")
    for newcomer in newcomers:
        await cell.ok(newcomer.user, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes")

    async def named(**arguments: bool) -> tuple[int, int]:
        body = await cell.ok(ANN, "reactions.get", channel=GENERAL, timestamp=ts, **arguments)
        (reaction,) = body["message"]["reactions"]
        return reaction["count"], len(reaction["users"])

    assert await named() == (60, 50)
    assert await named(full=True) == (60, 60)


async def test_reactions_have_their_bounds(cell: Cell) -> None:
    ts = await cell.post(ANN, GENERAL, "x")
    names = sorted(PLAIN)[:51]
    for number, name in enumerate(names[:50]):
        user = (ANN, BOB, CID)[number // 20]
        await cell.ok(user, "reactions.add", channel=GENERAL, timestamp=ts, name=name)

    async def refused(name: str) -> str:
        return await cell.error(ANN, "reactions.add", channel=GENERAL, timestamp=ts, name=name)

    assert await refused(names[50]) == "too_many_emoji"
    for name in names[20:23]:
        await cell.ok(ANN, "reactions.add", channel=GENERAL, timestamp=ts, name=name)
    assert await refused(names[23]) == "too_many_reactions"


async def test_what_was_said_before_joining_is_not_unread(cell: Cell) -> None:
    channel = (await cell.ok(BOB, "conversations.create", name="plans"))["channel"]["id"]
    await cell.post(BOB, channel, "before")
    await cell.ok(CID, "conversations.join", channel=channel)
    info = (await cell.ok(CID, "conversations.info", channel=channel))["channel"]
    assert info["unread_count"] == 0
    first = await cell.post(BOB, channel, "after")
    await cell.post(CID, channel, "own")
    await cell.ok(CID, "conversations.mark", channel=channel, ts=first)
    assert cell.recorder.heard[-1][1]["unread_count"] == 0
