"""From a stack to a table: equivalence classes per dimension, one array of answers, interned decisions.

How it works
    1. Each rule becomes a few *terms*, products of one set per dimension (see places in `rule`). A deny that
       grounds can lift has one term for each place that it catches, and one for each ground at that place.
    2. The signature of a value is the set of terms that mention it; values with equal signatures share a
    class.
    3. The product of classes is enumerated once. The AND of signatures is the set of matching terms; equal
       sets give equal sub-tables, which are built once and copied as bytes.
    4. Where matching rules test facts of the question, the answer is a guard: one decision per assignment.

Invariants
    1. Every point of the product has exactly one answer.
    2. The same stack gives the same bytes, hence the same hash, on every machine.
"""

import hashlib
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from accord.encoding import canonical_json
from residency_policies import vocabulary
from residency_policies.answers import (
    answer_allow,
    answer_closed,
    answer_deny,
    answer_plain,
    with_profile,
    with_unmet,
)
from residency_policies.decision import Decision
from residency_policies.errors import BundleError, Finding
from residency_policies.places import COUNTRY_INDEX
from residency_policies.rule import Ground, Rule, is_more_specific
from residency_policies.stack import Stack
from residency_policies.terms import Hit, Matches

GUARD_FACTS_MAX: Final = 8
ANSWERS_MAX: Final = 65_535
TABLE_MAX: Final = 8_000_000
# What an unknown value adds to the place in the table: no sum that holds it can be positive.
OUTSIDE: Final = -(1 << 60)
DIMENSIONS: Final = ("op", "class", "src", "relation", "purpose", "dst", "country")


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision, what the caller must be able to discharge for it, and what it gets when it cannot."""

    decision: Decision
    owed: frozenset[str]
    unmet: Decision


@dataclass(frozen=True, slots=True)
class Guard:
    """Answers by fact: bit i of the index says whether `facts[i]` is stated."""

    facts: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`offsets[d][i]` is what value i of dimension d adds; index 0 is the unknown value and adds OUTSIDE."""

    hash: str
    values: tuple[tuple[str, ...], ...]
    offsets: tuple["array[int]", ...]
    cells: "array[int]"
    answers: tuple[Answer | Guard, ...]
    unknown: Decision
    skew: Decision
    halted: Decision


def compile_stack(stack: Stack) -> Table:
    """The table of a stack.

    Raises:
        BundleError: E-GUARD, when rules test more than GUARD_FACTS_MAX facts or the table would be too large.
    """
    if len(stack.facts) > GUARD_FACTS_MAX:
        raise _too_large(
            stack, f"rules test {len(stack.facts)} facts, at most {GUARD_FACTS_MAX} are possible"
        )
    return _Compiler(stack).table()


def _too_large(stack: Stack, sentence: str) -> BundleError:
    return BundleError(
        [Finding(stack.policy.id, 0, 0, "E-GUARD", "flows", sentence, "Merge or split rules.")]
    )


class _Compiler:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.matches = Matches(stack.rules)
        places = {region.id: region.place for region in stack.regions}
        regions = tuple(places)
        self.values: tuple[tuple[str, ...], ...] = (
            vocabulary.OPERATIONS,
            vocabulary.CLASSES,
            regions,
            vocabulary.RELATIONS,
            vocabulary.PURPOSES,
            regions,
            tuple(COUNTRY_INDEX),
        )
        self.masks: list[list[int]] = []
        self.class_of: list[list[int]] = []
        for number, values in enumerate(self.values):
            by_place = DIMENSIONS[number] in ("src", "dst")
            keys = [places[value] if by_place else value for value in values]
            masks = [self._signature(number, key) for key in keys]
            distinct = list(dict.fromkeys(masks))
            self.masks.append(distinct)
            self.class_of.append([distinct.index(mask) for mask in masks])
        self.answers: list[Answer | Guard] = []
        self.interned: dict[Answer | Guard, int] = {}
        self.allowed: dict[int, bool] = {}
        self.open: dict[int, bool] = {}
        self.ways = {src & purpose for src in self.masks[2] for purpose in self.masks[4]}
        self.doors = self._doors()
        self.by_hits: dict[tuple[tuple[Hit, ...], str], int] = {}

    def _signature(self, dimension: int, key: str) -> int:
        mask = 0
        for bit, term in enumerate(self.matches.terms):
            allowed = term[dimension]
            if allowed is None or key in allowed:
                mask |= 1 << bit
        return mask

    def table(self) -> Table:
        sizes = [len(masks) for masks in self.masks]
        strides = [1] * len(sizes)
        for number in range(len(sizes) - 2, -1, -1):
            strides[number] = strides[number + 1] * sizes[number + 1]
        if strides[0] * sizes[0] > TABLE_MAX:
            raise _too_large(self.stack, "the table would be too large")
        cells = array("H")
        for op in self.masks[0]:
            for data_class in self.masks[1]:
                mask = op & data_class
                cells.frombytes(self._fill(2, mask, self._nearest(mask), {}))
        offsets = tuple(
            array("q", [OUTSIDE, *(place * stride for place in places)])
            for places, stride in zip(self.class_of, strides, strict=True)
        )
        return self._sealed(offsets, cells)

    def _fill(self, level: int, mask: int, nearest: str, memo: dict[tuple[int, int], bytes]) -> bytes:
        key = (level, mask)
        if key not in memo:
            if level == len(self.masks):
                memo[key] = array("H", [self._answer(mask, nearest)]).tobytes()
            else:
                memo[key] = b"".join(
                    self._fill(level + 1, mask & own, nearest, memo) for own in self.masks[level]
                )
        return memo[key]

    def _answer(self, mask: int, nearest: str) -> int:
        hits = self.matches.hits(mask)
        key = (hits, nearest)
        if key not in self.by_hits:
            answer = self._guarded(hits, nearest)
            if answer not in self.interned:
                if len(self.answers) >= ANSWERS_MAX:
                    raise _too_large(self.stack, "too many distinct decisions")
                self.interned[answer] = len(self.answers)
                self.answers.append(answer)
            self.by_hits[key] = self.interned[answer]
        return self.by_hits[key]

    def _guarded(self, hits: tuple[Hit, ...], nearest: str) -> Answer | Guard:
        facts = sorted({fact for index, _ in hits for fact in self.stack.rules[index].facts})
        answers = []
        for bits in range(1 << len(facts)):
            stated = {fact for place, fact in enumerate(facts) if bits >> place & 1}
            answers.append(conclude(self.stack, hits, stated, nearest))
        return answers[0] if len(set(answers)) == 1 else Guard(tuple(facts), tuple(answers))

    def _nearest(self, mask: int) -> str:
        """For one operation and class: who may be served where, with the viewer at the destination."""
        found: list[str] = []
        for relation, doors in self.doors.items():
            served = [country for country, door in doors if self._is_open(mask & door)]
            if served:
                found.append(f"{relation} in {', '.join(served)}")
        return "allowed: " + "; ".join(found) if found else "allowed: nothing"

    def _doors(self) -> dict[str, list[tuple[str, int]]]:
        """By relation: the countries that have a region, and which terms match a viewer at it."""
        regions = {region.place: region.id for region in reversed(self.stack.regions)}
        return {
            relation: [
                (country, self._mask(3, relation) & self._mask(5, region) & self._mask(6, country))
                for country, region in sorted(regions.items())
            ]
            for relation in vocabulary.RELATIONS
        }

    def _is_open(self, at: int) -> bool:
        """Whether some source and purpose allow it when no fact is stated."""
        if at not in self.open:
            self.open[at] = any(self._allows(at & way) for way in self.ways)
        return self.open[at]

    def _allows(self, mask: int) -> bool:
        """Whether the matching terms allow when no fact is stated."""
        if mask not in self.allowed:
            self.allowed[mask] = conclude(self.stack, self.matches.hits(mask), set(), "").decision.allow
        return self.allowed[mask]

    def _mask(self, dimension: int, value: str) -> int:
        return self.masks[dimension][self.class_of[dimension][self.values[dimension].index(value)]]

    def _sealed(self, offsets: "tuple[array[int], ...]", cells: "array[int]") -> Table:
        ordered = array("H", cells)
        if sys.byteorder == "big":
            ordered.byteswap()
        plain = [answer_plain(self.stack, code) for code in ("UNKNOWN_VALUE", "BUNDLE_SKEW", "HALTED")]
        head = canonical_json(
            {
                "vocabulary": vocabulary.VERSION,
                "values": [list(values) for values in self.values],
                "offsets": [list(column) for column in offsets],
                "answers": [_content(answer) for answer in self.answers],
                "boundary": self.stack.boundary_s,
            }
        )
        digest = "sha256:" + hashlib.sha256(head + b"\0" + ordered.tobytes()).hexdigest()
        unknown, skew, halted = (with_profile(decision, digest) for decision in plain)
        answers = tuple(_with_profile(answer, digest) for answer in self.answers)
        return Table(digest, self.values, offsets, cells, answers, unknown, skew, halted)


def conclude(stack: Stack, hits: Sequence[Hit], stated: set[str], nearest: str) -> Answer:
    """The answer for what matches under one assignment of facts."""
    by_effect: dict[str, list[Rule]] = {"permit": [], "deny": [], "require": [], "lapsed": []}
    lifted: dict[int, list[Ground]] = {}
    bare: dict[int, bool] = {}
    for index, reached in hits:
        rule = stack.rules[index]
        if not rule.when <= stated or any(group <= stated for group in rule.unless):
            continue
        if reached is None:
            by_effect[rule.effect].append(rule)
            continue
        now, ended = ([ground for ground in grounds if ground.when <= stated] for grounds in reached)
        if now:
            lifted.setdefault(index, []).append(now[0])
        else:
            bare[index] = bare.get(index, False) or bool(ended)
    for index, over in bare.items():
        rule = stack.rules[index]
        by_effect["deny"].append(replace(rule, code="INSTRUMENT_EXPIRED") if over else rule)
    satisfied = [
        (stack.rules[index], ground)
        for index, grounds in lifted.items()
        if index not in bare
        for ground in grounds
    ]
    decision = _decided(stack, by_effect, satisfied, nearest)
    owed = frozenset(obligation.do for obligation in decision.obligations)
    return Answer(decision, owed, with_unmet(decision) if owed else decision)


def _decided(
    stack: Stack,
    by_effect: dict[str, list[Rule]],
    satisfied: Sequence[tuple[Rule, Ground]],
    nearest: str,
) -> Decision:
    permits = by_effect["permit"]
    passed = {permit.layer for permit in permits}
    closed = next((layer for layer in stack.closed if layer.number not in passed), None)
    if denies := by_effect["deny"]:
        if closed is None:
            nearest = _with_instrument(denies, nearest)
        return answer_deny(stack, denies, nearest)
    if closed is not None:
        lapsed = [rule for rule in by_effect["lapsed"] if rule.layer == closed.number]
        return answer_closed(stack, closed, lapsed, nearest)
    beaten = {id(one) for one in permits for other in permits if is_more_specific(other, one)}
    strongest = [one for one in permits if id(one) not in beaten]
    return answer_allow(stack, strongest, by_effect["require"], satisfied)


def _with_instrument(denies: Sequence[Rule], nearest: str) -> str:
    """What is near, with the types of instrument that would lift every deny, if there are such."""
    types = frozenset.intersection(*(frozenset(rule.mechanisms) for rule in denies)) - {"adequacy"}
    if not types:
        return nearest
    return f"an instrument of type {' or '.join(sorted(types))}; {nearest}"


def _with_profile(answer: Answer | Guard, digest: str) -> Answer | Guard:
    if isinstance(answer, Guard):
        return Guard(answer.facts, tuple(_sealed_answer(one, digest) for one in answer.answers))
    return _sealed_answer(answer, digest)


def _sealed_answer(answer: Answer, digest: str) -> Answer:
    return Answer(with_profile(answer.decision, digest), answer.owed, with_profile(answer.unmet, digest))


def _content(answer: Answer | Guard) -> object:
    if isinstance(answer, Guard):
        return [list(answer.facts), [_content(one) for one in answer.answers]]
    return [answer.decision.to_json(), answer.unmet.to_json()]
