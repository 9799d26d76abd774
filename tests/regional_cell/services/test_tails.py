"""Tails see everything in order, once in effect, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from accord.clock import SystemClock
from regional_cell.domain.events import Event, SealedEvent
from regional_cell.ports.log import ResidentRecord
from regional_cell.services import tails
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.tails import TailRunner
from tests.regional_cell.stores import T1, T2, U1, Store, memory_store, one, open_resident, post


class Bell:
    """A doorbell in this process that can be put out of order."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str, int], None]] = []
        self.broken = False

    def listen(self, hear: Callable[[str, int], None]) -> None:
        self.listeners.append(hear)

    def ring(self, resident: str, head: int) -> None:
        for hear in () if self.broken else self.listeners:
            hear(resident, head)


class Recorder:
    """A handler whose position and effect move together."""

    name = "recorder"

    def __init__(self) -> None:
        self.seen: dict[str, list[int]] = {}
        self.positions_of: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.asked = self.looks = 0

    async def positions(self) -> dict[str, int]:
        self.looks += 1
        return dict(self.positions_of)

    async def position(self, resident: str) -> int:
        self.asked += 1
        return self.positions_of.get(resident, 0)

    async def consume(self, resident: str, through: int, events: Sequence[Event]) -> None:
        if self.failures.get(resident, 0) > 0:
            self.failures[resident] -= 1
            raise OSError("index away")
        self.seen.setdefault(resident, []).extend(event.sequence for event in events)
        self.positions_of[resident] = through


class Cell:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.bell = Bell()
        self.recorder = Recorder()
        self.reads: list[int] = []
        self.commits = GroupCommits(store.log, store.views, store.sealer, SystemClock(), doorbell=self.bell)
        self.tail = self.runner()

    def runner(self) -> TailRunner:
        tail = TailRunner(self.recorder, self, self.store.sealer, self.bell, idle_s=0.05)  # type: ignore[arg-type]
        self.commits.feed(tail)
        return tail

    async def residents(self) -> list[ResidentRecord]:
        return await self.store.log.residents()

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        self.reads.append(after)
        return await self.store.log.read(resident, after, limit)

    async def post(self, resident: str, count: int) -> None:
        await asyncio.gather(*(self.commits.commit(resident, post(), principal=U1) for _ in range(count)))

    async def reached(self, resident: str, through: int) -> list[int]:
        async with asyncio.timeout(5):
            while self.recorder.positions_of.get(resident, 0) < through:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return self.recorder.seen[resident]


@pytest.fixture
async def cell(tmp_path: Path) -> AsyncIterator[Cell]:
    made = Cell(memory_store(tmp_path))
    await open_resident(made.store)
    await open_resident(made.store, T2)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    await made.commits.start()
    yield made
    await made.tail.stop()
    await made.commits.stop()


async def test_events_before_and_after_the_start_arrive_in_order(cell: Cell) -> None:
    await cell.post(T1, 600)
    await cell.tail.start()
    assert await cell.reached(T1, 600) == list(range(1, 601))
    await cell.post(T1, 5)
    assert await cell.reached(T1, 605) == list(range(1, 606))
    assert cell.tail.lag_events == 0


async def test_a_lost_ring_costs_time_only(cell: Cell) -> None:
    await cell.tail.start()
    cell.bell.broken = True
    await cell.post(T1, 3)
    assert await cell.reached(T1, 3) == [1, 2, 3]


async def test_a_look_at_everybody_is_one_question(cell: Cell) -> None:
    await cell.tail.start()
    await cell.post(T1, 3)
    await cell.reached(T1, 3)
    await cell.tail.stop()
    recorder, again = cell.recorder, cell.runner()
    recorder.asked, recorder.looks = 0, 0
    await again.start()
    async with asyncio.timeout(5):
        while recorder.looks < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await again.stop()
    assert recorder.asked == 0


async def test_a_failing_resident_is_tried_again_and_holds_up_nobody(cell: Cell) -> None:
    cell.recorder.failures[T1] = 2
    await cell.tail.start()
    await cell.post(T1, 3)
    await cell.post(T2, 3)
    assert await cell.reached(T2, 3) == [1, 2, 3]
    assert cell.tail.failing in ((T1,), ())
    assert await cell.reached(T1, 3) == [1, 2, 3]


async def test_another_runner_goes_on_where_the_first_stopped(cell: Cell) -> None:
    await cell.tail.start()
    await cell.post(T1, 3)
    await cell.reached(T1, 3)
    await cell.tail.stop()
    await cell.post(T1, 2)
    await asyncio.sleep(0.1)
    assert cell.recorder.positions_of[T1] == 3
    cell.tail = cell.runner()
    await cell.tail.start()
    assert await cell.reached(T1, 5) == [1, 2, 3, 4, 5]


async def test_redacted_entries_are_passed(cell: Cell) -> None:
    await cell.post(T1, 2)
    await cell.commits.commit(T1, one("Redacted", {"sequence": 2, "why": "order"}), principal="")
    await cell.tail.start()
    assert await cell.reached(T1, 3) == [1, 3]


async def test_what_is_committed_here_is_not_read_again(cell: Cell) -> None:
    await cell.tail.start()
    await cell.post(T1, 1)
    await cell.reached(T1, 1)
    cell.reads.clear()
    for _ in range(3):
        await cell.post(T1, 50)
    assert await cell.reached(T1, 151) == list(range(1, 152))
    assert cell.reads == []


async def test_what_another_process_committed_is_read_from_the_log(cell: Cell) -> None:
    rival = GroupCommits(cell.store.log, cell.store.views, cell.store.sealer, SystemClock())
    await rival.start()
    await cell.tail.start()
    for _ in range(3):
        await cell.post(T1, 2)
        await asyncio.gather(*(rival.commit(T1, post(), principal=U1) for _ in range(3)))
        cell.bell.ring(T1, 0)
    assert await cell.reached(T1, 15) == list(range(1, 16))
    await rival.stop()


async def test_more_than_is_kept_in_memory_is_read_from_the_log(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "RECENT_EVENTS_MAX", 5)
    await cell.tail.start()
    for count in (3, 9, 1, 4, 6):
        await cell.post(T1, count)
    assert await cell.reached(T1, 23) == list(range(1, 24))
