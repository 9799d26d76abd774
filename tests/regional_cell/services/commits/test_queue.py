"""The writer's queue: lanes have their turns, and who has little waits for little."""

import asyncio
from collections.abc import Iterable

import pytest

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
