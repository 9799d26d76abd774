"""Renaming, topics and purposes, the archive, removing somebody, and closing direct messages."""

from dataclasses import replace
from typing import Any

import pytest

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

WRONG_KIND = "method_not_supported_for_channel_type"
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("conversations.rename", {"name": "other"}),
    ("conversations.setTopic", {"topic": "x"}),
    ("conversations.setPurpose", {"purpose": "x"}),
    ("conversations.archive", {}),
    ("conversations.kick", {"user": ANN}),
]


async def make(cell: Cell, name: str = "plans", *users: str, who: str = BOB, private: bool = False) -> str:
    """A channel of `who` with `users` in it; what was told of that is forgotten."""
    made = await cell.ok(who, "conversations.create", name=name, is_private=private)
    channel: str = made["channel"]["id"]
    if users:
        await cell.ok(who, "conversations.invite", channel=channel, users=users)
    cell.recorder.heard.clear()
    return channel


async def test_a_channel_gets_another_name_and_keeps_its_earlier_ones(cell: Cell) -> None:
    channel = await make(cell)
    shown = (await cell.ok(BOB, "conversations.rename", channel=channel, name="plans-b"))["channel"]
    assert (shown["name"], shown["name_normalized"], shown["previous_names"]) == (
        "plans-b",
        "plans-b",
        ["plans"],
    )
    assert cell.recorder.types() == [(TEAM, "channel_rename"), (channel, "channel_name")]
    told, notice = (body for _, body in cell.recorder.heard)
    assert (told["channel"]["id"], told["channel"]["name"]) == (channel, "plans-b")
    assert (notice["old_name"], notice["name"], notice["user"]) == ("plans", "plans-b", BOB)
    cell.recorder.heard.clear()
    await cell.ok(BOB, "conversations.rename", channel=channel, name="plans-b")
    assert cell.recorder.heard == []
    await cell.ok(ANN, "conversations.join", channel=channel)
    back = (await cell.ok(ANN, "conversations.rename", channel=channel, name="plans"))["channel"]
    assert back["previous_names"] == ["plans-b"]
    third = (await cell.ok(ANN, "conversations.rename", channel=channel, name="plans-c"))["channel"]
    assert third["previous_names"] == ["plans", "plans-b"]
    await cell.ok(ANN, "conversations.rename", channel=channel, name="plans")
    (kept, *_) = (await cell.ok(BOB, "conversations.history", channel=channel))["messages"]
    assert (kept["subtype"], kept["old_name"], kept["name"]) == ("channel_name", "plans-c", "plans")
    assert (await cell.ok(CID, "conversations.create", name="plans-b"))["ok"]


async def test_a_name_of_another_channel_or_form_is_refused(cell: Cell) -> None:
    channel = await make(cell)
    for name, code in (
        ("random", "name_taken"), ("secret", "name_taken"), ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"), ("--", "invalid_name_punctuation"),
        ("Upper", "invalid_name_specials"),
    ):  # fmt: skip
        assert await cell.error(BOB, "conversations.rename", channel=channel, name=name) == code
    assert await cell.error(BOB, "conversations.rename", channel=RANDOM, name="mine") == "not_authorized"
    assert await cell.error(CID, "conversations.rename", channel=channel, name="mine") == "not_in_channel"
    await cell.ok(BOB, "conversations.archive", channel=channel)
    assert await cell.error(BOB, "conversations.rename", channel=channel, name="mine") == "is_archived"


@pytest.mark.parametrize("field", ["topic", "purpose"])
async def test_what_is_said_about_a_channel_is_kept_and_told_in_it(cell: Cell, field: str) -> None:
    channel, method = await make(cell), f"conversations.set{field.title()}"
    body = await cell.ok(BOB, method, channel=channel, **{field: "cats & dogs"})
    assert body[field] == "cats &amp; dogs"
    about = body["channel"][field]
    assert (about["value"], about["creator"], about["last_set"] > 0) == ("cats &amp; dogs", BOB, True)
    assert cell.recorder.types() == [(channel, f"channel_{field}")]
    assert cell.recorder.heard[0][1][field] == "cats &amp; dogs"
    assert cell.recorder.heard[0][1]["channel"] == channel
    cell.recorder.heard.clear()
    await cell.ok(BOB, method, channel=channel, **{field: "cats &amp; dogs"})
    assert cell.recorder.heard == []
    cleared = await cell.ok(BOB, method, channel=channel, **{field: ""})
    assert cleared["channel"][field] == {"value": "", "creator": "", "last_set": 0}
    assert cell.recorder.heard[0][1]["text"] == f"<@{BOB}> cleared the channel {field}"
    assert (await cell.ok(BOB, method, channel=channel, **{field: "x" * 250}))["ok"]
    assert await cell.error(BOB, method, channel=channel, **{field: "x" * 251}) == "too_long"
    assert await cell.error(BOB, method, channel=channel) == "invalid_arguments"
    unread = (await cell.ok(BOB, "conversations.info", channel=channel))["channel"]
    assert "num_members" not in body["channel"]
    assert unread["unread_count_display"] == 0


async def test_a_group_of_people_has_a_topic_and_two_have_none(cell: Cell) -> None:
    group = (await cell.ok(BOB, "conversations.open", users=[CID, ANN]))["channel"]["id"]
    cell.recorder.heard.clear()
    await cell.ok(BOB, "conversations.setTopic", channel=group, topic="lunch")
    assert cell.recorder.types() == [(group, "group_topic")]
    direct = (await cell.ok(BOB, "conversations.open", users=CID))["channel"]["id"]
    for channel in (direct, group):
        for method, arguments in (*CHANGES[:1], *CHANGES[3:], ("conversations.unarchive", {})):
            assert await cell.error(BOB, method, channel=channel, **arguments) == WRONG_KIND
    assert await cell.error(BOB, "conversations.setTopic", channel=direct, topic="x") == WRONG_KIND


async def test_an_archived_channel_rests_and_comes_back_with_its_members(cell: Cell) -> None:
    channel = await make(cell, "plans", CID)
    ts = await cell.post(BOB, channel, "kept")
    cell.recorder.heard.clear()
    await cell.ok(BOB, "conversations.archive", channel=channel)
    assert cell.recorder.types() == [(channel, "channel_archive"), (TEAM, "channel_archive")]
    assert cell.recorder.heard[1][1]["user"] == BOB
    for who in (BOB, CID):
        assert (await cell.ok(who, "conversations.info", channel=channel))["channel"]["is_archived"] is True
        assert ts in [
            m["ts"] for m in (await cell.ok(who, "conversations.history", channel=channel))["messages"]
        ]
        assert await cell.error(who, "chat.postMessage", channel=channel, text="x") == "is_archived"
    for method, arguments in CHANGES[:3]:
        assert await cell.error(BOB, method, channel=channel, **arguments) == "is_archived"
    assert await cell.error(BOB, "conversations.kick", channel=channel, user=CID) == "is_archived"
    assert await cell.error(BOB, "conversations.archive", channel=channel) == "already_archived"
    cell.recorder.heard.clear()
    await cell.ok(ANN, "conversations.unarchive", channel=channel)
    assert cell.recorder.types() == [(TEAM, "channel_unarchive"), (channel, "channel_unarchive")]
    assert await cell.error(ANN, "conversations.unarchive", channel=channel) == "not_archived"
    members = (await cell.ok(BOB, "conversations.members", channel=channel))["members"]
    assert set(members) == {BOB, CID}
    await cell.post(CID, channel, "again")


async def test_the_general_channel_stays(cell: Cell) -> None:
    assert await cell.error(ANN, "conversations.archive", channel=GENERAL) == "cant_archive_general"
    assert await cell.error(ANN, "conversations.kick", channel=GENERAL, user=BOB) == "cant_kick_from_general"


async def test_somebody_is_removed_and_told_so(cell: Cell) -> None:
    channel = await make(cell, "plans", CID)
    assert await cell.ok(BOB, "conversations.kick", channel=channel, user=CID) == {"ok": True, "errors": {}}
    assert cell.recorder.types() == [
        (channel, "member_left_channel"), (CID, "channel_left"), (channel, "channel_leave"),
    ]  # fmt: skip
    assert cell.recorder.heard[1][1]["actor_id"] == BOB
    assert (await cell.ok(BOB, "conversations.members", channel=channel))["members"] == [BOB]
    assert await cell.error(BOB, "conversations.kick", channel=channel, user=CID) == "not_in_channel"
    assert await cell.error(BOB, "conversations.kick", channel=channel, user=BOB) == "cant_kick_self"
    for nobody in ("U00000000000X", "USLACKBOT", ""):
        assert await cell.error(BOB, "conversations.kick", channel=channel, user=nobody) == "user_not_found"
    assert await cell.error(CID, "conversations.kick", channel=RANDOM, user=BOB) == "restricted_action"
    assert await cell.error(CID, "conversations.kick", channel=channel, user=BOB) == "not_in_channel"
    private = await make(cell, "closed", CID, private=True)
    await cell.ok(CID, "conversations.kick", channel=private, user=BOB)
    assert await cell.error(BOB, "conversations.history", channel=private) == "channel_not_found"


async def test_guests_change_nothing(cell: Cell) -> None:
    channel = await make(cell, "plans", GUS, CID)
    codes = {
        method: await cell.error(GUS, method, channel=channel, **{**arguments, **more})
        for (method, arguments), more in zip(CHANGES, ({}, {}, {}, {}, {"user": CID}), strict=True)
    }
    assert codes == {
        "conversations.rename": "not_authorized",
        "conversations.setTopic": "user_is_restricted",
        "conversations.setPurpose": "user_is_restricted",
        "conversations.archive": "restricted_action",
        "conversations.kick": "restricted_action",
    }
    cell.recorder.heard.clear()
    await cell.ok(BOB, "conversations.rename", channel=channel, name="plans-b")
    assert cell.recorder.types()[:2] == [(TEAM, "channel_rename"), (GUS, "channel_rename")]
    await cell.ok(BOB, "conversations.archive", channel=channel)
    assert await cell.error(GUS, "conversations.unarchive", channel=channel) == "user_is_restricted"


async def test_what_others_keep_private_is_unknown_byte_for_byte(cell: Cell) -> None:
    foreign = await make(cell, "closed", private=True)
    calls = [*CHANGES, ("conversations.unarchive", {}), ("conversations.close", {})]
    for method, arguments in calls:
        bodies = {
            (await cell.answer(CID, method, channel=channel, **arguments)).body
            for channel in (foreign, SECRET, "C00000000000X", "no id", "")
        }
        assert bodies == {b'{"ok":false,"error":"channel_not_found"}'}, method
    assert cell.recorder.heard == []


async def test_a_token_changes_the_kinds_of_conversations_that_it_may(cell: Cell) -> None:
    public = await make(cell, "plans", ANN)
    private = await make(cell, "closed", ANN, private=True)
    few = replace(cell.caller(BOB), scopes=frozenset({"groups:write"}))
    for method, arguments in (*CHANGES, ("conversations.leave", {}), ("conversations.unarchive", {})):
        body = await cell.call(few, method, channel=public, **arguments)
        assert (body["error"], "channels:manage" in body["needed"]) == ("missing_scope", True), method
    topics = replace(few, scopes=frozenset({"channels:write.topic"}))
    await cell.ok(topics, "conversations.setTopic", channel=public, topic="x")
    assert await cell.error(topics, "conversations.setTopic", channel=private, topic="x") == "missing_scope"
    assert await cell.error(few, "conversations.create", name="open") == "missing_scope"
    assert await cell.error(few, "conversations.open", users=CID) == "missing_scope"
    direct = (await cell.ok(BOB, "conversations.open", users=CID))["channel"]["id"]
    for method, arguments in (
        ("conversations.open", {}), ("conversations.close", {}), ("conversations.mark", {"ts": "1.0"}),
    ):  # fmt: skip
        assert await cell.error(few, method, channel=direct, **arguments) == "missing_scope"
        allowed = replace(few, scopes=frozenset({"im:write"}))
        await cell.ok(allowed, method, channel=direct, **arguments)
    await cell.ok(few, "conversations.rename", channel=private, name="closed-b")


async def test_a_bot_changes_the_channels_it_made(cell: Cell) -> None:
    channel = await make(cell, "builds", BOB, who=BOT_USER)
    await cell.ok(BOT_USER, "conversations.rename", channel=channel, name="builds-b")
    await cell.ok(BOT_USER, "conversations.setTopic", channel=channel, topic="green")
    await cell.ok(BOT_USER, "conversations.kick", channel=channel, user=BOB)
    await cell.ok(BOT_USER, "conversations.archive", channel=channel)
    assert await cell.error(BOT_USER, "conversations.archive", channel=RANDOM) == "not_in_channel"


async def test_a_closed_direct_message_opens_when_somebody_writes(cell: Cell) -> None:
    direct = (await cell.ok(BOB, "conversations.open", users=CID))["channel"]["id"]
    cell.recorder.heard.clear()
    assert await cell.ok(BOB, "conversations.close", channel=direct) == {"ok": True}
    assert cell.recorder.types() == [(BOB, "im_close")]
    again = await cell.ok(BOB, "conversations.close", channel=direct)
    assert (again["no_op"], again["already_closed"]) == (True, True)
    assert (await cell.ok(BOB, "conversations.info", channel=direct))["channel"]["is_open"] is False
    cell.recorder.heard.clear()
    await cell.post(CID, direct, "hello?")
    assert cell.recorder.types() == [(direct, "message"), (BOB, "im_open")]
    assert (await cell.ok(BOB, "conversations.info", channel=direct))["channel"]["is_open"] is True
    await cell.post(CID, direct, "still there?")
    assert cell.recorder.types()[2:] == [(direct, "message")]
    group = (await cell.ok(BOB, "conversations.open", users=[CID, ANN]))["channel"]["id"]
    await cell.ok(BOB, "conversations.close", channel=group)
    assert cell.recorder.types()[-1] == (BOB, "mpim_close")
    assert await cell.error(BOB, "conversations.close", channel=RANDOM) == WRONG_KIND


async def test_a_users_conversations_are_those_that_the_caller_may_know_of(cell: Cell) -> None:
    shared = await make(cell, "closed", CID, private=True)
    everything = {"types": "public_channel,private_channel,mpim,im"}
    own = (await cell.ok(BOB, "users.conversations", **everything))["channels"]
    assert {channel["name"] for channel in own} == {"general", "random", "closed"}
    assert not any({"is_member", "num_members"} & set(channel) for channel in own)
    theirs = (await cell.ok(CID, "users.conversations", user=ANN, **everything))["channels"]
    assert {channel["name"] for channel in theirs} == {"general", "random"}
    theirs = (await cell.ok(CID, "users.conversations", user=BOB, **everything))["channels"]
    assert shared in [channel["id"] for channel in theirs]
    assert (await cell.ok(BOB, "users.conversations"))["channels"] == own[:2]
    assert (await cell.ok(GUS, "users.conversations", **everything))["channels"] == []
    assert await cell.error(GUS, "users.conversations", user=BOB) == "user_not_found"
    assert await cell.error(BOB, "users.conversations", user="U00000000000X") == "user_not_found"
    assert await cell.error(BOB, "users.conversations", types="channels") == "invalid_types"
    assert await cell.error(BOB, "users.conversations", limit=1000) == "invalid_limit"
    await cell.ok(BOB, "conversations.archive", channel=shared)
    left = (await cell.ok(BOB, "users.conversations", exclude_archived=True, **everything))["channels"]
    assert shared not in [channel["id"] for channel in left]


async def test_a_users_conversations_page_one_by_one(cell: Cell) -> None:
    for number in range(3):
        await make(cell, f"c{number}")
    whole = (await cell.ok(BOB, "users.conversations"))["channels"]
    found: list[str] = []
    cursor = ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        body = await cell.ok(BOB, "users.conversations", limit=1, **more)
        found += [channel["id"] for channel in body["channels"]]
        cursor = body["response_metadata"]["next_cursor"]
        if not cursor:
            break
        assert await cell.error(BOB, "users.conversations", cursor=cursor, user=ANN) == "invalid_cursor"
        assert await cell.error(BOB, "conversations.list", cursor=cursor) == "invalid_cursor"
    assert found == [channel["id"] for channel in whole]
