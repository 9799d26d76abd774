"""The checker is worth what it finds: each bug is planted in real processes under the ordinary load, and its
verdict names the invariant that it breaks; without a bug the same load breaks none.
"""

import contextlib
from collections.abc import Iterator

import pytest

from tests.support.bugs.catalogue import BUGS, CELL, KILL
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.swapping import Swapped

pytestmark = pytest.mark.timeout(600)

CELLS, EDGES = ("de-fra", "de-fra/2"), ("fra", "fra-2")
ENOUGH = 150
SETTLES_S = 12.0


@pytest.fixture(scope="module")
def two() -> Iterator[RunningDemo]:
    """One cell of two processes behind two edges, of which the second prefers the other process."""
    options = (
        "--cells",
        "de-fra",
        "--processes",
        "2",
        "--edges",
        "2",
        "--rate-limits",
        "off",
        "--no-latency",
    )
    with RunningDemo(*options) as running:
        yield running


@pytest.fixture(scope="module")
def swapped(two: RunningDemo) -> Iterator[Swapped]:
    """Its processes, to plant bugs in."""
    with Swapped(two, *CELLS, *EDGES) as processes:
        yield processes


def run(two: RunningDemo, swapped: Swapped, bug: str, needs: str) -> Load:
    """The load on a federation with a bug, or with none."""
    plane = BUGS[bug].plane if bug else ""
    chosen = CELLS if plane == CELL else EDGES[:1] if plane else ()
    swapped.run(dict.fromkeys(chosen, bug) | {EDGES[1]: "the other process first"})
    with Load(two, edges=EDGES) as load:
        load.goes_on(ENOUGH)
        if needs == KILL:
            with load.fault("kill", CELLS[0]):
                for name in CELLS:
                    swapped.kill(name)
                for name in CELLS:
                    swapped.revive(name)
            load.goes_on()
    return load


@pytest.mark.parametrize("needs", ["", KILL])
def test_a_federation_without_a_bug_breaks_nothing(two: RunningDemo, swapped: Swapped, needs: str) -> None:
    load = run(two, swapped, "", needs)
    assert load.verdict().violations == [], load.story


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_named_by_its_invariant(two: RunningDemo, swapped: Swapped, bug: str) -> None:
    load = run(two, swapped, bug, BUGS[bug].needs)
    # Some bugs keep it from coming to rest.
    with contextlib.suppress(AssertionError):
        load.settle(SETTLES_S)
    verdict = load.verdict()
    assert set(BUGS[bug].invariants.split()) <= set(verdict.invariants)
