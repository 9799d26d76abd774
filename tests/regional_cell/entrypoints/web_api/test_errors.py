"""Every error code that a method documents is produced, except those of features that do not exist."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    TEAM,
    Cell,
)

LONG = "x" * 40_001
LARGE = {"event_type": "e", "event_payload": {"a": "x" * 17_000}}
TABLES = [{"type": "table", "rows": ["x" * 60_000]}, {"type": "table", "rows": ["x" * 60_000]}]
Case = tuple[str, dict[str, Any], str]

POST: list[Case] = [
    (BOB, {"channel": "C00000000000X", "text": "x"}, "channel_not_found"),
    (BOB, {"channel": "", "text": "x"}, "channel_not_found"),
    (BOB, {"text": "x"}, "channel_not_found"),
    (BOT_USER, {"channel": RANDOM, "text": "x"}, "not_in_channel"),
    (BOB, {"channel": GENERAL}, "no_text"),
    (BOB, {"channel": GENERAL, "text": "  \n"}, "no_text"),
    (BOB, {"channel": GENERAL, "blocks": []}, "no_text"),
    (BOB, {"channel": GENERAL, "markdown_text": "x" * 12_001}, "msg_too_long"),
    (BOB, {"channel": GENERAL, "markdown_text": "x", "text": "y"}, "markdown_text_conflict"),
    (BOB, {"channel": GENERAL, "blocks": "no json"}, "invalid_blocks_format"),
    (BOB, {"channel": GENERAL, "blocks": {"type": "divider"}}, "invalid_blocks_format"),
    (BOB, {"channel": GENERAL, "blocks": [{"type": "hologram"}]}, "invalid_blocks"),
    (BOB, {"channel": GENERAL, "blocks": TABLES}, "msg_blocks_too_long"),
    (BOB, {"channel": GENERAL, "attachments": "x"}, "invalid_attachments"),
    (BOB, {"channel": GENERAL, "attachments": [1]}, "invalid_attachments"),
    (BOB, {"channel": GENERAL, "attachments": [{"text": 1}]}, "invalid_attachments"),
    (BOB, {"channel": GENERAL, "attachments": [{"callback_id": "x", "blocks": [{"type": "divider"}]}]},
     "invalid_attachments"),
    (BOB, {"channel": GENERAL, "attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
    (BOB, {"channel": GENERAL, "text": "x", "metadata": LARGE},
     "metadata_too_large"),
    (BOB, {"channel": GENERAL, "text": "x", "metadata": {"event_type": 1}}, "invalid_arguments"),
    (BOB, {"channel": GENERAL, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    (BOB, {"channel": GENERAL, "text": "x", "thread_ts": "soon"}, "invalid_timestamp"),
    (BOB, {"channel": GENERAL, "text": "x", "client_msg_id": "no blanks"}, "invalid_arguments"),
]  # fmt: skip
OTHERS: list[tuple[str, str, dict[str, Any], str]] = [
    ("chat.update", BOB, {"channel": GENERAL, "ts": "1.0", "text": "x"}, "message_not_found"),
    ("chat.update", BOB, {"channel": "C00000000000X", "ts": "1.0", "text": "x"}, "channel_not_found"),
    ("chat.update", BOB, {"channel": GENERAL, "ts": "1.0"}, "no_text"),
    ("chat.update", BOB, {"channel": GENERAL, "ts": "1.0", "text": LONG}, "msg_too_long"),
    ("chat.update", BOB, {"channel": GENERAL, "ts": "1.0", "blocks": [{"type": "x"}]}, "invalid_blocks"),
    ("chat.update", BOB, {"channel": GENERAL, "ts": "1.0", "attachments": [1]}, "invalid_attachments"),
    ("chat.delete", BOB, {"channel": GENERAL, "ts": "1.0"}, "message_not_found"),
    ("chat.delete", BOB, {"channel": "C00000000000X", "ts": "1.0"}, "channel_not_found"),
    ("chat.getPermalink", BOB, {"channel": GENERAL, "message_ts": "1.0"}, "message_not_found"),
    ("chat.getPermalink", BOB, {"channel": GENERAL, "message_ts": "x"}, "message_not_found"),
    ("conversations.list", BOB, {"types": "channel"}, "invalid_types"),
    ("conversations.history", BOB, {"channel": GENERAL, "latest": "x"}, "invalid_ts_latest"),
    ("conversations.history", BOB, {"channel": GENERAL, "oldest": "x"}, "invalid_ts_oldest"),
    ("conversations.replies", BOB, {"channel": GENERAL, "ts": "1.0"}, "thread_not_found"),
    ("conversations.replies", BOB, {"channel": GENERAL, "ts": "1.0", "latest": "x"}, "invalid_ts_latest"),
    ("conversations.replies", BOB, {"channel": GENERAL, "ts": "1.0", "oldest": "x"}, "invalid_ts_oldest"),
    ("conversations.replies", BOB, {"channel": GENERAL, "ts": "1.0", "cursor": "x"}, "invalid_cursor"),
    ("reactions.get", BOB, {}, "no_item_specified"),
    ("reactions.get", BOB, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("reactions.get", BOB, {"channel": GENERAL, "timestamp": "1.0"}, "message_not_found"),
    ("reactions.get", BOB, {"file": "F00000000000X"}, "file_not_found"),
    ("reactions.remove", BOB, {"name": "eyes"}, "no_item_specified"),
    ("reactions.remove", BOB, {"name": "eyes", "channel": GENERAL, "timestamp": "1.0"}, "message_not_found"),
    ("users.lookupByEmail", BOB, {"email": ""}, "invalid_arguments"),
    ("users.profile.get", BOB, {"user": "U00000000000X"}, "user_not_found"),
    ("rtm.connect", BOB, {"presence_sub": "perhaps"}, "invalid_arguments"),
    ("ext.sessions.revoke", BOB, {}, "invalid_arguments"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "arguments", "code"), POST)
async def test_a_post_that_cannot_be_says_why(
    cell: Cell, who: str, arguments: dict[str, Any], code: str
) -> None:
    caller = replace(cell.caller(who), scopes=frozenset({"chat:write"}))
    assert await cell.error(caller, "chat.postMessage", **arguments) == code
    assert [kind for _, kind in cell.recorder.types()] == []


@pytest.mark.parametrize(("method", "who", "arguments", "code"), OTHERS)
async def test_a_refusal_has_the_documented_code(
    cell: Cell, method: str, who: str, arguments: dict[str, Any], code: str
) -> None:
    assert await cell.error(who, method, **arguments) == code


async def archive(cell: Cell, channel: str) -> None:
    payload = {"channel": channel, "field": "archived", "value": True, "by": ANN}
    draft = Draft("ChannelChanged", payload, (TEAM,))
    await cell.commits.commit(TEAM, lambda state, _: Decided((draft,), structural=True), principal=ANN)


async def test_an_archived_channel_takes_nothing_new(cell: Cell) -> None:
    channel = (await cell.ok(ANN, "conversations.create", name="old"))["channel"]["id"]
    ts = await cell.post(ANN, channel, "x")
    await archive(cell, channel)
    calls: list[tuple[Callable[..., Awaitable[str]], str, dict[str, Any], str]] = [
        (cell.error, "chat.postMessage", {"text": "x"}, "is_archived"),
        (cell.error, "chat.update", {"ts": ts, "text": "x"}, "is_inactive"),
        (cell.error, "reactions.add", {"timestamp": ts, "name": "eyes"}, "is_archived"),
        (cell.error, "conversations.invite", {"users": BOB}, "is_archived"),
        (cell.error, "conversations.leave", {}, "is_archived"),
    ]
    for call, method, arguments, code in calls:
        assert await call(ANN, method, channel=channel, **arguments) == code
    assert await cell.error(BOB, "conversations.join", channel=channel) == "is_archived"
    listed = (await cell.ok(BOB, "conversations.list", exclude_archived=True))["channels"]
    assert channel not in [each["id"] for each in listed]


async def test_a_deactivated_user_can_no_longer_be_reached(cell: Cell) -> None:
    draft = Draft("UserDeactivated", {"user": CID}, (TEAM,))
    await cell.commits.commit(TEAM, lambda state, _: Decided((draft,), structural=True), principal=ANN)
    assert await cell.error(BOB, "conversations.open", users=CID) == "user_disabled"
    assert await cell.error(ANN, "conversations.invite", channel=RANDOM, users=CID) == "user_not_found"
    assert (await cell.ok(BOB, "users.info", user=CID))["user"]["deleted"] is True
    assert await cell.error(CID, "chat.postMessage", channel=GENERAL, text="x") == "account_inactive"


async def test_a_guest_of_one_channel_gets_no_second_one(cell: Cell) -> None:
    draft = Draft("UserRoleSet", {"user": GUS, "role": "single_channel_guest"}, (TEAM,))
    await cell.commits.commit(TEAM, lambda state, _: Decided((draft,), structural=True), principal=ANN)
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    assert await cell.error(ANN, "conversations.invite", channel=GENERAL, users=GUS) == "ura_max_channels"
    assert (
        await cell.error(GUS, "conversations.invite", channel=RANDOM, users=BOT_USER) == "user_is_restricted"
    )


async def test_system_messages_take_no_replies_and_no_edits(cell: Cell) -> None:
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    (notice,) = (await cell.ok(ANN, "conversations.history", channel=RANDOM, limit=1))["messages"]
    assert await cell.error(BOB, "chat.postMessage", channel=RANDOM, text="x", thread_ts=notice["ts"]) == (
        "cannot_reply_to_message"
    )
    assert (
        await cell.error(GUS, "chat.update", channel=RANDOM, ts=notice["ts"], text="x")
        == "cant_update_message"
    )


async def test_the_edit_window_closes(cell: Cell) -> None:
    ts = await cell.post(BOB, GENERAL, "x")
    draft = Draft("WorkspaceChanged", {"field": "msg_edit_window_mins", "value": 5})
    await cell.commits.commit(TEAM, lambda state, _: Decided((draft,), structural=True), principal=ANN)
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=ts, text="y")
    cell.clock.advance(301)
    assert await cell.error(BOB, "chat.update", channel=GENERAL, ts=ts, text="z") == "edit_window_closed"


async def test_an_edit_that_leaves_nothing_is_refused(cell: Cell) -> None:
    ts = await cell.post(BOB, GENERAL, "x", thread_ts="", blocks=[{"type": "divider"}])
    assert await cell.error(BOB, "chat.update", channel=GENERAL, ts=ts, blocks=[]) == "no_text"
    assert await cell.error(BOB, "chat.update", channel=GENERAL, ts=ts, text="") == "no_text"
    kept = await cell.ok(BOB, "chat.update", channel=GENERAL, ts=ts, text="x", blocks=[])
    assert "blocks" not in kept["message"]
    poor = replace(cell.caller(BOB), scopes=frozenset({"users:read"}))
    assert await cell.error(poor, "chat.update", channel=GENERAL, ts=ts, text="y") == "missing_scope"


async def test_a_rich_text_stays_one(cell: Cell) -> None:
    rich = [{"type": "rich_text", "elements": []}]
    ts = await cell.post(BOB, GENERAL, "x", blocks=rich)
    plain = [{"type": "divider"}]
    assert await cell.error(BOB, "chat.update", channel=GENERAL, ts=ts, blocks=plain) == "block_mismatch"
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=ts, blocks=rich)


async def test_a_text_that_is_too_long_is_cut_with_a_warning(cell: Cell) -> None:
    body = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text=LONG)
    assert (body["warning"], body["response_metadata"]["warnings"]) == (
        "message_truncated",
        ["message_truncated"],
    )
    assert len(body["message"]["text"]) == 40_000
    assert "warning" not in await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="x")


async def test_an_organisation_token_has_to_name_a_workspace(cell: Cell) -> None:
    caller = replace(cell.caller(BOB), resident="E000000000001")
    assert await cell.error(caller, "users.list") == "missing_argument"
    assert await cell.error(caller, "users.list", team_id=TEAM) == "no_permission"
