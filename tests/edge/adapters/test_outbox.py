"""Frames of workspaces leave in turns: nothing is lost or overtakes within a lane, and nobody waits long."""

import asyncio
from collections import Counter
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from accord.runtime.pace import Pace
from edge.adapters.cells.outbox import (
    BATCH_BYTES_MAX,
    COMMON,
    PIECE_BYTES,
    SHARED_BYTES,
    TELLING_FRAMES,
    Outbox,
)

LOUD, QUIET, THIRD = "T1", "T2", "T3"
LONG_S, ENDS_S_MAX = 1_000.0, 10.0


def said(outbox: Outbox, lane: str, number: int, size: int) -> None:
    """A frame of so many bytes of a workspace, with its number."""
    frame = outbox.add(size, lane).socket_frame
    frame.socket, frame.data = number, lane.encode()


async def taken(outbox: Outbox) -> list[tuple[str, int]]:
    """The lane and number of each frame in the next batch."""
    return [(one.socket_frame.data.decode(), one.socket_frame.socket) for one in (await outbox.take()).frames]


async def shared() -> Outbox:
    """An outbox in which two workspaces have spoken."""
    outbox = Outbox()
    said(outbox, LOUD, 0, 1)
    said(outbox, QUIET, 0, 1)
    await outbox.take()
    return outbox


async def test_alone_all_that_waits_is_one_batch() -> None:
    outbox = Outbox()
    for number in range(3_000):
        said(outbox, LOUD, number, 300)
    said(outbox, COMMON, 0, 16)
    assert len(await taken(outbox)) == 3_001
    assert (outbox.waiting_bytes, outbox.waiting_of(LOUD)) == (0, 0)


async def test_who_says_little_passes_who_has_said_much() -> None:
    outbox = await shared()
    for number in range(1_000):
        said(outbox, LOUD, number, 300)
    said(outbox, QUIET, 1, 300)
    assert (QUIET, 1) in await taken(outbox)
    assert outbox.waiting_of(QUIET) == 0
    assert outbox.waiting_of(LOUD) > 250_000


async def test_room_in_one_lane_is_waited_for_without_the_others() -> None:
    outbox = await shared()
    said(outbox, LOUD, 1, 300_000)
    async with asyncio.timeout(ENDS_S_MAX):
        await outbox.room(0, QUIET)
        waiting = asyncio.ensure_future(outbox.room(0, LOUD))
        await asyncio.sleep(0)
        assert not waiting.done()
        await outbox.take()
        await waiting


async def test_the_pace_of_who_is_loud_is_nothing_that_others_wait_for() -> None:
    outbox = Outbox(Pace(LONG_S, 1_000))
    for number in range(TELLING_FRAMES):
        said(outbox, LOUD, number, 300)
    await outbox.take()
    said(outbox, LOUD, 9, 300)
    taking = asyncio.ensure_future(taken(outbox))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not taking.done()
    said(outbox, QUIET, 1, 300)
    assert await asyncio.wait_for(taking, ENDS_S_MAX) == [(LOUD, 9), (QUIET, 1)]


async def test_who_waits_for_room_is_let_go_when_the_stream_is_gone() -> None:
    outbox = await shared()
    said(outbox, LOUD, 1, 300_000)
    waiting = [asyncio.ensure_future(outbox.room(0, lane)) for lane in (None, LOUD)]
    await asyncio.sleep(0)
    outbox.release()
    await asyncio.wait_for(asyncio.gather(*waiting), ENDS_S_MAX)


async def test_who_takes_when_all_is_let_go_waits_for_what_comes() -> None:
    outbox = Outbox(Pace(0.05, 100))
    said(outbox, LOUD, 1, 10)
    await outbox.take()
    said(outbox, LOUD, 2, 10)
    taking = asyncio.ensure_future(taken(outbox))
    await asyncio.sleep(0)
    outbox.release()
    await asyncio.sleep(0.1)
    assert not taking.done()
    said(outbox, QUIET, 3, 10)
    assert await asyncio.wait_for(taking, ENDS_S_MAX) == [(QUIET, 3)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from((LOUD, QUIET, THIRD, COMMON)), st.integers(1, 30_000)),
        st.tuples(st.just("take"), st.just(0)),
    ),
    max_size=80,
)


@given(STEPS)
def test_nothing_is_lost_nobody_overtakes_and_waiting_is_bounded(steps: list[tuple[str, int]]) -> None:
    async def run() -> None:
        outbox = await shared()
        waiting: dict[str, list[tuple[int, int]]] = {lane: [] for lane in (LOUD, QUIET, THIRD, COMMON)}
        marks: list[int] = []
        passed: Counter[str] = Counter()

        async def take() -> None:
            there = {lane: bool(frames) for lane, frames in waiting.items()}
            batch = await taken(outbox)
            size = 0
            for lane, number in batch:
                expected, bytes_ = waiting[lane].pop(0)
                assert number == expected
                assert number in marks or lane != COMMON
                size += bytes_
            assert size <= max(SHARED_BYTES, 30_000)
            lanes = {lane for lane, _ in batch}
            for lane, was in there.items():
                # Three others, a piece of each: no more than so many batches go by.
                passed[lane] = passed[lane] + 1 if was and lane not in lanes else 0
                assert passed[lane] <= 3

        for number, (lane, size) in enumerate(steps, 1):
            if lane == "take":
                if any(waiting.values()):
                    await take()
                continue
            waiting[lane].append((number, size))
            if lane == COMMON:
                frame = outbox.hurried(size, partial(marks.append, number)).socket_frame
                frame.socket = number
            else:
                said(outbox, lane, number, size)
            assert outbox.waiting_of(lane) == sum(size for _, size in waiting[lane])
            assert outbox.waiting_bytes == sum(size for its in waiting.values() for _, size in its)
        while any(waiting.values()):
            await take()
        assert outbox.waiting_bytes == 0
        assert PIECE_BYTES < SHARED_BYTES < BATCH_BYTES_MAX

    asyncio.run(asyncio.wait_for(run(), ENDS_S_MAX))
