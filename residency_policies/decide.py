"""Profiles: the decision function that planes call.

Invariants
    1. Total: every question has exactly one decision and nothing is raised; what is not known is denied.
    2. Deterministic: no clock, no randomness; the same bundle and question give the same decision.
    3. A question that names another bundle version than the profile is denied (BUNDLE_SKEW).
"""

from collections.abc import Callable
from typing import Protocol

from residency_policies.compile import DIMENSIONS, Answer, Guard, Table
from residency_policies.decision import Decision, Question, Region, Viewer, make_decision
from residency_policies.places import COUNTRY_INDEX
from residency_policies.vocabulary import (
    CLASS_GROUPS,
    CLASS_INDEX,
    RELATION_INDEX,
    Code,
    is_observable,
)

NONE: frozenset[str] = frozenset()
# (dst, relation, viewer country, purpose, facts, can) -> Decision
Bound = Callable[[str, str, str, str, frozenset[str], frozenset[str]], Decision]


class Profile(Protocol):
    """What rules one kind of workspace. `hash` names the table; `boundary_s` is when it must be compiled
    anew.
    """

    @property
    def hash(self) -> str: ...

    @property
    def boundary_s(self) -> int | None: ...

    def decide(self, question: Question) -> Decision:
        """The decision of a question."""
        ...

    def bind(self, op: str, data_class: str, src: str, ref: str = "") -> Bound:
        """The same for many questions under this bundle that share operation, class, source and `ref`."""
        ...

    def refuse(self, code: Code) -> Decision:
        """A denial that the caller makes itself: HALTED, BUNDLE_SKEW, for a safe core also NO_TABLE.

        Any other code gives UNKNOWN_VALUE; an allow cannot be made this way.
        """
        ...


class TableProfile:
    """A profile with a compiled table."""

    def __init__(self, table: Table, bundle: int, boundary_s: int | None) -> None:
        self.bundle = bundle
        self.boundary_s = boundary_s
        self.table = table
        self._cells = table.cells
        self._answers = table.answers
        maps = [
            dict(zip(values, offsets[1:], strict=True))
            for values, offsets in zip(table.values, table.offsets, strict=True)
        ]
        by_name = dict(zip(DIMENSIONS, maps, strict=True))
        self._op, self._class, self._src = by_name["op"], by_name["class"], by_name["src"]
        self._relation, self._purpose = by_name["relation"], by_name["purpose"]
        self._dst, self._country = by_name["dst"], by_name["country"]

    @property
    def hash(self) -> str:
        """ "sha256:<hex>" of the table."""
        return self.table.hash

    def decide(self, question: Question) -> Decision:
        """The decision of a question. Raises nothing."""
        try:
            if question.bundle != self.bundle:
                return self.table.skew
            viewer = question.viewer
            place = (
                self._op[question.op]
                + self._class[question.data_class]
                + self._src[question.src]
                + self._dst[question.dst]
                + self._relation[viewer.relation]
                + self._country[viewer.country]
                + self._purpose[question.purpose]
            )
            return self._at(place, question.facts, question.can)
        except (KeyError, TypeError, AttributeError):
            # A value of the wrong type is a value outside the vocabulary.
            return self.table.unknown

    def bind(self, op: str, data_class: str, src: str, ref: str = "") -> Bound:
        """See `Profile.bind`."""
        unknown = self.table.unknown
        try:
            base = self._op[op] + self._class[data_class] + self._src[src]
        except (KeyError, TypeError):
            return lambda *_: unknown
        dsts, relations, countries, purposes = self._dst, self._relation, self._country, self._purpose
        at = self._at

        def decide(
            dst: str, relation: str, country: str, purpose: str, facts: frozenset[str], can: frozenset[str]
        ) -> Decision:
            try:
                place = base + dsts[dst] + relations[relation] + countries[country] + purposes[purpose]
                return at(place, facts, can)
            except (KeyError, TypeError):
                return unknown

        return decide

    def refuse(self, code: Code) -> Decision:
        """See `Profile.refuse`."""
        return {"HALTED": self.table.halted, "BUNDLE_SKEW": self.table.skew}.get(code, self.table.unknown)

    def _at(self, place: int, facts: frozenset[str], can: frozenset[str]) -> Decision:
        if facts and not all(map(is_observable, facts)):
            return self.table.unknown
        answer = self._answers[self._cells[place]]
        if answer.__class__ is Guard:
            answer = _guarded(answer, facts)
        assert isinstance(answer, Answer)
        if answer.owed and not answer.owed <= can:
            return answer.unmet
        return answer.decision


def _guarded(answer: Answer | Guard, facts: frozenset[str]) -> Answer:
    assert isinstance(answer, Guard)
    bits = 0
    for place, fact in enumerate(answer.facts):
        if fact in facts:
            bits |= 1 << place
    return answer.answers[bits]


# What a home cell needs to accept and show messages; everything else waits for a table.
_CORE_OPS = frozenset({"store", "process", "transit", "index", "search_from", "disclose"})
_CORE_RELATIONS = frozenset({"employee", "guest", "external", "system"})
_NO_CORE_CLASSES = frozenset(CLASS_GROUPS["secrets"] + CLASS_GROUPS["copies"])


class SafeCoreProfile:
    """The profile of a workspace without a policy: home-local use goes on, everything that crosses is denied.

    Home-local: source and destination are one region, the purpose is local, and a human viewer is in its
    country.
    """

    hash = "none"
    boundary_s: int | None = None

    def __init__(self, bundle: int, regions: tuple[Region, ...]) -> None:
        self.bundle = bundle
        self._country = {region.id: region.country for region in regions}
        codes: tuple[Code, ...] = ("OK", "NO_TABLE", "UNKNOWN_VALUE", "BUNDLE_SKEW", "HALTED")
        self._decisions = {code: make_decision(code, bundle, self.hash) for code in codes}

    def decide(self, question: Question) -> Decision:
        """The decision of a question. Raises nothing."""
        try:
            if question.bundle != self.bundle:
                return self._decisions["BUNDLE_SKEW"]
            viewer = question.viewer
            known = (
                question.data_class in CLASS_INDEX
                and question.src in self._country
                and viewer.relation in RELATION_INDEX
                and viewer.country in COUNTRY_INDEX
                and all(map(is_observable, question.facts))
            )
            if not known:
                return self._decisions["UNKNOWN_VALUE"]
            home = (
                question.op in _CORE_OPS
                and question.data_class not in _NO_CORE_CLASSES
                and question.src == question.dst
                and question.purpose == "local"
                and viewer.relation in _CORE_RELATIONS
                and (viewer.relation == "system" or viewer.country == self._country[question.src])
            )
        except (TypeError, AttributeError):
            return self._decisions["UNKNOWN_VALUE"]
        return self._decisions["OK" if home else "NO_TABLE"]

    def bind(self, op: str, data_class: str, src: str, ref: str = "") -> Bound:
        """See `Profile.bind`."""
        from_question = self.decide

        def decide(
            dst: str, relation: str, country: str, purpose: str, facts: frozenset[str], can: frozenset[str]
        ) -> Decision:
            viewer = Viewer(relation, country)
            return from_question(Question("", self.bundle, op, data_class, src, dst, viewer, purpose, facts))

        return decide

    def refuse(self, code: Code) -> Decision:
        """See `Profile.refuse`."""
        return self._decisions[code if code in ("HALTED", "BUNDLE_SKEW", "NO_TABLE") else "UNKNOWN_VALUE"]
