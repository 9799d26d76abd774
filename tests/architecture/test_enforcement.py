"""Every place that asks for a decision is in a table, with a flow that reaches it and a test that notices its
absence; and nothing asks beside the tables.
"""

import types

import pytest

from docs import enforcement
from docs.enforcement import Asked
from docs.found import sources
from residency_policies.points import Point
from tests.architecture.sources import ROOT

POINT = Point("test.point", "disclose", ("message_body",), "local")
PLANTED = """
SHOWN = (POINT,)

class Outer:
    def show(self):
        def inner():
            return SHOWN
        return inner()

    def other(self): ...
"""
LOOSE = """
Question("T1", 1, "disclose", "message_body", "a", "b", viewer, "local")
Point("test.loose", "disclose", ("message_body",), "local")
bundle.profile_for("T1", "DE")
self.profile.bind("disclose", "message_body", "a")
self._policies.decide(question, "DE", (), ())
socket.bind(path)
command.decide(state)
"""


def test_tables_and_code_are_the_same_and_every_row_is_reached_and_held() -> None:
    assert len(enforcement.points()) > 20
    places, flows = enforcement.asked(ROOT), enforcement.reached(ROOT)
    assert enforcement.faults(enforcement.points(), places, enforcement.noticed(ROOT), flows) == []


def test_a_place_that_asks_is_found() -> None:
    module = types.ModuleType("x")
    vars(module).update(POINT=POINT, SHOWN=(POINT,))
    assert set(enforcement.asked_in(PLANTED, "x.py", module)) == {Asked("test.point", "x.py::Outer.show")}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"places": set()}, "nobody asks at test.point"),
        ({"known": {}}, "no table has test.point"),
        ({"tests": {}}, "no test notices x.py::show without test.point"),
        ({"flows": {}}, "no flow reaches test.point"),
        ({"tests": {Asked("test.point", "y.py::show"): ["t"]}}, "y.py::show does not ask at test.point"),
        (
            {"flows": {"test.point": ["f"], "test.gone": ["f"]}},
            "no table has test.gone, which a flow reaches",
        ),
    ],
)
def test_whatever_is_missing_is_a_fault(changes: dict[str, object], fault: str) -> None:
    place = Asked("test.point", "x.py::show")
    whole: dict[str, object] = {
        "known": {"test.point": POINT},
        "places": {place},
        "tests": {place: ["t"]},
        "flows": {"test.point": ["f"]},
    }
    assert enforcement.faults(**whole) == []  # type: ignore[arg-type]
    assert fault in enforcement.faults(**whole | changes)  # type: ignore[arg-type]


def test_nothing_asks_without_a_point() -> None:
    assert [each for file, text in sources(ROOT) for each in enforcement.loose(text, file)] == []


def test_what_asks_without_a_point_is_found() -> None:
    def found(file: str) -> list[str]:
        return [each.rpartition(" ")[2] for each in enforcement.loose(LOOSE, file)]

    assert found("edge/services/x.py") == ["Question", "Point", "profile_for", "bind", "decide"]
    assert found("edge/domain/enforcement.py") == ["Question", "profile_for", "bind", "decide"]
    assert found("edge/services/policies.py") == ["Question", "Point"]
