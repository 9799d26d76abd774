"""Processes that stand still and go on: late, and never as if nothing had happened meanwhile."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.faults.test_partitions import MISSING, search_abroad
from tests.support.faults.freezing import frozen, pids_of
from tests.support.faults.probing import Asked, ask
from tests.support.faults.watchdog import Watchdog
from tests.support.faults.wired import Wired
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.patience import SPARE_S
from tests.support.rooms import person
from tests.support.swapping import Swapped
from tests.support.waiting import until

PROCESSES = ("de-fra", "de-fra/2")
DEADLINE_S, SEARCH_S, SERVED_S = 10.0, 2.0, 2.0
LASTING = [3, *(pytest.param(lasts_s, marks=pytest.mark.long) for lasts_s in (15, 90))]


@pytest.fixture(scope="module")
def watchdog() -> Iterator[Watchdog]:
    """Thaws what a test leaves frozen."""
    made = Watchdog()
    yield made
    made.close()


@pytest.fixture(scope="module")
def apart(hurt: RunningDemo) -> Iterator[RunningDemo]:
    """The edge `iad` prefers the other process of a cell, so that two of them write one workspace."""
    with Swapped(hurt, "iad") as edges:
        edges.run({"iad": "the other process first"})
        yield hurt
    hurt.companion("start", "iad")


def keep_asking(demo: RunningDemo, workspace: str, edge: str, lasts_s: float) -> list[Asked]:
    """Reads of a workspace's person, one after the other."""
    token, ends_s, asked = person(demo, workspace).token, time.monotonic() + lasts_s, []
    while time.monotonic() < ends_s:
        asked.append(ask(demo.edge(edge), token))
        time.sleep(0.05)
    return asked


@pytest.mark.fault("F04")
@pytest.mark.parametrize("lasts_s", LASTING)
def test_a_cell_that_stands_still_is_slow_then_refused_and_then_itself(
    hurt: RunningDemo, watchdog: Watchdog, fault: str, lasts_s: float
) -> None:
    """All processes of a cell: each call is answered by its deadline, done or typed; people of the other cell
    are served within 2 s throughout. Thawed it goes on by itself, and the verdict is clean.
    """
    with Load(hurt, fault, timeout_s=DEADLINE_S + SPARE_S) as load:
        with load.fault(f"freeze {lasts_s} s", "de-fra"), frozen(watchdog, pids_of(hurt, *PROCESSES)):
            others = keep_asking(hurt, "globex", "fra", lasts_s / 2)
            asked = keep_asking(hurt, "acme", "fra", lasts_s / 2)
        assert {one.error for one in others} == {""}
        assert max(one.took_s for one in others) < SERVED_S + SPARE_S
        assert all(one.is_typed for one in asked), asked
        assert max(one.took_s for one in asked) < DEADLINE_S + SPARE_S
        load.goes_on()
    assert load.verdict().violations == [], load.story


def counted(demo: RunningDemo, metric: str) -> list[float]:
    """A counter of each process of the German cell."""
    rows = {row["name"]: row["address"] for row in demo.companion("status")["processes"]}
    texts = [httpx2.get(f"{rows[name]}/metrics", timeout=10).text for name in PROCESSES]
    lines = [[line for line in text.splitlines() if line.startswith(f"{metric} ")] for text in texts]
    return [sum(float(line.split()[1]) for line in found) for found in lines]


@pytest.mark.fault("race")
def test_two_processes_race_for_one_workspace(apart: RunningDemo, fault: str) -> None:
    """Two API processes write one workspace at once, each for the people of one edge: both commit, both are
    fenced, and the verdict is clean.
    """
    before = counted(apart, "colink_commits_total"), counted(apart, "colink_fences_total")
    with Load(apart, fault, writers=6) as load:
        with load.fault("race", "de-fra"):
            load.goes_on(400)
        commits, fences = counted(apart, "colink_commits_total"), counted(apart, "colink_fences_total")
    assert all(now > then for now, then in zip(commits, before[0], strict=True))
    assert sum(fences) > sum(before[1])
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F04")
@pytest.mark.parametrize("lasts_s", LASTING)
def test_a_process_that_was_overtaken_while_it_stood_still_writes_nothing_over_it(
    apart: RunningDemo, watchdog: Watchdog, fault: str, lasts_s: float
) -> None:
    """One of two API processes stands still with writes in its hands while the other goes on.
    What it goes on to write is fenced and decided again: the verdict is clean.
    """
    with Load(apart, fault, timeout_s=DEADLINE_S + SPARE_S) as load:
        for name in PROCESSES:
            with load.fault(f"freeze {lasts_s} s", name), frozen(watchdog, pids_of(apart, name)):
                asked = keep_asking(apart, "acme", "fra", lasts_s)
            assert all(one.is_typed for one in asked), asked
            load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F41")
@pytest.mark.parametrize("times", [3, pytest.param(30, marks=pytest.mark.long)])
def test_a_search_over_all_cells_does_not_wait_for_one_that_stands_still(
    wired: Wired, fault: str, times: int
) -> None:
    """Under load on the cell that asks: each search is answered by its deadline with what the others have,
    and names the cell that is missing; thawed, it is whole again. The verdict is clean.
    """
    demo, watchdog = wired.demo, wired.network.watchdog
    until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "a search over both cells")
    with Load(demo, fault, workspace="globex", writers=2, pause_s=0.05) as load:
        with load.fault("freeze", "de-fra"), frozen(watchdog, pids_of(demo, "de-fra")):
            own = []
            for _ in range(times):
                began_s = time.monotonic()
                states = search_abroad(wired)
                assert states["de-fra"] in MISSING, states
                own.append(states["us-iad"])
                assert time.monotonic() - began_s < SEARCH_S + SPARE_S
            # A busy machine may not get through all of its own in time either, and says so.
            assert "complete" in own
            assert set(own) <= {"complete", "partial"}
        until(lambda: set(search_abroad(wired).values()) == {"complete"}, 60, "the search is whole again")
        load.goes_on()
    assert load.verdict().violations == [], load.story
