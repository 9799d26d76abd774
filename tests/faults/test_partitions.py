"""Hosts that do not reach each other: nobody gets a wrong answer, or waits for longer than was said."""

import time
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.clients import Plain
from tests.support.faults.network import How, Pair
from tests.support.faults.probing import Asked, ask
from tests.support.faults.wired import Wired
from tests.support.load import WARM, Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person
from tests.support.waiting import until

# Of a call from an edge, of one that is refused, of a search over all cells.
DEADLINE_S, REFUSED_S, SEARCH_S = 10.0, 2.0, 2.0
MISSING = {"timed_out", "unavailable"}
LONG = pytest.param(120, marks=pytest.mark.long)


def at(wired: Wired, edge: str, workspace: str = "acme") -> Asked:
    """One read of a workspace's person through an edge."""
    return ask(wired.demo.edge(edge), person(wired.demo, workspace).token)


def keep_asking(wired: Wired, edge: str, lasts_s: float) -> list[Asked]:
    """Reads one after the other through an edge."""
    ends_s, asked = time.monotonic() + lasts_s, []
    while time.monotonic() < ends_s:
        asked.append(at(wired, edge))
        time.sleep(0.05)
    return asked


@pytest.mark.fault("F11")
@pytest.mark.parametrize("lasts_s", [5, LONG])
def test_an_edge_that_does_not_reach_the_home_says_so_in_time(
    wired: Wired, fault: str, lasts_s: float
) -> None:
    """Packets lost: every call is answered by its deadline, with `fatal_error` where it was sent, else with
    `service_unavailable`. Refused: within 2 s. The other edge and the other cell's people notice nothing.
    The verdict is clean.
    """
    with Load(wired.demo, fault, timeout_s=DEADLINE_S + SPARE_S) as load:
        with load.fault("drop", "fra to de-fra"), wired.network.cut(("fra", "de-fra")):
            asked = keep_asking(wired, "fra", lasts_s)
            assert all(one.is_typed and one.error for one in asked), asked
            assert max(one.took_s for one in asked) < DEADLINE_S + SPARE_S
            assert at(wired, "iad").error == at(wired, "fra", "globex").error == ""
            load.goes_on(WARM // 4)
        until(lambda: at(wired, "fra").error == "", 60, "the edge reaches the home again")
        with load.fault("reject", "fra to de-fra"), wired.network.cut(("fra", "de-fra"), how="reject"):
            at(wired, "fra")
            asked = keep_asking(wired, "fra", lasts_s)
            assert {(one.status, one.error) for one in asked} == {(503, "service_unavailable")}
            assert max(one.took_s for one in asked) < REFUSED_S + SPARE_S
            assert at(wired, "iad").error == ""
        load.goes_on()
    assert load.verdict().violations == [], load.story


def search_abroad(wired: Wired) -> dict[str, str]:
    """States by cell of a search by an American over both cells."""
    row = wired.demo.visitor()[1]
    with Plain(wired.demo.edge("iad"), row["token"]) as plain:
        answer: dict[str, Any] = plain.done("ext.search", query="plan")
    return {cell["cell"]: cell["state"] for cell in answer["cells"]}


@pytest.mark.fault("F12")
@pytest.mark.parametrize(
    "lasts_s", [3, pytest.param(600, marks=[pytest.mark.long, pytest.mark.timeout(1_500)])]
)
def test_cells_that_do_not_reach_each_other_serve_their_own(wired: Wired, fault: str, lasts_s: float) -> None:
    """A search over both cells says within its deadline which of them is missing, and is whole again by
    itself; posts and reads at home go on at every edge, and the verdict is clean.
    """
    until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "a search over both cells")
    with Load(wired.demo, fault, pause_s=0.02) as load:
        with load.fault("drop", "us-iad to de-fra"), wired.network.cut(("us-iad", "de-fra")):
            ends_s = time.monotonic() + lasts_s
            while time.monotonic() < ends_s:
                began_s = time.monotonic()
                states = search_abroad(wired)
                assert (states["us-iad"], states["de-fra"] in MISSING) == ("complete", True)
                assert time.monotonic() - began_s < SEARCH_S + SPARE_S
                time.sleep(0.2)
            load.goes_on()
        until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "the search is whole again")
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0


@pytest.mark.fault("F13")
def test_a_cell_that_does_not_reach_the_directory_serves_on(wired: Wired, fault: str) -> None:
    """As with the directory away, for that cell and its edge: nothing fails, the verdict is clean."""
    cut = wired.network.cut(("de-fra", "directory"), ("fra", "directory"))
    with Load(wired.demo, fault) as load:
        with load.fault("drop", "directory"), cut:
            load.goes_on(3 * WARM)
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0


@pytest.mark.fault("F14")
@pytest.mark.parametrize("lasts_s", [4, LONG])
def test_answers_that_are_lost_leave_outcomes_that_a_retry_settles(
    wired: Wired, fault: str, lasts_s: float
) -> None:
    """Requests arrive at the cell, answers do not leave it: outcomes are unknown, the same key settles them
    to one message; the edge sends nothing twice, also what has no key. The verdict is clean.
    """
    with Load(wired.demo, fault, edges=("fra",), timeout_s=DEADLINE_S + SPARE_S, pause_s=0.02) as load:
        with load.fault("drop answers", "de-fra to fra"):
            with wired.network.cut(("de-fra", "fra"), one_way=True):
                asked = keep_asking(wired, "fra", lasts_s)
            assert all(one.is_typed for one in asked), asked
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story


BRIDGE: tuple[Pair, ...] = (("fra", "us-iad"), ("iad", "de-fra"), ("de-fra", "us-iad"))
RING: tuple[Pair, ...] = (("fra", "de-fra"), ("iad", "us-iad"), ("directory", "us-iad"))


@pytest.mark.fault("F15")
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.long)])
def test_partitions_that_come_and_go_lose_nothing(wired: Wired, fault: str, times: int) -> None:
    """Each host reaches some of the others (a bridge, a ring), every two seconds another set of them,
    healed in another order than broken: what is acknowledged stays, and the verdict is clean.
    """
    shapes: list[tuple[How, tuple[Pair, ...]]] = [("drop", BRIDGE), ("reject", RING)]
    with Load(wired.demo, fault, timeout_s=DEADLINE_S + SPARE_S) as load:
        for _ in range(times):
            for how, pairs in shapes:
                with load.fault(how, "every two seconds"):
                    swizzle(wired, pairs, how)
        load.goes_on()
    assert load.verdict().violations == [], load.story


def swizzle(wired: Wired, pairs: tuple[Pair, ...], how: How) -> None:
    """Break pair by pair, then heal the one that broke first, first."""
    stacks = [ExitStack() for _ in pairs]
    try:
        for stack, pair in zip(stacks, pairs, strict=True):
            stack.enter_context(wired.network.cut(pair, how=how))
            time.sleep(2 / len(pairs))
        for stack in stacks:
            time.sleep(2 / len(pairs))
            stack.close()
    finally:
        for stack in stacks:
            stack.close()
