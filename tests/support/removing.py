"""Removes the check of one enforcement point at one place, to see that a test notices.

    @pytest.mark.notices("edge/services/calls.py::Calls.admit", "edge.transit")
    async def test_...

runs the test as it is, and once more for each point that is named, without that point's check at that place:
the function gets a point in its stead that allows whatever it is asked. Then the test has to fail on an
assertion, and is reported as passed when it does.
"""

import importlib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from residency_policies.decision import Decision, Question, make_decision
from residency_policies.points import Flow, Point

MARK, FIXTURE = "notices", "removed"
NOTICED = (AssertionError, pytest.fail.Exception)


@dataclass(frozen=True, slots=True)
class Removal:
    """The check of a point, by its name, at a place: `file::Class.function`."""

    place: str
    point: str

    def __str__(self) -> str:
        return f"without {self.point} in {self.place.partition('::')[2]}"


class _Allowing(Point):
    """A point that asks nobody."""

    __slots__ = ()

    def ask(self, decide: Callable[[Question], Decision], flow: Flow, bundle: int) -> Decision:
        """Always allowed."""
        return make_decision("OK", bundle, "removed")


def removals(function: Any) -> list[Removal]:
    """What the marks of a test name."""
    marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == MARK]
    return [Removal(mark.args[0], point) for mark in marks for point in mark.args[1:]]


def remove(removal: Removal, patch: pytest.MonkeyPatch) -> None:
    """Put the function in whose stead the point allows everything. Raises KeyError when it has no such
    point.
    """
    file, _, name = removal.place.partition("::")
    owner: Any = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    *scopes, last = name.split(".")
    for scope in scopes:
        owner = getattr(owner, scope)
    function: types.FunctionType = vars(owner)[last]
    changed = dict(_changed(function, removal.point))
    if not changed:
        raise KeyError(f"{removal.place} has no {removal.point}")
    without = types.FunctionType(
        function.__code__,
        {**function.__globals__, **changed},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    without.__kwdefaults__ = function.__kwdefaults__
    patch.setattr(owner, last, without)


def _changed(function: types.FunctionType, point: str) -> Iterator[tuple[str, Any]]:
    twins: dict[int, Point] = {}
    for word in function.__code__.co_names:
        if word in function.__globals__:
            value = function.__globals__[word]
            other = _without(value, point, twins)
            if other is not value:
                yield word, other


def _without(value: Any, point: str, twins: dict[int, Point]) -> Any:
    """The value with the point replaced, in tuples and in values of dicts too; itself where it has none."""
    if isinstance(value, Point):
        if value.name != point:
            return value
        twin = _Allowing(value.name, value.op, value.classes, value.purpose, value.can)
        return twins.setdefault(id(value), twin)
    if type(value) is tuple:
        changed = tuple(_without(one, point, twins) for one in value)
        return value if all(a is b for a, b in zip(value, changed, strict=True)) else changed
    if type(value) is dict:
        pairs = {key: _without(one, point, twins) for key, one in value.items()}
        return value if all(value[key] is pairs[key] for key in pairs) else pairs
    return value


# --- as a plugin of pytest ----------------------------------------------------------------------------------


def generate(metafunc: pytest.Metafunc) -> None:
    """Run a marked test as it is, and once without each check that it notices."""
    if found := removals(metafunc.function):
        metafunc.parametrize(FIXTURE, [None, *found], indirect=True, ids=lambda one: str(one or "as it is"))


@pytest.fixture(autouse=True)
def removed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Removes what the parameter says, for one test; nothing for tests without a mark."""
    removal = getattr(request, "param", None)
    if removal is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        remove(removal, patch)
        yield


def turned(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Turn the report of a test that runs without a check: it passes when an assertion failed."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if report.when != "call" or params.get(FIXTURE) is None or report.outcome == "skipped":
        return
    noticed = call.excinfo is not None and issubclass(call.excinfo.type, NOTICED)
    if noticed:
        report.outcome, report.longrepr = "passed", None
    elif report.outcome == "passed":
        report.outcome, report.longrepr = "failed", f"nobody noticed: {params[FIXTURE]}"
