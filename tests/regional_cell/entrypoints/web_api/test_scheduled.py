"""Messages for later: taken in, listed, taken back, and posted once when their time has come."""

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord.errors import OverloadedError, UnknownResidentError
from regional_cell.domain.commands.scheduled import message_of
from regional_cell.domain.commands.tokens import TokenRecord, issue, revoke
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from regional_cell.domain.objects.frames import frames
from regional_cell.services.rebuild import Rebuild
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

METHOD = "chat.scheduleMessage"


def now_s(cell: Cell) -> int:
    return cell.clock.now_us() // 1_000_000


async def schedule(cell: Cell, who: str, channel: str, text: str, in_s: int = 60, **more: Any) -> str:
    """Schedule, and give the id."""
    body = await cell.ok(who, METHOD, channel=channel, text=text, post_at=now_s(cell) + in_s, **more)
    name: str = body["scheduled_message_id"]
    return name


async def waiting(cell: Cell, who: str, **arguments: Any) -> list[str]:
    """Ids of what waits, as they are listed."""
    listed = (await cell.ok(who, "chat.scheduledMessages.list", **arguments))["scheduled_messages"]
    return [each["id"] for each in listed]


async def texts(cell: Cell, channel: str, who: str = ANN) -> list[str]:
    """What was said in a channel, without notices."""
    messages = (await cell.ok(who, "conversations.history", channel=channel))["messages"]
    return [message["text"] for message in messages if message.get("subtype") != "channel_join"]


async def fire(cell: Cell, after_s: float = 60) -> None:
    """Let time pass, and post what is due."""
    cell.clock.advance(after_s)
    await cell.services.scheduled.post_due()


async def test_a_message_is_posted_when_its_time_has_come_and_not_before(cell: Cell) -> None:
    at_s = now_s(cell) + 60
    blocks = [{"type": "divider", "block_id": "b"}]
    said = "good &lt;morning&gt;"
    body = await cell.ok(
        BOB, METHOD, channel="#general", text="good <morning>", post_at=str(at_s), blocks=blocks,
        metadata={"event_type": "t", "event_payload": {"a": 1}},
    )  # fmt: skip
    name = body["scheduled_message_id"]
    assert (body["channel"], body["post_at"], name[0]) == (GENERAL, at_s, "Q")
    assert body["message"] == {
        "type": "delayed_message", "user": BOB, "team": TEAM, "text": said, "blocks": blocks,
        "metadata": {"event_type": "t", "event_payload": {"a": 1}},
    }  # fmt: skip
    (row,) = (await cell.ok(BOB, "chat.scheduledMessages.list"))["scheduled_messages"]
    assert row == {
        "id": name, "channel_id": GENERAL, "post_at": at_s, "date_created": now_s(cell),
        "text": said,
    }  # fmt: skip
    assert cell.recorder.heard == []
    await fire(cell, 59)
    assert cell.recorder.heard == []
    await fire(cell, 1)
    ((topic, frame),) = cell.recorder.heard
    assert (topic, frame["user"], frame["text"], frame["blocks"]) == (
        GENERAL,
        BOB,
        "good &lt;morning&gt;",
        blocks,
    )
    assert uuid.UUID(frame["client_msg_id"]).version == 5
    assert await waiting(cell, BOB) == []
    await fire(cell, 1_000)
    assert len(cell.recorder.heard) == 1
    assert (await Rebuild(cell.store, cell.views, cell.sealer).compare(TEAM)).equal


async def test_a_bot_and_a_direct_message_and_a_reply_go_where_they_were_meant(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    await schedule(cell, BOT_USER, GENERAL, "built", thread_ts=root, reply_broadcast=True)
    body = await cell.ok(BOB, METHOD, channel=CID, text="psst", post_at=now_s(cell) + 60)
    assert body["channel"][0] == "D"
    await fire(cell)
    replies = (await cell.ok(ANN, "conversations.replies", channel=GENERAL, ts=root))["messages"]
    assert [(reply["text"], reply.get("subtype"), reply.get("bot_id")) for reply in replies[1:]] == [
        ("built", "thread_broadcast", "B000000000001")
    ]
    assert await texts(cell, body["channel"], CID) == ["psst"]


@pytest.mark.parametrize(
    ("who", "arguments", "code"),
    [
        (BOB, {"post_at": 0}, "time_in_past"),
        (BOB, {"post_at": -5}, "time_in_past"),
        (BOB, {"post_at": "tomorrow"}, "invalid_time"),
        (BOB, {"post_at": "1.5"}, "invalid_time"),
        (BOB, {"post_at": None}, "invalid_time"),
        (BOB, {"post_at": 999_999_999_999_999}, "time_too_far"),
        (BOB, {"text": " "}, "no_text"),
        (BOB, {"markdown_text": "x" * 12_001, "text": ""}, "msg_too_long"),
        (BOB, {"channel": SECRET}, "channel_not_found"),
        (BOB, {"channel": "#nowhere"}, "channel_not_found"),
        (GUS, {"channel": GENERAL}, "channel_not_found"),
        (BOT_USER, {"channel": RANDOM}, "not_in_channel"),
        (BOB, {"thread_ts": "1.000001"}, "thread_not_found"),
        (BOB, {"thread_ts": "soon"}, "invalid_timestamp"),
        (BOB, {"blocks": [{"type": "hologram"}]}, "invalid_blocks"),
    ],
)
async def test_what_cannot_be_scheduled_says_why(
    cell: Cell, who: str, arguments: dict[str, Any], code: str
) -> None:
    caller = replace(cell.caller(who), scopes=frozenset({"chat:write"}))
    usual = {"channel": GENERAL, "text": "x", "post_at": now_s(cell) + 60}
    assert await cell.error(caller, METHOD, **{**usual, **arguments}) == code
    assert (await cell.commits.state(TEAM)).rows["scheduled"] == {}


async def test_the_far_end_is_120_days_ahead(cell: Cell) -> None:
    usual = {"channel": GENERAL, "text": "x"}
    at_s = now_s(cell) + 120 * 86_400
    assert await cell.error(BOB, METHOD, post_at=at_s + 1, **usual) == "time_too_far"
    await cell.ok(BOB, METHOD, post_at=at_s, **usual)
    await cell.ok(BOB, "conversations.leave", channel=RANDOM)
    assert await cell.error(BOB, METHOD, channel=RANDOM, text="x", post_at=at_s) == "not_in_channel"


async def test_thirty_go_into_five_minutes_of_a_channel(cell: Cell) -> None:
    start_s = (now_s(cell) // 300 + 2) * 300
    usual = {"channel": GENERAL, "text": "x"}
    for number in range(30):
        who = (ANN, BOB, CID)[number % 3]
        await cell.ok(who, METHOD, post_at=start_s + number * 10, **usual)
    assert await cell.error(BOB, METHOD, post_at=start_s + 299, **usual) == "restricted_too_many"
    await cell.ok(BOB, METHOD, post_at=start_s + 300, **usual)
    await cell.ok(BOB, METHOD, post_at=start_s - 1, **usual)
    await cell.ok(BOB, METHOD, post_at=start_s, **{**usual, "channel": RANDOM})
    (name, *_) = await waiting(cell, ANN)
    await cell.ok(ANN, "chat.deleteScheduledMessage", channel=GENERAL, scheduled_message_id=name)
    await cell.ok(BOB, METHOD, post_at=start_s + 299, **usual)


async def test_one_user_has_so_many_waiting_and_no_more(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regional_cell.domain.commands.scheduled.OF_USER_MAX", 2)
    for _ in range(2):
        await schedule(cell, BOB, GENERAL, "x")
    body = await cell.call(BOB, METHOD, channel=GENERAL, text="x", post_at=now_s(cell) + 60)
    assert body["error"] == "restricted_too_many"
    await schedule(cell, ANN, GENERAL, "x")


async def test_a_message_is_taken_back_by_its_author_alone(cell: Cell) -> None:
    name = await schedule(cell, BOB, GENERAL, "x")
    method = "chat.deleteScheduledMessage"
    unknown = b'{"ok":false,"error":"invalid_scheduled_message_id"}'
    for who, channel, it in (
        (CID, GENERAL, name), (ANN, GENERAL, name), (BOB, RANDOM, name), (BOB, GENERAL, "Q00000000000X"),
        (BOB, GENERAL, ""), (BOB, GENERAL, "no id"),
    ):  # fmt: skip
        answer = await cell.answer(who, method, channel=channel, scheduled_message_id=it)
        assert answer.body == unknown
    for channel in (SECRET, "C00000000000X", ""):
        code = await cell.error(BOB, method, channel=channel, scheduled_message_id=name)
        assert code == "channel_not_found"
    await cell.ok(BOB, method, channel=GENERAL, scheduled_message_id=name)
    again = await cell.answer(BOB, method, channel=GENERAL, scheduled_message_id=name)
    assert again.body == unknown
    await fire(cell)
    assert cell.recorder.heard == []


async def test_a_list_is_the_callers_own_in_order_of_time(cell: Cell) -> None:
    later = await schedule(cell, BOB, GENERAL, "b", 200)
    sooner = await schedule(cell, BOB, RANDOM, "a", 100)
    theirs = await schedule(cell, CID, GENERAL, "c", 150)
    assert await waiting(cell, BOB) == [sooner, later]
    assert await waiting(cell, CID) == [theirs]
    assert await waiting(cell, BOB, channel=GENERAL) == [later]
    at_s = now_s(cell)
    assert await waiting(cell, BOB, oldest=at_s + 100, latest=at_s + 199) == [sooner]
    assert await waiting(cell, BOB, oldest=f"{at_s + 100}.000001") == [later]
    for channel in (SECRET, "C00000000000X"):
        code = await cell.error(BOB, "chat.scheduledMessages.list", channel=channel)
        assert code == "invalid_channel"
    found, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        body = await cell.ok(BOB, "chat.scheduledMessages.list", limit=1, **more)
        found += [each["id"] for each in body["scheduled_messages"]]
        cursor = body["response_metadata"]["next_cursor"]
        if not cursor:
            break
        for who, arguments in ((CID, {}), (BOB, {"channel": GENERAL})):
            code = await cell.error(who, "chat.scheduledMessages.list", cursor=cursor, **arguments)
            assert code == "invalid_cursor"
    assert found == [sooner, later]


async def test_what_may_not_be_said_at_its_time_is_given_up_with_a_reason(cell: Cell) -> None:
    channels = {}
    for name in ("archived", "left", "gone"):
        channels[name] = (await cell.ok(CID, "conversations.create", name=name))["channel"]["id"]
    root = await cell.post(CID, channels["gone"], "root")
    await schedule(cell, CID, channels["gone"], "x", thread_ts=root)
    for name in ("archived", "left"):
        await schedule(cell, CID, channels[name], "x")
    kept = await schedule(cell, CID, GENERAL, "kept")
    await cell.ok(CID, "conversations.archive", channel=channels["archived"])
    await cell.ok(CID, "conversations.leave", channel=channels["left"])
    await cell.ok(CID, "chat.delete", channel=channels["gone"], ts=root)
    await fire(cell)
    assert await texts(cell, GENERAL) == ["kept"]
    assert await waiting(cell, CID) == []
    ended = await reasons(cell)
    assert sorted(ended.values()) == ["is_archived", "not_in_channel", "posted", "thread_not_found"]
    assert ended[kept] == "posted"


async def test_whoever_scheduled_what_could_not_be_posted_is_told_why_and_nobody_else(cell: Cell) -> None:
    channel = (await cell.ok(CID, "conversations.create", name="closed"))["channel"]["id"]
    failed = await schedule(cell, CID, channel, "x")
    await schedule(cell, CID, GENERAL, "posted")
    taken_back = await schedule(cell, CID, GENERAL, "taken back")
    await cell.ok(CID, "chat.deleteScheduledMessage", channel=GENERAL, scheduled_message_id=taken_back)
    await cell.ok(CID, "conversations.archive", channel=channel)
    await fire(cell)
    state = await cell.commits.state(TEAM)
    events = [e for e in await cell.commits.read(TEAM, 0, 1_000) if e.kind == "ScheduleEnded"]
    told = [(e.topics[0][0], frames(e, state)) for e in events if e.topics]
    ((topic, (frame,)),) = told
    assert topic == CID
    assert frame is not None
    assert {name: frame[name] for name in ("type", "scheduled_message_id", "channel", "error")} == {
        "type": "x_schedule_failed", "scheduled_message_id": failed, "channel": channel,
        "error": "is_archived",
    }  # fmt: skip


async def reasons(cell: Cell) -> dict[str, str]:
    """Why each schedule ended, from the log."""
    events = await cell.commits.read(TEAM, 0, 1_000)
    return {e.payload["scheduled"]: e.payload["why"] for e in events if e.kind == "ScheduleEnded"}


async def test_who_is_gone_says_nothing_any_more(cell: Cell) -> None:
    for who in (CID, BOT_USER):
        await schedule(cell, who, GENERAL, "x")
    drafts = (
        Draft("UserDeactivated", {"user": CID}, (TEAM,)),
        Draft("UserDeactivated", {"user": BOT_USER}, ()),
    )
    await cell.commits.commit(TEAM, lambda state, _: Decided(drafts, structural=True), principal=ANN)
    await fire(cell)
    assert await texts(cell, GENERAL) == []
    assert set((await reasons(cell)).values()) == {"account_inactive"}


async def test_a_token_taken_back_posts_nothing_and_signing_out_takes_nothing_back(cell: Cell) -> None:
    for name, kind in (("app", "xoxp"), ("session", "xoxc")):
        record = TokenRecord(name, "00", kind, user=BOB, scopes=("chat:write",))
        await cell.commits.commit(TEAM, issue([record]), principal="")
        caller = replace(cell.caller(BOB), token_id=name, kind=kind)
        await cell.ok(caller, METHOD, channel=GENERAL, text=name, post_at=now_s(cell) + 60)
        await cell.commits.commit(TEAM, revoke(name, "over"), principal="")
    await fire(cell)
    assert await texts(cell, GENERAL) == ["session"]
    assert sorted((await reasons(cell)).values()) == ["posted", "token_revoked"]


async def test_several_who_post_at_once_post_it_once(cell: Cell) -> None:
    for number in range(5):
        await schedule(cell, BOB, GENERAL, f"m{number}", 60 + number)
    cell.clock.advance(100)
    await asyncio.gather(*(cell.services.scheduled.post_due() for _ in range(4)))
    assert await texts(cell, GENERAL) == [f"m{number}" for number in reversed(range(5))]
    assert set((await reasons(cell)).values()) == {"posted"}


async def test_a_failure_that_may_pass_is_tried_again(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    await schedule(cell, BOB, GENERAL, "x")
    cell.clock.advance(60)
    with monkeypatch.context() as patched:

        async def full(*_: object, **__: object) -> object:
            raise OverloadedError(queue="writer")

        patched.setattr(cell.commits, "commit", full)
        with pytest.raises(OverloadedError):
            await cell.services.scheduled.post_due()
    assert await texts(cell, GENERAL) == []
    await cell.services.scheduled.post_due()
    assert await texts(cell, GENERAL) == ["x"]


async def test_a_resident_that_fails_holds_up_no_other(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regional_cell.services.scheduled.AT_ONCE", 1)
    await schedule(cell, BOB, GENERAL, "x")
    await cell.services.scheduled.post_due()
    due = cell.views.due

    async def with_a_stuck_one(view: str, until_s: int, limit: int, skipped: Any = ()) -> Any:
        stuck = [("T00000000000X", ("Q00000000000X",))]
        return [it for it in stuck + await due(view, until_s, limit) if it[0] not in skipped][:limit]

    monkeypatch.setattr(cell.views, "due", with_a_stuck_one)
    cell.clock.advance(60)
    with pytest.raises(UnknownResidentError):
        await cell.services.scheduled.post_due()
    assert await texts(cell, GENERAL) == ["x"]


async def test_a_key_that_its_author_used_before_ends_it_without_a_second_message(cell: Cell) -> None:
    name = await schedule(cell, BOB, GENERAL, "x")
    state = await cell.commits.state(TEAM)
    event = await cell.commits.event(TEAM, state.rows["scheduled"][(name,)]["sequence"])
    assert event is not None
    key = message_of(TEAM, event.payload).client_msg_id
    await cell.post(BOB, GENERAL, "mine", client_msg_id=key)
    await fire(cell)
    assert await texts(cell, GENERAL) == ["mine"]
    assert await reasons(cell) == {name: "duplicate"}


async def test_what_waits_outlasts_the_process(tmp_path: Path) -> None:
    cell = await Cell(folder=tmp_path).start()
    name = await schedule(cell, BOB, GENERAL, "x")
    await cell.commits.stop()
    again = Cell(folder=tmp_path, seed=2)
    await again.commits.start()
    try:
        again.clock.advance(60)
        assert await waiting(again, BOB) == [name]
        await again.services.scheduled.post_due()
        assert await texts(again, GENERAL) == ["x"]
        assert (await Rebuild(again.store, again.views, again.sealer).compare(TEAM)).equal
    finally:
        await again.stop()
        await cell.stop()
