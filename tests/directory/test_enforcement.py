"""A home is asked about at every point of its kind, and a test notices when one is not asked."""

from typing import Any

import pytest

from accord.errors import WithheldError
from directory.domain.bundles import SignedBundle
from directory.domain.enforcement import HOMES, REST_CLASSES
from directory.domain.homes import HomeRules
from directory.domain.placements import Asked, ResidentKind
from regional_cell.domain.events import KINDS
from regional_cell.domain.views.registry import VIEWS
from residency_policies.decision import Decision, Question
from tests.support.ruling import decided

OF_EVERY_KIND = [point.name for points in HOMES.values() for point in points]


class Bundle:
    """A bundle whose only profile denies one operation on one class."""

    version = 1

    def __init__(self, op: str, data_class: str) -> None:
        self.denied = op, data_class

    def profile_for(self, *_: object) -> "Bundle":
        return self

    def decide(self, question: Question) -> Decision:
        return decided(question, allow=(question.op, question.data_class) != self.denied)


def place(kind: ResidentKind, op: str, data_class: str) -> None:
    """Ask whether a resident may have a home where one thing is denied."""
    rules: Any = HomeRules()
    rules._compiled_at = lambda signed, now_s: Bundle(op, data_class)
    asked = Asked("X1", kind, "DE", (), (), b"", "k")
    cell, signed = _Place(), SignedBundle.__new__(SignedBundle)
    rules.require_lawful(signed, asked, cell, 1)


class _Place:
    region = "eu-central-1"


@pytest.mark.notices("directory/domain/homes.py::HomeRules.require_lawful", *OF_EVERY_KIND)
def test_whatever_is_denied_withholds_the_home() -> None:
    for kind, points in HOMES.items():
        for point in points:
            for data_class in point.classes:
                with pytest.raises(WithheldError):
                    place(kind, point.op, data_class)
        place(kind, "export", "message_body")


@pytest.mark.parametrize(("kind", "letter"), [("workspace", "T"), ("organisation", "E"), ("person", "P")])
def test_what_the_cell_keeps_of_a_resident_is_asked_about(kind: ResidentKind, letter: str) -> None:
    kept = {one.data_class for one in KINDS.values() if letter in one.logs}
    kept |= {view.data_class for view in VIEWS.values() if letter in view.logs}
    kept |= {view.content_class for view in VIEWS.values() if letter in view.logs and view.content_class}
    assert kept | {"enc_key"} <= set(REST_CLASSES[kind])
