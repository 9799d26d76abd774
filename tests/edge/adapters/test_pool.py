"""Streams to the processes of a cell: waited for, lost, and found again."""

import asyncio
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import grpc.aio
import pytest

from accord.errors import PeerRefusedError
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc as stubs
from edge.adapters.cells import pool as pool_module
from edge.adapters.cells.pool import CellPool
from edge.domain.routes import CellRoute
from edge.ports import SocketEvents
from tests.edge.support_fakes import FakeCell, Session, text, until

RESIDENT = "T00000000000A"


def _counts(found: Sized, count: int) -> bool:
    return len(found) == count


class Events:
    """Hears of events, and breaks at the first of them."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.lost_streams, self.drained = 0, list[Any]()

    def event(self, stream: Any, topic: str, data: bytes, *more: Any) -> None:
        self.events.append(data)
        if len(self.events) == 1:
            raise ZeroDivisionError

    def drain(self, stream: Any, by_ms: int) -> None:
        self.drained.append(stream)

    def lost(self, stream: Any) -> None:
        self.lost_streams += 1


class SilentCell(FakeCell):
    """Answers nothing by itself."""

    async def _read(self, requests: Any, session: Session) -> None:
        async for batch in requests:
            session.frames.extend(batch.frames)


@asynccontextmanager
async def pooled(
    address: str, refusing: asyncio.Event | None = None
) -> AsyncIterator[tuple[CellPool, CellRoute, Events, list[str]]]:
    """A pool that keeps a stream to one address, and what it told; while `refusing` it opens no channel."""

    def opened(cell: str, address: str) -> grpc.aio.Channel:
        if refusing is not None and refusing.is_set():
            raise PeerRefusedError(why="test")
        return grpc.aio.insecure_channel(address)

    told: list[str] = []
    events = Events()
    pool = CellPool(
        opened,
        lambda: wire.EdgeHello(edge="fra"),
        cast(SocketEvents, events),
        links={},
        calls_max=8,
        told=lambda cell, word: told.append(word),
        jitter=lambda: 0.5,
        bundle_version=lambda: 1,
    )
    cell = CellRoute("de-fra", "DE", "eu-central-1", (address,), "active", 1)
    pool.follow({cell.name: cell})
    try:
        yield pool, cell, events, told
    finally:
        await pool.stop()


@asynccontextmanager
async def serving(cell: FakeCell, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    server = grpc.aio.server()
    stubs.add_GatewayServicer_to_server(cell, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def test_those_who_wait_for_a_cell_go_on_when_it_is_there() -> None:
    fake = FakeCell("de-fra", "DE", "eu-central-1")
    async with serving(fake) as address:
        pass
    async with pooled(address) as (pool, cell, _, told):
        assert await pool.streams(cell, RESIDENT, 0) == []
        assert await pool.streams(cell, RESIDENT, 0.1) == []
        waiting = [asyncio.ensure_future(pool.streams(cell, RESIDENT, 30)) for _ in range(300)]
        await until(lambda: len(told) >= 3)
        async with serving(fake, address):
            found = await asyncio.gather(*waiting)
            assert [len(streams) for streams in found] == [1] * 300
            assert "ready" in told


async def test_a_defect_costs_one_connection_and_not_the_way_to_the_cell() -> None:
    fake = FakeCell("de-fra", "DE", "eu-central-1")
    async with serving(fake) as address, pooled(address) as (_, _, events, told):
        for count in (1, 2):
            await until(partial(_counts, fake.sessions, count))
            event = wire.Event(topic=f"{RESIDENT}/C", data=text(b"%d" % count))
            fake.session.send(wire.CellFrame(event=event))
            await until(partial(_counts, events.events, count))
        assert events.lost_streams == 1
        assert "ZeroDivisionError" in told


async def test_a_stream_leaves_for_its_successor_and_what_is_under_way_is_answered() -> None:
    fake = SilentCell("de-fra", "DE", "eu-central-1")
    async with serving(fake) as address, pooled(address) as (pool, cell, events, _):
        (before,) = await pool.streams(cell, RESIDENT, 30)
        calling = asyncio.ensure_future(before.find([], 30))
        await until(lambda: any(session.frames[1:] for session in fake.sessions))
        pool.renew(own=False, withdrawn=False)
        pool.renew(own=True, withdrawn=False)
        await until(partial(_counts, events.drained, 1))
        (after,) = await pool.streams(cell, RESIDENT, 0)
        assert (after is not before, events.drained, calling.done()) == (True, [before], False)
        fake.sessions[0].send(wire.CellFrame(found=wire.Found(id=1, resident=RESIDENT)))
        assert await calling == RESIDENT
        await until(lambda: not before.ready)
        assert (after.ready, len(fake.sessions)) == (True, 2)


async def test_a_stream_without_a_successor_goes_on_unless_its_cell_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "SUCCEEDED_S_MAX", 0.05)
    fake = FakeCell("de-fra", "DE", "eu-central-1")
    refusing = asyncio.Event()
    async with serving(fake) as address, pooled(address, refusing) as (pool, cell, _, told):
        (before,) = await pool.streams(cell, RESIDENT, 30)
        refusing.set()
        pool.renew(own=True, withdrawn=False)
        await until(lambda: "peer_refused" in told)
        assert await pool.streams(cell, RESIDENT, 0) == [before]
        pool.renew(own=False, withdrawn=True)
        await until(lambda: not before.ready)
        assert await pool.streams(cell, RESIDENT, 0) == []
