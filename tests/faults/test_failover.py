"""A directory whose database fails over to a replica that is behind gives no name to two."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from accord.errors import ColinkError, ConflictError, NotFoundError, Reason
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.domain.peers import Peer
from directory.domain.watch import WatchedNode
from tests.directory.services.test_watch import Journal, drain, start
from tests.directory.world import TestCell, World, claim
from tests.support.faults.postgres import Pair, unavailable

TYPED = {Reason.NOT_READY, Reason.OUTCOME_UNKNOWN, Reason.OVERLOADED}
BACK_S = 60.0
LATER_S = 5.0


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    if why := unavailable():
        pytest.skip(why)
    with Pair() as running:
        yield running


@asynccontextmanager
async def directory_on(pair: Pair) -> AsyncIterator[World]:
    engines = Engines(pair.url)
    schema_version.migrate(engines)
    store = SqlStore(engines)
    try:
        yield await World(store).begin()
    finally:
        await store.close()


async def claimed(world: World, cell: TestCell, resident: str, name: str) -> None:
    lease = await world.claims.lease(cell.peer, [claim(resident, name)])
    await world.claims.commit(cell.peer, lease.lease_id)


class Claiming:
    """Somebody's cell claims one name after the other; how each ended."""

    def __init__(self, world: World, cell: TestCell, resident: str) -> None:
        self._world, self._cell, self._resident = world, cell, resident
        self.done: list[str] = []
        self.failed: list[str] = []
        self._acknowledged = asyncio.Event()
        self.why: Counter[Reason] = Counter()

    async def run(self) -> None:
        """For ever."""
        number = 0
        while True:
            number += 1
            name = f"name-{number}"
            try:
                await claimed(self._world, self._cell, self._resident, name)
                self.done.append(name)
                self._acknowledged.set()
            except ColinkError as error:
                self.failed.append(name)
                self.why[error.reason] += 1
                await asyncio.sleep(0.02)

    async def more(self) -> None:
        """Until one more was acknowledged."""
        self._acknowledged.clear()
        async with asyncio.timeout(BACK_S):
            await self._acknowledged.wait()


async def owner_of(world: World, edge: Peer, name: str) -> str | None:
    return await world.claims.find(edge, [claim("P000000000000", name).name])


@pytest.mark.fault("F06")
async def test_a_replica_that_is_behind_gives_no_name_to_two(pair: Pair) -> None:
    """While names are claimed PostgreSQL is killed, and its replica, which is behind, takes its place: claims
    end in a typed way until it serves, and one more try settles them. Who watches gets a whole table; what
    was acknowledged and is lost is placed and claimed again, or refused where another cell was faster.
    """
    async with directory_on(pair) as world:
        fra, mun, edge = await world.admit(), await world.admit("de-mun"), await world.admit_edge()
        anna, bert = (await world.place(fra, "P")).resident, (await world.place(mun, "P")).resident
        await claimed(world, fra, anna, "kept")
        node, journal = await world.watch.open(edge, start("fra")), Journal(world)
        await drain(world, node, journal)
        pair.fall_behind()
        asked = fra.asks("P" + anna[1:][::-1])
        await world.placements.place(fra.peer, asked)
        late = asked.resident
        await claimed(world, fra, late, "late")
        await claimed(world, fra, anna, "fought over")
        await drain(world, node, journal)
        claiming = await failed_over(pair, world, fra, anna)
        assert claiming.failed
        assert set(claiming.why) <= TYPED
        await told(world, node, journal, late)
        # What ended without an answer, and what is lost, is settled by claiming it again.
        for name in (*claiming.failed, *claiming.done):
            await claimed(world, fra, anna, name)
            assert await owner_of(world, edge, name) == anna
        assert await owner_of(world, edge, "kept") == anna
        with pytest.raises(NotFoundError):
            await claimed(world, fra, late, "late")
        await world.placements.place(fra.peer, asked)
        await claimed(world, fra, late, "late")
        assert await owner_of(world, edge, "late") == late
        # A lost name is free until then: one of two has it, and the other is told so.
        await claimed(world, mun, bert, "fought over")
        with pytest.raises(ConflictError):
            await claimed(world, fra, anna, "fought over")
        assert await owner_of(world, edge, "fought over") == bert


async def failed_over(pair: Pair, world: World, cell: TestCell, resident: str) -> Claiming:
    claiming = Claiming(world, cell, resident)
    running = asyncio.create_task(claiming.run())
    try:
        await claiming.more()
        await asyncio.to_thread(pair.fail_over)
        # The order of changes goes by the time, which has gone on.
        world.clock.advance(LATER_S)
        await claiming.more()
    finally:
        running.cancel()
    return claiming


async def told(world: World, node: WatchedNode, journal: Journal, late: str) -> None:
    """Who watched all the while gets a whole table without what is lost, and is not told that it is gone."""
    (delta,) = await drain(world, node, journal)
    assert delta.full
    named = {it.resident for it in delta.placements} | {it.resident for it in delta.tombstones}
    assert late not in named
    assert late in journal.homes
