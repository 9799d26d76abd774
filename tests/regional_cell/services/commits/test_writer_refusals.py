"""The group-commit writer: what it refuses, and what it does when the store fails."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from accord import deadline
from accord.errors import (
    FrozenError,
    NotReadyError,
    OutcomeUnknownError,
    OverloadedError,
    RateLimitedError,
    StaleEpochError,
    StorageFullError,
    UnknownResidentError,
)
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from tests.regional_cell.services.commits.conftest import Cell, turns
from tests.regional_cell.stores import (
    T1,
    T2,
    U1,
    open_resident,
    post,
)


async def test_a_full_queue_refuses_before_anything_happened(cell: Cell) -> None:
    small = cell.another(queue_max=6)
    await small.start()
    cell.log.gate.clear()
    waiting = [small.submit(T1, post(), principal=U1) for _ in range(3)]
    with pytest.raises(RateLimitedError):
        small.submit(T1, post(), principal=U1)
    with pytest.raises(UnknownResidentError):
        await small.commit(T2, post(), principal=U1)
    cell.log.gate.set()
    await asyncio.gather(*waiting)
    await small.commit(T1, post(), principal=U1)
    await small.stop()
    assert small.pending == 0


async def test_a_caller_that_stops_waiting_does_not_take_the_command_back(cell: Cell) -> None:
    await cell.commits.state(T1)
    cell.log.gate.clear()
    impatient = asyncio.create_task(cell.commits.commit(T1, post("kept"), principal=U1))
    await turns()
    impatient.cancel()
    cell.log.gate.set()
    await cell.commits.commit(T1, post("next"), principal=U1)
    assert [event.payload["text"] for event in await cell.commits.read(T1, 0, 9)] == ["kept", "next"]


async def test_what_nobody_waits_for_any_more_is_not_written(cell: Cell) -> None:
    hurried = cell.another(wait_s=0.2)
    await hurried.start()
    await hurried.commit(T1, post("first"), principal=U1)
    cell.log.gate.clear()
    writing = hurried.submit(T1, post("writing"), principal=U1)
    await turns()
    # One is told at its deadline, one when its turn comes; both were decided, or waited, behind a slow store.
    with pytest.raises(OverloadedError, match="deadline"):
        await hurried.commit(T1, post("late"), principal=U1)
    silent = hurried.submit(T1, post("late too"), principal=U1)
    await asyncio.sleep(0.3)
    cell.log.gate.set()
    await writing
    with pytest.raises(OverloadedError, match="deadline"):
        await silent
    await hurried.commit(T1, post("next"), principal=U1)
    texts = [event.payload["text"] for event in await hurried.read(T1, 0, 9)]
    assert texts == ["first", "writing", "next"]
    assert (hurried.queue.late, hurried.pending) == (2, 0)
    await hurried.stop()


async def test_what_was_decided_ahead_is_decided_again_without_what_is_late(cell: Cell) -> None:
    hurried = cell.another(wait_s=0.2)
    await hurried.start()
    await hurried.commit(T1, post("first"), principal=U1)
    cell.log.gate.clear()
    writing = hurried.submit(T1, post("writing"), principal=U1)
    await turns()
    late = [hurried.submit(T1, post("late"), principal=U1) for _ in range(100)]
    await asyncio.sleep(0.15)
    fresh = hurried.submit(T1, post("fresh"), principal=U1)
    await asyncio.sleep(0.1)
    cell.log.gate.set()
    await writing
    assert (await fresh).events[0].sequence == 3
    for future in late:
        with pytest.raises(OverloadedError):
            await future
    await hurried.stop()


async def test_the_deadline_of_a_call_reaches_the_writer(cell: Cell) -> None:
    await cell.commits.state(T1)
    cell.log.gate.clear()
    writing = cell.commits.submit(T1, post("writing"), principal=U1)
    await turns()

    async def call() -> None:
        deadline.wait_until(asyncio.get_running_loop().time() + 0.05)
        await cell.commits.commit(T1, post("late"), principal=U1)

    with pytest.raises(OverloadedError, match="deadline"):
        await asyncio.create_task(call())
    assert deadline.until_s() == deadline.NEVER_S
    cell.log.gate.set()
    await writing
    assert (await cell.commits.state(T1)).head == 1


async def test_stopping_finishes_what_waits_and_refuses_the_rest(cell: Cell) -> None:
    drained = cell.another()
    await drained.start()
    waiting = [drained.submit(T1, post(), principal=U1) for _ in range(9)]
    await drained.stop()
    assert all(future.done() and future.result().events for future in waiting)
    with pytest.raises(NotReadyError):
        drained.submit(T1, post(), principal=U1)


async def test_an_unknown_resident_is_named_as_such(cell: Cell) -> None:
    with pytest.raises(UnknownResidentError):
        await cell.commits.commit(T2, post(), principal=U1)
    with pytest.raises(UnknownResidentError):
        await cell.commits.state(T2)


@pytest.mark.parametrize(
    ("lifecycle", "error"),
    [("frozen", FrozenError), ("moved", StaleEpochError), ("closed", UnknownResidentError)],
)
async def test_a_life_cycle_other_than_open_refuses(
    cell: Cell, lifecycle: str, error: type[Exception]
) -> None:
    await cell.commits.commit(T1, post(), principal=U1)
    cell.log.records[T1] = replace(cell.log.records[T1], state=lifecycle)
    with pytest.raises(error):
        await cell.commits.commit(T1, post(), principal=U1)
    assert (await cell.log.record(T1)) == cell.log.records[T1]
    assert len(cell.log.entries_of[T1]) == 1


async def test_a_caller_with_another_epoch_is_refused_and_a_newer_epoch_is_learnt(cell: Cell) -> None:
    await cell.commits.commit(T1, post(), principal=U1, epoch=1)
    with pytest.raises(StaleEpochError):
        await cell.commits.commit(T1, post(), principal=U1, epoch=2)
    cell.log.records[T1] = replace(cell.log.records[T1], epoch=2)
    done = await cell.commits.commit(T1, post(), principal=U1, epoch=2)
    assert done.events[0].epoch == 2


@pytest.mark.parametrize("error", [StorageFullError(), NotReadyError()])
async def test_a_store_that_refuses_a_batch_acknowledges_nothing(cell: Cell, error: Exception) -> None:
    await cell.commits.state(T1)
    cell.log.fail_before = error
    with pytest.raises(type(error)):
        await cell.commits.commit(T1, post(), principal=U1)
    assert (await cell.commits.commit(T1, post(), principal=U1)).events[0].sequence == 1


@pytest.mark.parametrize("written", [True, False])
async def test_after_an_unknown_outcome_heads_are_read_again(cell: Cell, written: bool) -> None:
    await cell.commits.state(T1)
    if written:
        cell.log.fail_after = OutcomeUnknownError()
    else:
        cell.log.fail_before = OutcomeUnknownError()
    with pytest.raises(OutcomeUnknownError):
        await cell.commits.commit(T1, post("perhaps", client_msg_id="id-1"), principal=U1)
    assert (await cell.commits.state(T1)).head == written
    done = await cell.commits.commit(T1, post("again", client_msg_id="id-1"), principal=U1)
    assert len(await cell.commits.read(T1, 0, 9)) == 1
    assert (done.duplicate is not None) == written
    assert (await cell.commits.state(T1)).head == 1


async def test_states_beyond_the_limit_are_let_go_and_loaded_again(cell: Cell) -> None:
    small = cell.another(states_max=2)
    await small.start()
    residents = [f"T{number:012d}" for number in range(10, 20)]
    for resident in residents:
        await open_resident(cell.store, resident)
        await small.commit(resident, post(), principal=U1)
    done = await asyncio.gather(*(small.commit(resident, post(), principal=U1) for resident in residents))
    assert [committed.events[0].sequence for committed in done] == [2] * 10
    await small.stop()


async def test_a_defect_of_the_live_feed_does_not_stop_the_writer(cell: Cell) -> None:
    class Broken:
        def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
            raise ZeroDivisionError

    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: reported.append(context["message"])
    )
    cell.commits.feed(Broken())
    await cell.commits.commit(T1, post(), principal=U1)
    assert (await cell.commits.commit(T1, post(), principal=U1)).events[0].sequence == 2
    assert reported == ["defect in the writer"] * 2
