"""Enforcement points: the places in code where a decision is asked, each a value of its plane's own table.

Invariants
    1. A point asks about every one of its classes; the first refusal is its answer, and an allow owes what
       any class owes.
    2. Words outside of the vocabulary make no point.
    3. Planes make questions through points alone, so that what is asked stands in a table.

Not here: the tables (`domain/enforcement.py` of each plane), and which tests reach a point and notice when it
is gone (`docs/enforcement.toml`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from residency_policies.decision import Decision, Question, Viewer
from residency_policies.vocabulary import CLASS_INDEX, OBLIGATIONS, OP_INDEX, PURPOSE_INDEX

Decided = Callable[[str, str], None]
"""Told of each answer of a point: its name and the decision's code."""


def untold(point: str, code: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a point is asked about: data of a workspace (or another resident) from region `src` to region
    `dst`, before a viewer. `ref` names the channel, where it is about one; without it the rules of all
    channels hold.
    """

    workspace: str
    src: str
    dst: str
    viewer: Viewer
    ref: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One place where a decision is asked. Two points are never equal.

    Attributes:
        name: plane, feature and act, joined by dots; the label of its metric.
        classes: all of them are asked about, in this order.
        can: obligations that the place can discharge; a decision that demands more is a denial.
    """

    name: str
    op: str
    classes: tuple[str, ...]
    purpose: str
    can: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        words = self.op in OP_INDEX and self.purpose in PURPOSE_INDEX and self.can <= set(OBLIGATIONS)
        if not words or not self.classes or not set(self.classes) <= set(CLASS_INDEX):
            raise ValueError(f"{self.name}: no point of this vocabulary")

    def questions(self, flow: Flow, bundle: int) -> Iterator[Question]:
        """One for each class."""
        for data_class in self.classes:
            yield Question(
                flow.workspace, bundle, self.op, data_class, flow.src, flow.dst, flow.viewer, self.purpose,
                can=self.can, ref=flow.ref,
            )  # fmt: skip

    def ask(self, decide: Callable[[Question], Decision], flow: Flow, bundle: int) -> Decision:
        """The first refusal; where no class is refused, the decision for the first one, with what is owed for
        any of them.
        """
        decisions = [decide(question) for question in self.questions(flow, bundle)]
        if (refusal := next((decision for decision in decisions if not decision.allow), None)) is not None:
            return refusal
        owed = {one.do: one for decision in decisions for one in decision.obligations}
        return replace(decisions[0], obligations=tuple(owed[do] for do in sorted(owed)))
