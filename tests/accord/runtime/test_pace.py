"""A pace holds back who comes early, and nobody else."""

import asyncio
from itertools import pairwise

import pytest

from accord.runtime.pace import Pace


async def test_the_first_piece_after_a_quiet_moment_never_waits() -> None:
    pace, loop = Pace(30.0, 2), asyncio.get_running_loop()
    async with asyncio.timeout(5):
        await pace.wait()
    pace.began(1)
    waiting = loop.create_task(pace.wait())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    waiting.cancel()


async def test_pieces_that_keep_coming_are_apart() -> None:
    pace, loop = Pace(0.02, 2), asyncio.get_running_loop()
    times_s = []
    for _ in range(4):
        await pace.wait()
        pace.began(1)
        times_s.append(loop.time())
    assert all(later - earlier >= 0.015 for earlier, later in pairwise(times_s))


@pytest.mark.parametrize(("pause_s", "count"), [(0.0, 1), (30.0, 2)])
async def test_without_a_pause_or_after_a_large_piece_nobody_waits(pause_s: float, count: int) -> None:
    pace = Pace(pause_s, 2)
    async with asyncio.timeout(5):
        for _ in range(10_000):
            await pace.wait()
            pace.began(count)


async def test_what_is_hurried_ends_the_pause() -> None:
    pace = Pace(30.0, 2)
    pace.began(1)
    waiting = asyncio.get_running_loop().create_task(pace.wait())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    pace.hurry()
    async with asyncio.timeout(5):
        await waiting
        await pace.wait()
    pace.began(1)
    again = asyncio.get_running_loop().create_task(pace.wait())
    await asyncio.sleep(0.01)
    assert not again.done()
    again.cancel()
