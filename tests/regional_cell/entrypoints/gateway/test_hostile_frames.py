"""No frame of a client harms more than its own socket, and no frame of an edge more than its own stream."""

import asyncio
import re
from typing import Any

import grpc.aio
import pytest

from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.socket_frames import KINDS
from regional_cell.services.sockets import FRAME_BYTES_MAX
from tests.regional_cell.edges import WAIT_S, TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import Town
from tests.support.attacks import attacks

# A cell is started for each test, which is slow where everything is.
pytestmark = pytest.mark.timeout(600)
ELSEWHERE = "C00000000FFFF"
SAID: dict[str, dict[str, Any]] = {
    "message": {"id": 1, "channel": "{room}", "text": "kept", "thread_ts": "1.2", "client_msg_id": "k"},
    "typing": {"id": 1, "channel": "{room}", "thread_ts": "1.2"},
    "ping": {"id": 1, "time": 1},
    "tickle": {"id": 1},
    "presence_sub": {"id": 1, "ids": ["{user}"]},
    "presence_query": {"id": 1, "ids": ["{user}"]},
}
"""What each kind of frame is when it is meant well."""


def filled(town: Town, kind: str) -> dict[str, Any]:
    """A well-meant frame of this town."""
    facts = {"{room}": town.room, "{user}": town.users[1]}
    fields = {name: facts.get(str(value), value) for name, value in SAID[kind].items()}
    return {"type": kind, **fields} | ({"ids": [town.users[1]]} if "ids" in fields else {})


def test_every_kind_of_frame_has_a_row() -> None:
    assert set(SAID) == KINDS


async def say(edge: TestEdge, socket: int, *texts: bytes) -> None:
    """Text frames of one client, as its edge hands them on."""
    frames = [wire.SocketFrame(socket=socket, data=data) for data in texts]
    await edge.send(*[wire.EdgeFrame(socket_frame=frame) for frame in frames])


async def unhurt(edge: TestEdge, town: Town, word: str, *sockets: int) -> None:
    """Waits until a message of the first socket came to all; the stream is the one that was there."""
    await edge.say(sockets[0], id=77, type="message", channel=town.room, text=word)
    for socket in sockets:
        await edge.until(lambda socket=socket: any(f.get("text") == word for f in edge.heard[socket]))


async def test_no_frame_of_a_client_ends_its_socket_or_the_stream(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.open_socket(2, town.tokens[1], town.team)
        for kind in sorted(KINDS):
            edge.heard[1].clear()
            tried = [attack.body for attack in attacks(filled(town, kind), FRAME_BYTES_MAX)]
            await say(edge, 1, *tried)
            await unhurt(edge, town, f"after {kind}", 1, 2)
            assert len(tried) > 100
            refused = [frame for frame in edge.heard[1] if "error" in frame]
            assert len(refused) > 50, kind
            for frame in refused:
                assert frame["ok"] is False, kind
                assert set(frame) <= {"ok", "reply_to", "error"}
                assert isinstance(frame["error"]["code"], int)
                assert frame["error"]["msg"] not in ("internal_error", "fatal_error"), kind
        assert not edge.ended.is_set()


async def test_ids_of_elsewhere_reach_nobody(town: Town) -> None:
    """Foreign channels, ids of other kinds, and a place that this user is not in."""
    astray = (ELSEWHERE, town.room, town.team, town.users[0], town.persons[0], f"{town.team}/{town.room}")
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[2], town.team)
        await edge.open_socket(2, town.tokens[0], town.team)
        for kind in sorted(KINDS):
            for channel in astray:
                ids = [channel, town.persons[0], "U00000000FFFF"]
                await edge.say(1, **filled(town, kind) | {"channel": channel, "ids": ids})
        await edge.say(1, id=9, type="message", channel=town.general, text="end")
        await edge.until(lambda: any(f.get("text") == "end" for f in edge.heard[2]))
        heard = [f for f in edge.heard[2] if f.get("type") in ("user_typing", "message")]
        assert [f.get("text") for f in heard] == ["end"]


async def test_what_others_are_told_of_typing_is_a_time_and_no_words(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.open_socket(2, town.tokens[1], town.team)
        for thread in ("a secret word", "1700000000.000100"):
            await edge.say(1, type="typing", channel=town.room, thread_ts=thread)
        await unhurt(edge, town, "end", 1, 2)
        told = [frame.get("thread_ts") for frame in edge.of(2, "user_typing")]
        assert "1700000000.000100" in told
        assert "a secret word" not in told


async def test_frames_said_twice_are_done_once(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.open_socket(2, town.tokens[1], town.team)
        said = {"type": "message", "channel": town.room, "text": "once", "client_msg_id": "k-1"}
        for number in range(3):
            await edge.say(1, id=number, **said)
        await unhurt(edge, town, "end", 1, 2)
        assert [f.get("text") for f in edge.of(2, "message")] == ["once", "end"]
        replies = [f["ts"] for f in edge.heard[1] if f.get("reply_to") in (0, 1, 2)]
        assert len(replies) == 3
        assert len(set(replies)) == 1


# --- frames of edges -----------------------------------------------------------------------------

BIG = 2**64 - 1
EDGE_FRAMES: dict[str, list[dict[str, Any]]] = {
    "hello": [{}, {"edge": "ber"}, {"edge": "fra", "jurisdiction": "ZZ"}],
    "principal": [
        {"slot": 0, "token": "x"},
        {"slot": BIG >> 32, "token": "x"},
        {"slot": 1, "token": "x" * 2_000},
    ],
    "call": [
        {},
        {"id": BIG, "method": "\0", "resident": "x" * 9_000},
        {"id": 1, "method": "sign-out", "body": b"\xff"},
        {"id": 2, "method": "chat.postMessage", "resident": "T" * 13, "epoch": BIG, "deadline_ms": 2**32 - 1},
        {"id": 3, "slot": 99, "method": "auth.test"},
        {"id": 4, "more": True},
        {"id": 4, "more": True},
        {"id": 5, "method": "webhook", "query": b"\xff&&&", "body": b"{"},
        {"id": 6, "method": "session/close", "resident": "P00000000FFFF", "body": b'{"identity":"\\ud83d"}'},
    ],
    "chunk": [{"id": 77, "data": b"x" * 300_000}, {"id": BIG, "last": True}, {}],
    "cancel": [{}, {"id": BIG}],
    "open_socket": [
        {},
        {"socket": BIG, "ticket": "x.y", "resume": "\0" * 5_000},
        {"socket": 1, "epoch": BIG},
        {"socket": 1, "ticket": "A" * 90_000, "viewer_country": "nowhere at all"},
    ],
    "close_socket": [{}, {"socket": BIG, "code": 2**32 - 1, "reason": "x" * 9_000}],
    "socket_taken": [{}, {"socket": 1, "frames": BIG >> 32}, {"socket": BIG}],
    "socket_frame": [{}, {"socket": BIG, "data": b"\xff" * 70_000}],
    "find": [
        {},
        {"id": BIG, "indexes": [{"attribute": "\0", "key_id": "x" * 900, "index": b"\xff" * 900}] * 90},
    ],
    "answer_lost": [{}, {"id": BIG}],
    "credit": [{}, {"bytes": BIG}, {"bytes": BIG}],
}
"""Hostile frames of each kind that an edge may send."""


def test_every_kind_of_an_edge_s_frame_has_a_row() -> None:
    assert set(EDGE_FRAMES) == {
        field.name for field in wire.EdgeFrame.DESCRIPTOR.oneofs_by_name["frame"].fields
    }


async def test_no_frame_of_an_edge_harms_another_edge(town: Town) -> None:
    """Its own stream may end, with a typed error; the cell and the other edge go on."""
    async with edge_to(town.site, "ber") as other:
        await other.open_socket(1, town.tokens[0], town.team)
        await other.open_socket(2, town.tokens[1], town.team)
        for kind, frames in EDGE_FRAMES.items():
            for fields in frames:
                await harm(town, wire.EdgeFrame(**{kind: fields}))
            await unhurt(other, town, f"after {kind}", 1, 2)
        assert not other.ended.is_set()
        reasons = re.findall(r'Gateway/Exchange",reason="(\w+)"', town.cell.metrics.text().decode())
        assert set(reasons) == {"INVALID"}


async def harm(town: Town, frame: wire.EdgeFrame) -> None:
    """A hostile frame once and twice on a stream of its own, which may end for it. The last frame is of no
    kind: whatever the others did, it ends the stream.
    """
    async with edge_to(town.site) as edge:
        for batch in ((frame,), (frame, frame), (wire.EdgeFrame(),)):
            try:
                await edge.send(*batch)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                # Over already, whoever ended it: nobody has to be waited for.
                assert edge.stream.done()
                return
        try:
            async with asyncio.timeout(WAIT_S):
                await edge.ended.wait()
        except TimeoutError:
            raise AssertionError(f"the stream goes on after {frame}"[:500]) from None
