"""The gate: so many at once, the rest in turns, refused in time with a moment of their own."""

import asyncio
from collections import Counter

import pytest

from accord.errors import OverloadedError
from accord.runtime.gate import Gate


async def _turns() -> None:
    """Let everything that can run, run."""
    for _ in range(5):
        await asyncio.sleep(0)


class Work:
    """Pieces that enter the gate and stay until they are let go; who is inside, in order of entry."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.entered: list[str] = []
        self.refused: dict[str, OverloadedError] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self, name: str, lane: str = "a", rank: int = 0, wait_s: float = 60, size: int = 0
    ) -> None:
        async def piece() -> None:
            try:
                await self.gate.enter(lane, wait_s, rank=rank, size=size)
            except OverloadedError as error:
                self.refused[name] = error
            else:
                self.entered.append(name)

        self.tasks[name] = asyncio.ensure_future(piece())
        await _turns()

    async def end(self, count: int = 1) -> None:
        for _ in range(count):
            self.gate.leave()
            await _turns()


@pytest.fixture
def work() -> Work:
    return Work(Gate("test", 2, 6, ranks=3, bytes_max=1_000))


async def test_so_many_are_inside_and_the_rest_has_turns(work: Work) -> None:
    for name in ("a1", "a2", "a3", "a4", "a5"):
        await work.begin(name)
    await work.begin("b1", "b")
    assert work.entered == ["a1", "a2"]
    await work.end(4)
    assert work.entered == ["a1", "a2", "a3", "b1", "a4", "a5"]
    assert (work.gate.inside, work.gate.waiting) == (2, 0)


async def test_better_ranks_go_first_and_the_last_rank_makes_room(work: Work) -> None:
    for name in ("x1", "x2"):
        await work.begin(name)
    for number in range(6):
        await work.begin(f"low{number}", "a", rank=2)
    await work.begin("send", "b", rank=0)
    assert list(work.refused) == ["low5"]
    await work.begin("late", "a", rank=2)
    assert list(work.refused) == ["low5", "late"], "no room for one more of the longest lane"
    await work.begin("quiet", "c", rank=2)
    assert list(work.refused) == ["low5", "late", "low4"], "who has most waiting makes room"
    await work.end(6)
    assert work.entered[2:] == ["send", "low0", "quiet", "low1", "low2", "low3"]


async def test_bytes_that_wait_are_bounded_too(work: Work) -> None:
    for name in ("x1", "x2", "big"):
        await work.begin(name, size=600)
    await work.begin("bigger", size=600)
    assert list(work.refused) == ["bigger"]
    await work.begin("other", "b", size=600)
    assert list(work.refused) == ["bigger", "other"], "as long a lane makes no room"
    await work.end(2)
    await work.begin("again", size=600)
    assert "again" not in work.refused


async def test_who_waits_too_long_is_refused_and_never_inside(work: Work) -> None:
    for name in ("x1", "x2"):
        await work.begin(name)
    await work.begin("brief", wait_s=0.01)
    await work.begin("patient")
    await asyncio.wait_for(work.tasks["brief"], 5)
    assert work.refused["brief"].retry_after_ms
    await work.end(2)
    assert work.entered == ["x1", "x2", "patient"]
    assert work.gate.inside == 1


async def test_who_is_cancelled_leaves_no_hole(work: Work) -> None:
    for name in ("x1", "x2", "gone", "next"):
        await work.begin(name)
    work.tasks["gone"].cancel()
    await work.end()
    assert work.entered == ["x1", "x2", "next"]
    # Cancelled in the very turn in which it was let in.
    await work.begin("granted")
    work.gate.leave()
    work.tasks["granted"].cancel()
    await asyncio.gather(*work.tasks.values(), return_exceptions=True)
    assert "granted" not in work.entered
    assert work.gate.inside == 1


async def test_a_wider_gate_lets_in_and_a_narrow_one_throws_nobody_out(work: Work) -> None:
    for number in range(6):
        await work.begin(f"x{number}")
    work.gate.resize(4)
    await _turns()
    assert len(work.entered) == 4
    work.gate.resize(1)
    await work.end(3)
    assert len(work.entered) == 4
    await work.end()
    assert len(work.entered) == 5


async def test_what_cannot_be_served_in_time_is_refused_when_it_comes() -> None:
    gate = Gate("test", 1, 10_000)
    served = Counter[str]()

    async def piece(name: str, wait_s: float) -> None:
        await gate.enter(name, wait_s)
        await asyncio.sleep(0.005)
        served[name] += 1
        gate.leave()

    waiting = [asyncio.ensure_future(piece("a", 60)) for _ in range(200)]
    await asyncio.sleep(0.5)
    with pytest.raises(OverloadedError):
        await gate.enter("a", 0.01)
    # Another lane has its turn after one of ours.
    await piece("b", 30)
    assert served["a"] < 200
    retries = []
    for _ in range(50):
        with pytest.raises(OverloadedError) as caught:
            await gate.enter("a", 0.0)
        retries.append(caught.value.retry_after_ms or 0)
    assert retries == sorted(retries)
    assert len(set(retries)) > 40, "each has a moment of its own"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_an_old_rate_is_not_believed() -> None:
    gate = Gate("test", 1, 10)
    await gate.enter("a", 1)
    tasks = [asyncio.ensure_future(gate.enter("a", 60)) for _ in range(5)]
    for _ in range(3):
        await asyncio.sleep(0.15)
        gate.leave()
    assert gate._known_rate() is not None
    gate._measured_s -= 10
    assert gate._known_rate() is None
    gate.leave()
    assert gate._known_rate() is None, "nor when somebody leaves again"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_slow_moment_is_not_taken_for_the_rate() -> None:
    gate = Gate("test", 1, 3_000)
    await gate.enter("a", 1)
    tasks = [asyncio.ensure_future(gate.enter("a", 60)) for _ in range(2_000)]
    await _turns()
    while (before := gate._known_rate()) is None:
        gate.leave()
        await asyncio.sleep(0.002)
    gate._since_s -= 10
    gate.leave()
    after = gate._known_rate()
    assert after is not None
    assert before / 2 < after < before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
