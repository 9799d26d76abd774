"""The writer's queue: lanes have their turns, and who has little waits for little."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord import deadline
from accord.errors import OverloadedError, RateLimitedError
from regional_cell.domain.decisions import Committed
from regional_cell.services.commits.commands import Command
from regional_cell.services.commits.queue import ALONE_S, TURN_COMMANDS, CommandQueue
from tests.regional_cell.stores import U1, post

LOUD, QUIET, THIRD = "T000000000001", "T000000000002", "T000000000003"


def admitted(
    queue: CommandQueue, resident: str, count: int = 1, until_s: float = deadline.NEVER_S
) -> list[Command]:
    """So many commands of a resident, ready to be decided."""
    commands = []
    for _ in range(count):
        queue.admit(resident)
        waiter: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        commands.append(Command(resident, post(), U1, None, None, waiter, 0.0, until_s))
    queue.add(commands)
    return commands


def residents(commands: Iterable[Command]) -> list[str]:
    return [command.resident for command in commands]


async def test_who_has_little_waits_for_one_turn_of_who_has_much() -> None:
    queue = CommandQueue(10_000)
    loud = admitted(queue, LOUD, 3_000)
    quiet = admitted(queue, QUIET, 2)
    taken = queue.take(2 * TURN_COMMANDS)
    assert residents(taken) == [LOUD] * TURN_COMMANDS + [QUIET] * 2 + [LOUD] * (TURN_COMMANDS - 2)
    assert taken[TURN_COMMANDS : TURN_COMMANDS + 2] == quiet
    assert [one for one in taken if one.resident == LOUD] == loud[: 2 * TURN_COMMANDS - 2]
    assert queue.ready == 3_000 - len(taken) + 2


async def test_at_the_last_moment_only_who_has_little_is_taken() -> None:
    queue = CommandQueue(10_000)
    loud = admitted(queue, LOUD, TURN_COMMANDS + 1)
    quiet, third = admitted(queue, QUIET, 2), admitted(queue, THIRD, TURN_COMMANDS)
    assert queue.take_few(1) == []
    assert queue.take_few(2 + TURN_COMMANDS) == [*quiet, *third]
    assert (queue.ready, queue.ready_of(LOUD), queue.ready_of(QUIET)) == (len(loud), len(loud), 0)
    assert queue.take_few(100) == []
    assert queue.take(100) == loud


async def test_who_is_late_is_refused_and_nobody_comes_in_their_place() -> None:
    queue = CommandQueue(10_000)
    late = admitted(queue, QUIET, 1, until_s=0.0)
    admitted(queue, LOUD, 100)
    assert queue.take_few(10) == []
    assert isinstance(late[0].waiter.exception(), OverloadedError)  # type: ignore[attr-defined]
    assert queue.ready == 100


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.sampled_from((LOUD, QUIET, THIRD)), st.integers(1, 40)),
            st.tuples(st.sampled_from(("take", "few", "back")), st.just(""), st.integers(0, 60)),
        ),
        max_size=40,
    )
)
def test_nothing_is_lost_and_nobody_overtakes_within_a_lane(steps: list[tuple[str, str, int]]) -> None:
    async def run() -> None:
        queue = CommandQueue(100_000)
        waiting: dict[str, list[Command]] = {LOUD: [], QUIET: [], THIRD: []}
        for kind, resident, count in steps:
            if kind == "add":
                waiting[resident] += admitted(queue, resident, count)
                continue
            taken = queue.take_few(count) if kind == "few" else queue.take(count)
            assert len(taken) <= count
            for lane, commands in waiting.items():
                its = [one for one in taken if one.resident == lane]
                assert its == commands[: len(its)]
                if kind == "back":
                    continue
                del commands[: len(its)]
                assert kind != "few" or not its or not commands
            if kind == "back":
                queue.put_back(taken)
            assert queue.ready == sum(map(len, waiting.values()))
        assert len(queue.take(100_000)) == sum(map(len, waiting.values()))

    asyncio.run(run())


async def test_a_queue_is_shared_while_several_had_commands_of_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, loop = CommandQueue(100), asyncio.get_running_loop()
    shared = []
    for resident in (LOUD, LOUD, QUIET):
        admitted(queue, resident)
        queue.take(9)
        shared.append(queue.shared)
    assert shared == [False, False, True]
    late_s = loop.time() + ALONE_S
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: late_s)
        assert not queue.shared


async def test_what_is_put_back_comes_first_in_its_lane() -> None:
    queue = CommandQueue(100)
    loud, quiet = admitted(queue, LOUD, 3), admitted(queue, QUIET, 1)
    taken = queue.take(9)
    assert taken == [*loud, *quiet]
    admitted(queue, LOUD, 1)
    queue.put_back(taken)
    again = queue.take(9)
    assert [one for one in again if one.resident == LOUD][:3] == loud
    assert queue.ready == 0
    assert queue.take(9) == []


async def test_a_lane_has_half_of_all_places() -> None:
    queue = CommandQueue(8)
    admitted(queue, LOUD, 4)
    with pytest.raises(RateLimitedError):
        queue.admit(LOUD)
    admitted(queue, QUIET, 4)
    assert queue.pending == 8


async def test_when_all_places_are_taken_the_longest_lane_makes_room() -> None:
    queue = CommandQueue(8)
    loud, quiet = admitted(queue, LOUD, 4), admitted(queue, QUIET, 4)
    third = admitted(queue, THIRD, 1)
    refused = [one for one in (*loud, *quiet) if one.over]
    assert [type(one.waiter.exception()) for one in refused] == [RateLimitedError]  # type: ignore[attr-defined]
    assert refused[0] in (loud[-1], quiet[-1])
    assert (queue.pending, queue.ready) == (8, 8)
    assert third[0] in queue.take(8)


async def test_without_a_longer_lane_the_newcomer_is_refused() -> None:
    queue = CommandQueue(2)
    admitted(queue, LOUD, 1)
    admitted(queue, QUIET, 1)
    with pytest.raises(OverloadedError):
        queue.admit(THIRD)
    assert queue.pending == 2


async def test_a_late_command_is_refused_once_and_not_given_out() -> None:
    queue = CommandQueue(8)
    late = admitted(queue, LOUD, 1, until_s=0.0)[0]
    told = admitted(queue, LOUD, 1)[0]
    queue.expire(told)
    fresh = admitted(queue, LOUD, 1)
    assert queue.take(8) == fresh
    for one in (late, told):
        assert isinstance(one.waiter.exception(), OverloadedError)  # type: ignore[attr-defined]
    assert (queue.late, queue.pending, queue.ready) == (2, 1, 0)


async def test_what_is_being_written_cannot_be_late() -> None:
    queue = CommandQueue(8)
    command = admitted(queue, LOUD, 1)[0]
    queue.take(1)
    command.writing = True
    queue.expire(command)
    assert (queue.late, queue.pending, command.waiter.done()) == (0, 1, False)
