"""The group-commit writer: what is acknowledged, in which order, and seen by whom."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import (
    ConflictError,
    InternalError,
    InvalidError,
)
from regional_cell.domain.changes import Require
from regional_cell.domain.decisions import Decided
from regional_cell.domain.state import State
from regional_cell.ports.log import Append, Outcome
from regional_cell.services.commits import linger
from regional_cell.services.commits.sizes import LEAST, ROUND_S
from regional_cell.services.commits.writer import GroupCommits
from tests.regional_cell.services.commits.conftest import Cell, Heard, turns
from tests.regional_cell.stores import (
    C1,
    START_US,
    T1,
    T2,
    U1,
    channel_created,
    clock,
    message,
    one,
    open_resident,
    post,
)


async def test_what_is_acknowledged_stands_in_the_log_and_in_the_state(cell: Cell) -> None:
    done = await cell.commits.commit(T1, post("hello"), principal=U1)
    assert [event.sequence for event in done.events] == [1]
    assert (await cell.commits.state(T1)).head == 1
    assert (await cell.commits.read(T1, 0, 9))[0].payload["text"] == "hello"
    event = await cell.commits.event(T1, 1)
    assert event == done.events[0]
    assert await cell.commits.event(T1, 2) is None


async def test_nothing_unacknowledged_is_visible(cell: Cell) -> None:
    await cell.commits.commit(T1, post("first"), principal=U1)
    cell.log.gate.clear()
    pending = cell.commits.submit(T1, post("second"), principal=U1)
    await turns()
    state = await cell.commits.state(T1)
    assert not pending.done()
    assert (state.head, state.topic_count(C1)) == (1, 1)
    assert len(await cell.commits.read(T1, 0, 9)) == 1
    assert [sequence for sequence, _ in cell.heard.events] == [1]
    cell.log.gate.set()
    assert (await pending).events[0].topics == ((C1, 2),)
    assert state.topic_count(C1) == 2


async def test_what_waits_while_the_writer_is_busy_becomes_one_batch(cell: Cell) -> None:
    await cell.commits.state(T1)
    cell.log.gate.clear()
    first = cell.commits.submit(T1, post(), principal=U1)
    await turns()
    rest = [cell.commits.submit(T1, post(), principal=U1, origin=number) for number in range(100)]
    cell.log.gate.set()
    done = await asyncio.gather(first, *rest)
    assert [len(batch) for batch in cell.log.batches] == [1, 100]
    assert [committed.events[0].sequence for committed in done] == list(range(1, 102))
    assert cell.heard.events == [(1, None), *((number + 2, number) for number in range(100))]


async def test_who_comes_while_another_fills_batches_is_written_with_the_next_which_is_short(
    cell: Cell,
) -> None:
    await open_resident(cell.store, T2)
    for resident in (T1, T2, T1):
        cell.log.gate.clear()
        slow = cell.commits.submit(resident, post(), principal=U1)
        await asyncio.sleep(2 * ROUND_S)
        cell.log.gate.set()
        await slow
    cell.log.gate.clear()
    loud = [cell.commits.submit(T1, post(), principal=U1)]
    await turns()
    loud += [cell.commits.submit(T1, post(), principal=U1) for _ in range(600)]
    await turns()
    late = cell.commits.submit(T2, post(), principal=U1)
    await turns()
    before = len(cell.log.batches)
    cell.log.gate.set()
    await asyncio.gather(late, *loud)
    following = cell.log.batches[before]
    assert [share.resident for share in following].count(T2) == 1
    assert len(following) <= 2 * LEAST


async def test_times_rise_when_the_clock_steps_back(cell: Cell, tmp_path: Path) -> None:
    wall = ManualClock(START_US)
    commits = GroupCommits(cell.log, cell.store.views, cell.store.sealer, wall)
    await commits.start()
    times = []
    for _ in range(3):
        times += [event.at_us for event in (await commits.commit(T1, post(), principal=U1)).events]
        wall.step_wall(-3600)
    await commits.stop()
    assert times == [START_US, START_US + 1, START_US + 2]
    record = await cell.log.record(T1)
    assert record is not None
    assert record.clock_us == times[-1]


async def test_a_decision_is_told_the_time_that_its_event_gets(cell: Cell) -> None:
    told = []

    def decide(state: State, first_us: int) -> Decided:
        told.append(first_us)
        return post()(state, first_us)

    done = await asyncio.gather(*(cell.commits.commit(T1, decide, principal=U1) for _ in range(9)))
    assert told == [committed.events[0].at_us for committed in done]


async def test_after_a_structural_command_the_next_is_decided_against_its_outcome(cell: Cell) -> None:
    seen: list[bool] = []

    def decide(state: State, first_us: int) -> Decided:
        seen.append(state.is_member(C1, U1))
        return post()(state, first_us)

    create = one("ChannelCreated", channel_created(), T1, structural=True)
    await asyncio.gather(
        cell.commits.commit(T1, create, principal=U1), cell.commits.commit(T1, decide, principal=U1)
    )
    assert seen == [True]


async def test_what_waits_for_a_structural_command_is_decided_soon_however_busy_others_keep_the_writer(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, busy = cell.log.append, True

    async def slowly(shares: Sequence[Append]) -> list[Outcome]:
        await asyncio.sleep(0.001)
        return await append(shares)

    async def others() -> None:
        while busy:
            await cell.commits.commit(T2, post(), principal=U1)

    monkeypatch.setattr(cell.log, "append", slowly)
    await open_resident(cell.store, T2)
    loud = [asyncio.ensure_future(others()) for _ in range(200)]
    await cell.commits.state(T1)
    create = one("ChannelCreated", channel_created(), T1, structural=True)
    await asyncio.gather(
        cell.commits.commit(T1, create, principal=U1), cell.commits.commit(T1, post(), principal=U1)
    )
    busy = False
    await asyncio.gather(*loud)
    written = [
        number for number, batch in enumerate(cell.log.batches) if T1 in {share.resident for share in batch}
    ]
    # While the first is written it may be too early to decide, in the next batch it is not.
    assert written[1] - written[0] in (1, 2)


async def test_one_client_msg_id_is_one_message(cell: Cell) -> None:
    many = [
        cell.commits.commit(T1, post(f"try {number}", client_msg_id="id-1"), principal=U1)
        for number in range(20)
    ]
    others = [cell.commits.commit(T1, post("other"), principal=U1) for _ in range(20)]
    done = await asyncio.gather(*many, *others)
    assert [len(committed.events) for committed in done[:20]] == [1] + [0] * 19
    assert all(committed.duplicate == done[0].events[0] for committed in done[1:20])
    assert (await cell.commits.state(T1)).head == 21
    assert len(cell.log.batches) == 1


async def test_another_process_is_caught_up_with_and_the_command_decided_again(cell: Cell) -> None:
    rival = cell.another()
    await rival.start()
    await cell.commits.state(T1)
    await rival.commit(T1, post("theirs"), principal=U1)
    done = await cell.commits.commit(T1, post("ours"), principal=U1)
    assert done.events[0].topics == ((C1, 2),)
    assert [event.payload["text"] for event in await cell.commits.read(T1, 0, 9)] == ["theirs", "ours"]
    await rival.stop()


async def test_the_live_feed_hears_what_another_process_wrote_in_its_place(cell: Cell) -> None:
    await cell.commits.commit(T1, post(), principal=U1, origin="own")
    rival = cell.another()
    rival.feed(Heard())
    await rival.start()
    await rival.commit(T1, post(), principal=U1, origin="theirs")
    await rival.stop()
    await cell.commits.commit(T1, post(), principal=U1, origin="own")
    assert cell.heard.events == [(1, "own"), (2, None), (3, "own")]


async def test_a_shared_store_is_read_at_its_head(cell: Cell) -> None:
    reader = cell.another(shared=True)
    assert (await reader.state(T1)).head == 0
    await cell.commits.commit(T1, post(), principal=U1)
    assert (await reader.state(T1)).head == 1


async def test_a_load_that_began_before_the_question_is_not_its_answer(cell: Cell) -> None:
    views, read = cell.store.views, asyncio.Event()
    goes_on = asyncio.Event()

    class Slow(type(views)):  # type: ignore[misc]
        async def state(self, resident: str) -> State | None:
            found: State | None = await super().state(resident)
            read.set()
            await goes_on.wait()
            return found

    reader = GroupCommits(cell.log, Slow(cell.log), cell.store.sealer, clock(), shared=True)
    early = asyncio.create_task(reader.state(T1))
    await read.wait()
    await cell.commits.commit(T1, post(), principal=U1)
    late = asyncio.create_task(reader.state(T1))
    await turns()
    goes_on.set()
    assert (await late).head == 1
    await early


async def test_a_refused_decision_fails_its_command_alone(cell: Cell) -> None:
    def refuse(state: State, first_us: int) -> Decided:
        raise InvalidError(field="text", why="too long")

    def break_(state: State, first_us: int) -> Decided:
        raise ZeroDivisionError

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    commands = [post(), refuse, break_, post()]
    done = await asyncio.gather(
        *(cell.commits.commit(T1, decide, principal=U1) for decide in commands), return_exceptions=True
    )
    assert [type(outcome).__name__ for outcome in done] == [
        "Committed",
        "InvalidError",
        "InternalError",
        "Committed",
    ]
    assert (await cell.commits.state(T1)).head == 2


async def test_a_condition_that_never_holds_ends_in_a_conflict(cell: Cell) -> None:
    absent = (Require("messages", (C1, 5)),)
    with pytest.raises(ConflictError) as caught:
        await cell.commits.commit(T1, one("MessagePosted", message(), C1, requires=absent), principal=U1)
    assert caught.value.metadata == {"what": "messages"}
    await cell.commits.commit(T1, post(), principal=U1)


async def test_what_cannot_be_stored_is_an_internal_error(cell: Cell) -> None:
    with pytest.raises(InternalError):
        await cell.commits.commit(T1, post(channel="C1", user=5), principal=U1)  # type: ignore[arg-type]
    assert (await cell.commits.state(T1)).head == 0


async def test_a_small_batch_soon_after_a_large_one_waits_for_company(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linger, "LINGER_S", 30.0)
    await asyncio.gather(*(cell.commits.submit(T1, post(), principal=U1) for _ in range(8)))
    assert [len(batch) for batch in cell.log.batches] == [8]
    early = [cell.commits.submit(T1, post(), principal=U1) for _ in range(3)]
    await turns()
    assert len(cell.log.batches) == 1
    await asyncio.gather(*early, cell.commits.submit(T1, post(), principal=U1))
    assert [len(batch) for batch in cell.log.batches] == [8, 4]


async def test_a_small_batch_waits_for_company_no_longer_than_it_may(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linger, "LINGER_S", 0.05)
    await asyncio.gather(*(cell.commits.submit(T1, post(), principal=U1) for _ in range(8)))
    await cell.commits.submit(T1, post("alone"), principal=U1)
    assert [len(batch) for batch in cell.log.batches] == [8, 1]
    await asyncio.sleep(0.05)
    late = cell.commits.submit(T1, post("much later"), principal=U1)
    await turns()
    assert late.done()


async def test_who_waits_for_company_holds_up_no_answer(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "LINGER_S", 30.0)
    await cell.commits.state(T1)
    cell.log.gate.clear()
    large = [cell.commits.submit(T1, post(), principal=U1) for _ in range(8)]
    await turns()
    small = cell.commits.submit(T1, post(), principal=U1)
    await turns()
    cell.log.gate.set()
    await asyncio.gather(*large)
    assert not small.done()
    stopping = asyncio.ensure_future(cell.commits.stop())
    assert (await small).events[0].sequence == 9
    await stopping
