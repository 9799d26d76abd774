"""Clocks of a cell that are set by people: nothing is ordered by them, and nothing is lost."""

from collections.abc import Iterator

import pytest

from tests.support.clients import Plain
from tests.support.faults.clocks import CLOCK, set_clock
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.rooms import person, room
from tests.support.swapping import Swapped

PROCESSES = ("de-fra", "de-fra/2")
AHEAD_S, BEHIND_S, BACK_S, DIFFER_S = 300, -300, -3_600, 20


@pytest.fixture(scope="module")
def swapped(hurt: RunningDemo) -> Iterator[Swapped]:
    """The processes of the German cell, with clocks that can be set; in the end the demo's own again."""
    with Swapped(hurt, *PROCESSES) as processes:
        processes.run(dict.fromkeys(PROCESSES, CLOCK))
        yield processes
    hurt.companion("start", "de-fra")


@pytest.fixture(autouse=True)
def set_right(hurt: RunningDemo, swapped: Swapped) -> Iterator[None]:
    """Clocks are right again after each test."""
    yield
    set_clock(swapped, hurt, "de-fra", PROCESSES, 0)


@pytest.mark.fault("F36")
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_clocks_that_are_set_under_load_change_no_order(
    hurt: RunningDemo, swapped: Swapped, fault: str, times: int
) -> None:
    """Both clocks of a cell go 5 minutes ahead, 5 minutes behind and an hour back, then one differs from the
    other by 40 s: posts go on, and the verdict is clean.
    """
    with Load(hurt, fault) as load:
        for _ in range(times):
            for ahead_s in (AHEAD_S, BEHIND_S, BACK_S):
                with load.fault(f"clock {ahead_s:+} s", "de-fra"):
                    set_clock(swapped, hurt, "de-fra", PROCESSES, ahead_s)
                    load.goes_on()
            with load.fault("clocks differ", "de-fra/2"):
                set_clock(swapped, hurt, "de-fra", PROCESSES[:1], -DIFFER_S)
                load.goes_on()
                set_clock(swapped, hurt, "de-fra", PROCESSES[1:], DIFFER_S)
                load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F36")
def test_times_of_messages_rise_while_the_clock_is_set_back(
    hurt: RunningDemo, swapped: Swapped, fault: str
) -> None:
    """One message after another, the clock ahead, behind and an hour back: each `ts` is larger than the one
    before, and pages show that order.
    """
    anna = person(hurt)
    channel = room(hurt, anna)
    stamps = []
    with Plain(hurt.edge("fra"), anna.token) as plain:
        for ahead_s in (0, AHEAD_S, 0, BEHIND_S, BACK_S, AHEAD_S):
            set_clock(swapped, hurt, "de-fra", PROCESSES, ahead_s)
            stamps += [plain.done("chat.postMessage", channel=channel, text="x")["ts"] for _ in range(3)]
        page = plain.done("conversations.history", channel=channel)["messages"]
    assert [float(ts) for ts in stamps] == sorted({float(ts) for ts in stamps})
    assert [message["ts"] for message in page[::-1] if message["text"] == "x"] == stamps
