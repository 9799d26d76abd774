"""Kinds of flows: one form, nobody's name, and as exact as a decision."""

import json

import pytest

from accord.encoding import canonical_json
from accord.errors import InvalidError
from residency_policies.analyse.impact import keys_of
from residency_policies.decision import Viewer
from residency_policies.points import Flow, Point
from residency_policies.traffic import kind_of, read_kind

POINT = Point("x", "disclose", ("message_body", "file_content"), "search", frozenset({"ledger_entry"}))


def flow(workspace: str = "T1") -> Flow:
    return Flow(workspace, "eu-central-1", "us-east-1", Viewer("guest", "US"))


def test_a_kind_is_read_as_it_was_written_and_asks_what_the_point_asked() -> None:
    kind = kind_of(POINT, flow(), "DE", ("FR", "AT"), ("b", "a"))
    assert read_kind(kind.to_bytes()) == kind == kind_of(POINT, flow(), "DE", ("AT", "FR"), ("a", "b"))
    assert [key.question(7) for key in keys_of(kind)] == list(POINT.questions(flow(), 7))


def test_people_and_organisations_stand_without_their_ids() -> None:
    assert [kind_of(POINT, flow(it), "DE", (), ()).workspace for it in ("P1", "E1", "T1")] == ["", "", "T1"]


@pytest.mark.parametrize(
    "change",
    [
        {"op": "sing"}, {"classes": []}, {"classes": ["message_body"] * 2}, {"classes": ["songs"]},
        {"can": ["pray"]}, {"purpose": "fun"}, {"workspace": "P1"}, {"src": 1}, {"tags": [1]}, {"more": ""},
        {"src": "x" * 5_000},
    ],
)  # fmt: skip
def test_what_no_point_asks_is_refused(change: dict[str, object]) -> None:
    tree = json.loads(kind_of(POINT, flow(), "DE", (), ()).to_bytes())
    with pytest.raises(InvalidError):
        read_kind(canonical_json(tree | change))
