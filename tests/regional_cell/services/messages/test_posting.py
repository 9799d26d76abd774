"""Posting from sockets, and changes that meet each other, over both kinds of store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from accord.errors import ColinkError, ConflictError
from regional_cell.domain.commands import messages as commands
from regional_cell.ports.sockets import EdgeLink, SocketOrigin
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, CID, GENERAL, Cell

ORIGIN = SocketOrigin(cast(EdgeLink, object()), 7, "1")


@pytest.fixture(params=["memory", "sql"])
async def cell(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cell]:
    made = await Cell(folder=tmp_path if request.param == "sql" else None).start()
    yield made
    await made.stop()


def say(cell: Cell, text: str, **members: str) -> "asyncio.Future[Any]":
    named = {"channel": GENERAL, "thread_ts": "", "client_msg_id": "", **members}
    waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    cell.services.messages.post(cell.caller(BOB), text=text, origin=ORIGIN, waiter=waiter, **named)
    return waiter


async def test_a_socket_posts_what_the_api_posts(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    first = await say(cell, "hi <b>", client_msg_id="k")
    again = await say(cell, "hi", client_msg_id="k")
    assert again.duplicate == first.events[0]
    await say(cell, "reply", thread_ts=root)
    shown = (await cell.ok(CID, "conversations.history", channel=GENERAL, limit=2))["messages"]
    assert [(message["text"], message.get("reply_count")) for message in shown] == [
        ("hi &lt;b&gt;", None),
        ("root", 1),
    ]


@pytest.mark.parametrize(
    ("text", "members", "code"),
    [
        (" ", {}, "no_text"),
        ("x", {"channel": "C00000000000X"}, "channel_not_found"),
        ("x", {"channel": "C00000000000S"}, "channel_not_found"),
        ("x", {"client_msg_id": "not allowed"}, "invalid_arguments"),
        ("x", {"thread_ts": "soon"}, "thread_not_found"),
        ("x", {"thread_ts": "1.000001"}, "thread_not_found"),
    ],
)
async def test_a_socket_is_refused_as_the_api_refuses(
    cell: Cell, text: str, members: dict[str, str], code: str
) -> None:
    with pytest.raises(ColinkError) as caught:
        await say(cell, text, **members)
    assert caught.value.api == code


async def test_edits_and_replies_at_once_all_arrive(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    await asyncio.gather(
        *(cell.post(BOB, GENERAL, f"r{number}", thread_ts=root) for number in range(8)),
        *(cell.ok(ANN, "chat.update", channel=GENERAL, ts=root, text=f"v{number}") for number in range(2)),
    )
    thread = (await cell.ok(CID, "conversations.replies", channel=GENERAL, ts=root))["messages"]
    assert (thread[0]["reply_count"], len(thread)) == (8, 9)
    assert thread[0]["text"] in ("v0", "v1")


async def test_a_reaction_twice_at_once_counts_once(cell: Cell) -> None:
    ts = await cell.post(ANN, GENERAL, "x")
    answers = await asyncio.gather(
        *(cell.call(BOB, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes") for _ in range(3))
    )
    assert sorted(answer.get("error", "ok") for answer in answers) == [
        "already_reacted",
        "already_reacted",
        "ok",
    ]


async def test_one_direct_conversation_comes_of_two_at_once(cell: Cell) -> None:
    opened = await asyncio.gather(
        cell.ok(BOB, "conversations.open", users=CID),
        cell.ok(CID, "conversations.open", users=BOB),
        cell.ok(BOB, "chat.postMessage", channel=CID, text="x"),
    )
    ids = {body["channel"] if isinstance(body["channel"], str) else body["channel"]["id"] for body in opened}
    assert len(ids) == 1


async def test_a_root_deleted_while_replies_arrive_counts_those_that_are_there(cell: Cell) -> None:
    for _ in range(5):
        root = await cell.post(ANN, GENERAL, "root")
        await asyncio.gather(
            cell.call(BOB, "chat.postMessage", channel=GENERAL, text="a", thread_ts=root),
            cell.call(ANN, "chat.delete", channel=GENERAL, ts=root),
            cell.call(CID, "chat.postMessage", channel=GENERAL, text="b", thread_ts=root),
        )
        body = await cell.call(CID, "conversations.replies", channel=GENERAL, ts=root)
        if body["ok"]:
            assert body["messages"][0]["subtype"] == "tombstone"
            assert body["messages"][0]["reply_count"] == len(body["messages"]) - 1 > 0
        else:
            assert body["error"] == "thread_not_found"


async def test_the_latest_reply_is_the_latest_after_deletes_and_posts_at_once(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    for _ in range(5):
        last = await cell.post(BOB, GENERAL, "old", thread_ts=root)
        await asyncio.gather(
            cell.ok(BOB, "chat.delete", channel=GENERAL, ts=last),
            cell.ok(CID, "chat.postMessage", channel=GENERAL, text="new", thread_ts=root),
        )
        first, *replies = (await cell.ok(CID, "conversations.replies", channel=GENERAL, ts=root))["messages"]
        assert first["latest_reply"] == replies[-1]["ts"]
        assert first["reply_count"] == len(replies)


async def test_a_root_deleted_before_a_reply_was_decided_leaves_no_stray_reply(cell: Cell) -> None:
    caller = cell.caller(ANN)
    root = await cell.post(ANN, GENERAL, "root")
    messages = cell.services.messages
    state = await cell.commits.state(caller.resident)
    row = await cell.views.row(caller.resident, "messages", (GENERAL, int(root.replace(".", ""))))
    assert row is not None
    target, _ = await messages._target(state, caller, GENERAL, int(root.replace(".", "")), row)
    await cell.post(BOB, GENERAL, "reply", thread_ts=root)
    with pytest.raises(ConflictError):
        await cell.commits.commit(
            caller.resident, lambda state, _: commands.delete(state, caller, target), principal=ANN
        )
    assert len((await cell.ok(ANN, "conversations.replies", channel=GENERAL, ts=root))["messages"]) == 2
