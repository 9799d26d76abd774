"""Rules as terms: products of one set per dimension of a table, and what matches where some of them do.

A term is (operations, classes, sources, relations, purposes, destinations, countries of the viewer); None
means every value. What places mean is said in `rule`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from residency_policies import vocabulary
from residency_policies.rule import Ground, Rule

Term = tuple[frozenset[str] | None, ...]
Grounds = tuple[Ground, ...]
# A rule (its place in the list) that matches. For a deny that grounds can lift also the grounds that reach
# one place that it catches: those that count and those that have ended.
Hit = tuple[int, tuple[Grounds, Grounds] | None]


@dataclass(frozen=True, slots=True)
class _Caught:
    """One way in which a deny matches: by the region or by the viewer. Bits are places of terms."""

    rule: int
    now: tuple[tuple[int, Ground], ...]
    ended: tuple[tuple[int, Ground], ...]


class Matches:
    """The terms of rules. A set of terms is a mask: bit i stands for `terms[i]`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.terms: list[Term] = []
        self._rule_of: dict[int, int] = {}
        self._caught: dict[int, _Caught] = {}
        self._bits: dict[Term, int] = {}
        for index, rule in enumerate(rules):
            self._add(index, rule)
        # Bits of terms that are a match; the others only say that a ground reaches.
        self._heads = sum(1 << bit for bit in (*self._rule_of, *self._caught))

    def hits(self, mask: int) -> tuple[Hit, ...]:
        """What matches where exactly the terms of the mask do."""
        found: dict[Hit, None] = {}
        heads = mask & self._heads
        while heads:
            bit = (heads & -heads).bit_length() - 1
            heads &= heads - 1
            caught = self._caught.get(bit)
            if caught is None:
                found[(self._rule_of[bit], None)] = None
                continue
            now = tuple(ground for place, ground in caught.now if mask >> place & 1)
            ended = tuple(ground for place, ground in caught.ended if mask >> place & 1)
            found[(caught.rule, (now, ended))] = None
        return tuple(found)

    def _add(self, index: int, rule: Rule) -> None:
        if not rule.liftable:
            for term in rule_terms(rule):
                self._rule_of[len(self.terms)] = index
                self.terms.append(term)
            return
        for term, dimension in _catching(rule):
            bit = len(self.terms)
            self.terms.append(term)
            now, ended = self._reaching(rule.grounds, dimension), self._reaching(rule.ended, dimension)
            self._caught[bit] = _Caught(index, now, ended)

    def _reaching(self, grounds: Iterable[Ground], dimension: str) -> tuple[tuple[int, Ground], ...]:
        """Grounds with the bit that says where they reach; denies share it."""
        found = []
        for ground in grounds:
            term = _reach(ground, dimension)
            if term not in self._bits:
                self._bits[term] = len(self.terms)
                self.terms.append(term)
            found.append((self._bits[term], ground))
        return tuple(found)


def rule_terms(rule: Rule) -> list[Term]:
    """Terms that together are what the rule matches, whatever lifts it."""
    shown = rule.ops & vocabulary.SHOWING
    if rule.viewer_countries is not None:
        return [_term(rule, rule.ops, rule.viewers, rule.places, rule.viewer_countries)]
    if rule.places is None:
        return [_term(rule, rule.ops, rule.viewers, None, None)]
    if rule.effect not in ("permit", "lapsed"):
        return [term for term, _ in _catching(rule)]
    unseen = frozenset({"system"}) if rule.viewers is None else rule.viewers & {"system"}
    return [
        _term(rule, rule.ops - shown, rule.viewers, rule.places, None),
        _term(rule, shown, unseen, rule.places, None),
        _term(rule, shown, _humans(rule), rule.places, rule.places),
    ]


def _term(
    rule: Rule, ops: frozenset[str], viewers: frozenset[str] | None, dst: frozenset[str] | None,
    country: frozenset[str] | None,
) -> Term:  # fmt: skip
    return (ops, rule.classes, rule.src, viewers, rule.purposes, dst, country)


def _humans(rule: Rule) -> frozenset[str]:
    humans = frozenset(vocabulary.RELATIONS) - {"system"}
    return humans if rule.viewers is None else rule.viewers & humans


def _catching(rule: Rule) -> list[tuple[Term, str]]:
    """The ways in which a deny or requirement matches, each with the dimension of the place that it
    catches.
    """
    if rule.viewer_countries is not None:
        return [(_term(rule, rule.ops, rule.viewers, rule.places, rule.viewer_countries), "country")]
    by_viewer = _term(rule, rule.ops & vocabulary.SHOWING, _humans(rule), None, rule.places)
    return [(_term(rule, rule.ops, rule.viewers, rule.places, None), "dst"), (by_viewer, "country")]


def _reach(ground: Ground, dimension: str) -> Term:
    """Where a ground lifts a deny that catches the place in a dimension, `dst` or `country`."""
    dst, country = (ground.places, None) if dimension == "dst" else (None, ground.places)
    return (ground.ops, ground.classes, None, None, None, dst, country)
