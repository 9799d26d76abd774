"""Ephemeral messages and presence, as methods answer them."""

from dataclasses import replace
from typing import Any

import pytest

from regional_cell.ports.sockets import LiveSocket
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

METHOD = "chat.postEphemeral"


async def test_one_user_sees_it_and_nothing_keeps_it(cell: Cell) -> None:
    head = (await cell.commits.state(TEAM)).head
    body = await cell.ok(
        BOT_USER, METHOD, channel="#general", user=BOB, text="only <you>", icon_emoji=":eyes:"
    )
    ((user, frame),) = cell.told.told
    assert set(body) == {"ok", "message_ts"}
    assert (user, frame["ts"], frame["event_ts"]) == (BOB, body["message_ts"], body["message_ts"])
    assert frame["text"] == "only &lt;you&gt;"
    assert {name: frame[name] for name in ("type", "subtype", "channel", "channel_type", "bot_id")} == {
        "type": "message", "subtype": "bot_message", "channel": GENERAL, "channel_type": "channel",
        "bot_id": "B000000000001",
    }  # fmt: skip
    assert (frame["is_ephemeral"], frame["user"], "x_seq" in frame) == (True, BOT_USER, False)
    assert (cell.recorder.heard, (await cell.commits.state(TEAM)).head) == ([], head)
    for method in ("chat.update", "chat.delete", "chat.getPermalink", "reactions.add"):
        where = {"ts": body["message_ts"], "message_ts": body["message_ts"], "timestamp": body["message_ts"]}
        code = await cell.error(BOT_USER, method, channel=GENERAL, text="x", name="eyes", **where)
        assert code == "message_not_found"


async def test_it_may_stand_in_a_thread(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    await cell.ok(BOB, METHOD, channel=GENERAL, user=CID, text="x", thread_ts=root)
    ((_, frame),) = cell.told.told
    assert frame["thread_ts"] == root
    (shown, *_) = (await cell.ok(ANN, "conversations.history", channel=GENERAL))["messages"]
    assert "reply_count" not in shown


@pytest.mark.parametrize(
    ("who", "arguments", "code"),
    [
        (BOB, {"channel": SECRET}, "channel_not_found"),
        (BOB, {"channel": "C00000000000X"}, "channel_not_found"),
        (BOT_USER, {"channel": RANDOM}, "not_in_channel"),
        (BOB, {"user": GUS}, "user_not_in_channel"),
        (BOB, {"user": "U00000000000X"}, "user_not_in_channel"),
        (BOB, {"user": ""}, "user_not_in_channel"),
        (ANN, {"channel": SECRET, "user": BOB}, "user_not_in_channel"),
        (BOB, {"text": ""}, "no_text"),
        (BOB, {"blocks": [{"type": "hologram"}]}, "invalid_blocks"),
        (BOB, {"text": "", "markdown_text": "x" * 12_001}, "msg_too_long"),
        (BOB, {"thread_ts": "1.000001"}, "thread_not_found"),
        (BOB, {"thread_ts": "soon"}, "invalid_timestamp"),
    ],
)
async def test_what_cannot_be_shown_says_why(
    cell: Cell, who: str, arguments: dict[str, Any], code: str
) -> None:
    caller = replace(cell.caller(who), scopes=frozenset({"chat:write"}))
    assert (
        await cell.error(caller, METHOD, **{"channel": GENERAL, "user": CID, "text": "x", **arguments})
        == code
    )
    assert cell.told.told == []


async def test_in_an_archived_channel_nothing_is_shown(cell: Cell) -> None:
    channel = (await cell.ok(BOB, "conversations.create", name="old"))["channel"]["id"]
    await cell.ok(BOB, "conversations.archive", channel=channel)
    assert await cell.error(BOB, METHOD, channel=channel, user=BOB, text="x") == "is_archived"


async def test_presence_says_more_to_oneself(cell: Cell) -> None:
    assert await cell.ok(ANN, "users.getPresence", user=BOB) == {"ok": True, "presence": "away"}
    own = await cell.ok(BOB, "users.getPresence")
    assert own == {
        "ok": True, "presence": "away", "online": False, "auto_away": False, "manual_away": False,
        "connection_count": 0, "last_activity": 0,
    }  # fmt: skip
    link: Any = None
    cell.services.presence.opened(LiveSocket(link, 1, TEAM, BOB, "", set()))
    now_s = cell.clock.now_us() // 1_000_000
    own = await cell.ok(BOB, "users.getPresence", user=BOB)
    assert (own["presence"], own["online"], own["connection_count"], own["last_activity"]) == (
        "active", True, 1, now_s,
    )  # fmt: skip
    await cell.ok(BOB, "users.setPresence", presence="away")
    own = await cell.ok(BOB, "users.getPresence")
    assert (own["presence"], own["manual_away"], own["auto_away"]) == ("away", True, False)
    assert cell.told.told == [(BOB, {"type": "manual_presence_change", "presence": "away"})]
    cell.clock.advance(600)
    await cell.ok(BOB, "users.setPresence", presence="auto")
    own = await cell.ok(BOB, "users.getPresence")
    assert (own["presence"], own["manual_away"], own["auto_away"]) == ("away", False, True)
    assert (await cell.ok(ANN, "users.getPresence", user=BOT_USER))["presence"] == "active"


async def test_presence_of_the_unknown_and_the_unseen_is_one_refusal(cell: Cell) -> None:
    unknown = b'{"ok":false,"error":"user_not_found"}'
    for who, user in ((BOB, "U00000000000X"), (BOB, "nobody"), (GUS, BOB), (GUS, "U00000000000X")):
        assert (await cell.answer(who, "users.getPresence", user=user)).body == unknown
    for presence in ("active", "", "AWAY", None):
        assert await cell.error(BOB, "users.setPresence", presence=presence) == "invalid_presence"
    poor = replace(cell.caller(BOB), scopes=frozenset({"users:read"}))
    assert await cell.error(poor, "users.setPresence", presence="away") == "missing_scope"
