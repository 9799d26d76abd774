"""Sockets of a real edge process."""

import asyncio
import json
import signal
import socket as sockets
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from accord.errors import Moved
from accord.runtime.error_detail import moved_to_wire
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from tests.edge.support_fakes import FakeCell, placed, text, until
from tests.edge.support_world import World, running_world

WAIT_S = 30.0


def event(data: bytes, *but: int, topic: str = "T0/C0") -> cell_wire.CellFrame:
    return cell_wire.CellFrame(event=cell_wire.Event(topic=topic, except_sockets=but, data=text(data)))


def own(number: int, data: bytes) -> cell_wire.CellFrame:
    return cell_wire.CellFrame(socket_frame=cell_wire.SocketFrame(socket=number, data=text(data)))


async def said(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[str]:
    """The next texts of a socket; pings come whenever their turn is."""
    texts: list[str] = []
    while len(texts) < count:
        message = await socket.receive(timeout=WAIT_S)
        if message.type is not aiohttp.WSMsgType.PING:
            assert message.type is aiohttp.WSMsgType.TEXT, (message, socket.close_code)
            texts.append(message.data)
    return texts


async def test_hello_comes_first_and_events_and_replies_keep_their_order(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        one, two = await world.open_socket(), await world.open_socket()
        assert await said(one, 1) == await said(two, 1) == ['{"type":"hello"}']
        first, second = (opened.socket for opened in world.home.session.of("open_socket"))
        world.home.session.send(event(b"1"), event(b"2", first), own(first, b"reply"), event(b"3"))
        assert await said(one, 3) == ["1", "reply", "3"]
        assert await said(two, 3) == ["1", "2", "3"]
        remove = cell_wire.Topics(socket=second, remove=["T0/C0"])
        add = cell_wire.Topics(socket=second, add=["T0/C0"])
        world.home.session.send(
            cell_wire.CellFrame(topics=remove), event(b"4"), cell_wire.CellFrame(topics=add), event(b"5")
        )
        assert await said(one, 2) == ["4", "5"]
        assert await said(two, 1) == ["5"]
        # What a foreign cell says of these topics and sockets reaches nobody.
        close = cell_wire.CloseSocket(socket=first, code=4000, reason="forged")
        steal = cell_wire.SocketOpened(socket=first, topics=["T0/C0"])
        world.other.session.send(
            event(b"forged"),
            own(first, b"forged"),
            cell_wire.CellFrame(close_socket=close),
            cell_wire.CellFrame(socket_opened=steal),
            event(b"forged"),
        )
        await asyncio.sleep(0.1)
        await one.send_str('{"id":1,"type":"message"}')
        await until(lambda: world.home.session.of("socket_frame"))
        frame = world.home.session.of("socket_frame")[0]
        assert (frame.socket, frame.data) == (first, b'{"id":1,"type":"message"}')
        await one.ping(b"same payload")
        assert (await one.receive(timeout=WAIT_S)).data == b"same payload"
        await one.close()
        await until(lambda: [one.socket for one in world.home.session.of("close_socket")] == [first])


@pytest.mark.parametrize(
    ("frame", "code"), [(b"x" * 16_385, 1009), ("binary", 1003)], ids=["over 16 KB", "binary"]
)
async def test_a_frame_of_another_kind_closes_with_a_code(
    tmp_path: Path, frame: bytes | str, code: int
) -> None:
    async with running_world(tmp_path) as world:
        socket = await world.open_socket()
        await said(socket, 1)
        if isinstance(frame, bytes):
            await socket.send_str(frame.decode())
        else:
            await socket.send_bytes(frame.encode())
        message = await socket.receive(timeout=WAIT_S)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, code)
        await until(lambda: world.home.session.of("close_socket"))


async def test_a_ticket_is_checked_before_the_handshake_is_answered(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        stranger = FakeCell("x", "DE", "eu-central-1")
        genuine, world.home.key = world.home.key, stranger.key
        forged = world.ticket()
        world.home.key = genuine
        for ticket in (forged, world.ticket(edge="iad"), world.ticket(x=1), world.token(), "x"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await world.open_socket(ticket)
            assert refused.value.status == 401
        assert world.home.session.of("open_socket") == []


async def test_a_refused_socket_is_closed_with_the_cells_code_and_a_move_followed_once(
    tmp_path: Path,
) -> None:
    async with running_world(tmp_path) as world:
        world.home.refuse = cell_wire.SocketRefused(code=4001, reason="ticket_spent")
        message = await (await world.open_socket()).receive(timeout=WAIT_S)
        assert (message.data, message.extra) == (4001, "ticket_spent")
        entry = placed(world.team, world.second, 2, world.home)
        moved = moved_to_wire(Moved(world.team, "de-ham", 2, entry.handover))
        world.home.refuse = cell_wire.SocketRefused(moved=moved)
        assert await said(await world.open_socket(), 1) == ['{"type":"hello"}']
        assert world.second.session.of("open_socket")[0].epoch == 2


@pytest.mark.parametrize("why", ["stream lost", "cell drains", "edge drains"])
async def test_sockets_are_told_when_to_come_back(tmp_path: Path, why: str) -> None:
    async with running_world(tmp_path) as world:
        socket, elsewhere = await world.open_socket(), None
        await said(socket, 1)
        world.home.session.send(event(b"last"))
        if why == "stream lost":
            world.home.session.break_off()
        elif why == "cell drains":
            world.home.session.send(cell_wire.CellFrame(drain=cell_wire.Drain(by_ms=1)))
        else:
            await said(socket, 1)
            began = asyncio.get_running_loop().time()
            ended = asyncio.ensure_future(world.end_edge(signal.SIGTERM))
        if why != "edge drains":
            assert await said(socket, 1) == ["last"]
        goodbye = json.loads((await socket.receive(timeout=WAIT_S)).data)
        assert goodbye["type"] == "goodbye"
        assert 0 <= goodbye["x_retry_ms"] <= 4_000
        closed = await socket.receive(timeout=WAIT_S)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        if why == "edge drains":
            await socket.close()
            assert await ended == 0
            assert asyncio.get_running_loop().time() - began < 10
        assert elsewhere is None


async def test_a_call_under_way_finishes_when_the_edge_drains(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:

        async def slow(
            cell: FakeCell, session: object, call: cell_wire.Call, body: bytes
        ) -> cell_wire.Answer:
            await asyncio.sleep(1)
            return cell_wire.Answer(id=call.id, status=200, body=b'{"ok":true}')

        world.home.handler = slow
        asking = asyncio.ensure_future(world.api("chat.postMessage", world.token()))
        await until(lambda: world.home.calls)
        assert await world.end_edge(signal.SIGTERM) == 0
        assert (await asking)[:2] == (200, {"ok": True})


def slow_socket(world: World) -> sockets.socket:
    """A client with little room, which reads nothing by itself."""
    host, port = world.socket_url.split(":")
    slow = sockets.socket()
    slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
    slow.connect((host, int(port)))
    slow.sendall(
        f"GET /rtm/{world.ticket()} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return slow


async def test_what_a_cell_wants_confirmed_is_confirmed_as_the_client_takes_it(tmp_path: Path) -> None:
    pieces, size = 200, 48 * 1024
    async with running_world(tmp_path) as world:
        slow = slow_socket(world)
        await until(lambda: world.home.session.of("open_socket"))
        number = world.home.session.of("open_socket")[0].socket
        sent = 0

        def confirmed() -> int:
            return sum(frame.frames for frame in world.home.session.of("socket_taken"))

        def caught_up(count: int) -> bool:
            return confirmed() >= count

        async def replay() -> None:
            nonlocal sent
            while sent < pieces:
                said = cell_wire.SocketFrame(socket=number, data=text(b"x" * size), confirm=True)
                world.home.session.send(cell_wire.CellFrame(socket_frame=said))
                sent += 1
                await until(partial(caught_up, sent - 1), 60)

        replaying = asyncio.create_task(replay())
        await until(lambda: sent > confirmed() + 1)
        await asyncio.sleep(1.0)
        held = sent
        assert held < pieces, "nobody reads, so it does not go on"
        assert not world.home.session.of("close_socket"), "and is not cut"
        slow.settimeout(WAIT_S)
        read = 0
        while read < pieces * size:
            data = await asyncio.to_thread(slow.recv, 1 << 20)
            assert data, "cut"
            read += len(data)
        await replaying
        await until(lambda: confirmed() == pieces)
        slow.close()


async def test_a_slow_reader_is_cut_and_others_lose_nothing(tmp_path: Path) -> None:
    async with running_world(tmp_path, sockets={"send_queue_kib_max": 64}) as world:
        fast = await world.open_socket()
        await said(fast, 1)
        slow = slow_socket(world)
        await until(lambda: len(world.home.session.of("open_socket")) == 2)
        number = world.home.session.of("open_socket")[1].socket
        sent = 0
        while not world.home.session.of("close_socket"):
            assert sent < 2_000, "never cut"
            world.home.session.send(event(b"%06d" % sent + b"x" * 30_000))
            sent += 1
            assert (await said(fast, 1))[0].startswith(f"{sent - 1:06d}")
        closed = world.home.session.of("close_socket")[0]
        assert (closed.socket, closed.code, closed.reason) == (number, 4008, "slow")
        _, metrics = await world.get("/metrics")
        assert 'colink_sockets_closed_total{reason="slow"} 1.0' in metrics
        slow.close()


async def test_a_socket_of_a_home_that_cannot_be_reached_is_told_to_come_back(tmp_path: Path) -> None:
    async with running_world(tmp_path, calls={"wait_for_stream_ms": 100}) as world:
        await world.stop_server("de-fra")
        socket = await world.open_socket()
        assert json.loads((await socket.receive(timeout=WAIT_S)).data)["type"] == "goodbye"


async def test_the_limit_of_sockets_is_answered_with_a_moment_to_return(tmp_path: Path) -> None:
    async with running_world(tmp_path, sockets={"sockets_max": 1}) as world:
        first = await world.open_socket()
        await said(first, 1)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.open_socket()
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert int(refused.value.headers["retry-after"]) >= 1
        assert not first.closed


async def test_who_says_much_to_a_cell_that_does_not_read_is_not_read_and_not_cut(tmp_path: Path) -> None:
    count = 2_000
    async with running_world(tmp_path) as world:
        loud, quiet = await world.open_socket(), await world.open_socket()
        await said(loud, 1)
        await said(quiet, 1)
        world.home.reads.clear()
        first = world.home.session.of("open_socket")[0].socket

        async def flood() -> None:
            for number in range(count):
                await loud.send_str(f"{number:06d}" + "x" * 16_000)

        flooding = asyncio.create_task(flood())
        await asyncio.sleep(1.0)
        assert not flooding.done(), "32 MB are not taken in"
        await quiet.send_str("quiet")
        world.home.session.send(event(b"goes on"))
        assert await said(quiet, 1) == await said(loud, 1) == ["goes on"]
        world.home.reads.set()
        await asyncio.wait_for(flooding, 60)
        await until(lambda: len(world.home.session.of("socket_frame")) == count + 1, 60)
        frames = world.home.session.of("socket_frame")
        assert [one.data[:6] for one in frames if one.socket == first] == [
            b"%06d" % number for number in range(count)
        ]


async def test_sends_over_a_limit_are_refused_here_and_all_else_goes_on(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        loud = await world.open_socket()
        await said(loud, 1)
        limit = cell_wire.SendLimit(resident=world.team, per_s=1)
        other = cell_wire.SendLimit(resident=world.american, per_s=1)
        first = world.home.session.of("open_socket")[0].socket
        world.home.session.send(
            cell_wire.CellFrame(send_limit=other),
            cell_wire.CellFrame(send_limit=limit),
            own(first, b"limited"),
        )
        assert await said(loud, 1) == ["limited"]
        for number in ("6", "7", '"seven"'):
            await loud.send_str(f'{{"id":{number},"type":"message","channel":"C0","text":"x"}}')
        await loud.send_str('{"id":8,"type":"ping"}')
        await loud.send_str('{"no":"type"}')
        # One a second may come, so at a slow moment one of the three does.
        refused = [json.loads(frame) for frame in await said(loud, 2)]
        assert all(frame["error"] == {"code": 4, "msg": "ratelimited"} for frame in refused)
        assert {frame["reply_to"] for frame in refused} <= {6, 7, "seven"}
        await until(lambda: b'{"no":"type"}' in [one.data for one in world.home.session.of("socket_frame")])
        came = [frame.data for frame in world.home.session.of("socket_frame")]
        assert b'{"id":8,"type":"ping"}' in came
        assert len([data for data in came if b"message" in data]) <= 1
        # When nothing was held back for a second, everything may come.
        await asyncio.sleep(1.5)
        for later in range(100, 120):
            await loud.send_str(f'{{"id":{later},"type":"message","channel":"C0","text":"x"}}')
        await until(lambda: any(b'"id":119' in frame.data for frame in world.home.session.of("socket_frame")))
