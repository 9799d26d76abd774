"""Processes of a cell die at the worst moments of a write: every outcome is settled by one more try."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.faults.crashing import ARM
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.swapping import Swapped

PROCESSES = ("de-fra", "de-fra/2")
DIES_S = 60.0


@pytest.fixture(scope="module")
def swapped(hurt: RunningDemo) -> Iterator[Swapped]:
    """The processes of the German cell; in the end they are the demo's own again."""
    with Swapped(hurt, *PROCESSES) as processes:
        yield processes
    hurt.companion("start", "de-fra")


@pytest.mark.fault("F01")
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", ["dies before a commit", "dies after a commit", "dies before it tells"])
def test_a_death_at_any_point_of_a_write_is_settled_by_one_more_try(
    hurt: RunningDemo, swapped: Swapped, fault: str, point: str, times: int
) -> None:
    """Under load both processes of the cell die in the middle of a batch, one after the other takes over: the
    same key leads to the same message, sockets go on without a gap, and the verdict is clean.
    """
    swapped.run(dict.fromkeys(PROCESSES, point))
    with Load(hurt, fault) as load:
        for _ in range(times):
            with load.fault(point, "de-fra"):
                for name in PROCESSES:
                    swapped.signal(name, ARM)
                for name in PROCESSES:
                    assert swapped.ended(name, DIES_S) == -signal.SIGKILL
                for name in PROCESSES:
                    swapped.revive(name)
            load.goes_on()
    assert load.verdict().violations == [], load.story
