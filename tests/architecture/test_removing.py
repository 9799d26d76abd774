"""A check that is removed is gone at its place alone, and whoever does not notice is told."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.domain.enforcement import TRANSIT
from edge.services.calls import Calls
from residency_policies.decision import Viewer
from residency_policies.points import Flow
from tests.support.removing import FIXTURE, Removal, remove, turned
from tests.support.ruling import decided

REMOVAL = Removal("edge/services/calls.py::Calls.admit", "edge.transit")
FLOW = Flow("T1", "a", "b", Viewer("system"))


def names(function: Any) -> Any:
    """The point that a function of `Calls` asks at."""
    return function.__globals__["TRANSIT"]


def test_a_removed_check_allows_at_its_place_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    remove(REMOVAL, monkeypatch)
    point = names(Calls.admit)
    assert point is not TRANSIT
    assert point.ask(lambda question: decided(question, allow=False), FLOW, 1).allow
    assert names(Calls.forward) is TRANSIT
    monkeypatch.undo()
    assert names(Calls.admit) is TRANSIT


@pytest.mark.parametrize(
    ("function", "point"), [("Calls.admit", "edge.elsewhere.transit"), ("Calls.reached", "edge.transit")]
)
def test_a_check_that_is_not_there_cannot_be_removed(
    function: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal = Removal(f"edge/services/calls.py::{function}", point)
    with pytest.raises(KeyError, match="has no"):
        remove(removal, monkeypatch)


@pytest.mark.parametrize(
    ("error", "removal", "outcome"),
    [
        (AssertionError, REMOVAL, "passed"),
        (pytest.fail.Exception, REMOVAL, "passed"),
        (ValueError, REMOVAL, "failed"),
        (None, REMOVAL, "failed"),
        (AssertionError, None, "failed"),
        (None, None, "passed"),
    ],
)
def test_who_runs_without_a_check_has_to_fail_on_an_assertion(
    error: type[BaseException] | None, removal: Removal | None, outcome: str
) -> None:
    item = SimpleNamespace(callspec=SimpleNamespace(params={FIXTURE: removal}))
    report = SimpleNamespace(when="call", outcome="failed" if error else "passed", longrepr=None)
    call = SimpleNamespace(excinfo=SimpleNamespace(type=error) if error else None)
    turned(cast(Any, item), cast(Any, call), cast(Any, report))
    assert report.outcome == outcome
    assert (report.longrepr == f"nobody noticed: {REMOVAL}") == (error is None and removal is not None)
