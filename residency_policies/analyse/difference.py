"""What a change of documents means: the exact difference of what two stacks allow, and which way it goes.

looser   something that was refused is allowed, or what is allowed owes less
tighter  something that was allowed is refused, or what is allowed owes more
mixed    both, each with a witness
same     neither
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

from residency_policies.analyse.conditions import Condition, conditions_of
from residency_policies.analyse.diagram import Box, Diagram, Entry, Walk
from residency_policies.analyse.wording import classes_text, places_text, regions_text, words_text
from residency_policies.compile import Answer, Guard, compile_stack
from residency_policies.decision import Decision, Region
from residency_policies.places import countries_of
from residency_policies.prove.atlas import Atlas, atlas_of, sets_of
from residency_policies.prove.paths import permits_of
from residency_policies.stack import Stack
from residency_policies.vocabulary import PURPOSES, RELATIONS, SHOWING

Kind = Literal["allowed", "refused", "lighter", "heavier", "other"]
Direction = Literal["same", "tighter", "looser", "mixed"]
KINDS: Final[tuple[Kind, ...]] = ("allowed", "lighter", "other", "refused", "heavier")
# Differences that let through more, and those that let through less. `other` owes other things: both.
LOOSER: Final[frozenset[str]] = frozenset({"allowed", "lighter", "other"})
TIGHTER: Final[frozenset[str]] = frozenset({"refused", "heavier", "other"})


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision was and is, under a condition. `rule` are the clauses that make it what it is now."""

    kind: Kind
    rule: str
    owed_before: tuple[str, ...]
    owed_now: tuple[str, ...]
    condition: Condition


@dataclass(frozen=True, slots=True)
class Group:
    """Flows that change alike: a product of values, in words of documents."""

    change: Change
    ops: tuple[str, ...]
    classes: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    relations: tuple[str, ...]
    viewers: tuple[str, ...]
    purposes: tuple[str, ...]

    def __str__(self) -> str:
        where = f"{regions_text(self.sources)} to {regions_text(self.targets)}"
        if self.shown and set(self.viewers) != set(self.targets):
            seen = places_text(self.viewers)
            where += "" if seen == "anywhere" else f" (seen from {seen})"
        told = (
            where,
            classes_text(self.classes),
            ", ".join(self.ops),
            words_text(self.relations, RELATIONS),
            words_text(self.purposes, PURPOSES),
        )
        return f"{', '.join(part for part in told if part)}: {_verdict(self.change)}"

    @property
    def shown(self) -> bool:
        """Whether where viewers are matters."""
        return bool(set(self.ops) & SHOWING and set(self.relations) != {"system"})

    def to_json(self) -> dict[str, object]:
        """Countries are listed; `when` and `unless` are facts."""
        change = self.change
        return {
            "kind": change.kind,
            "rule": change.rule,
            "owed_before": list(change.owed_before),
            "owed_now": list(change.owed_now),
            "when": list(change.condition.holds),
            "unless": list(change.condition.never),
            "ops": list(self.ops),
            "classes": list(self.classes),
            "from": list(self.sources),
            "to": list(self.targets),
            "relations": list(self.relations),
            "viewer_countries": list(self.viewers),
            "purposes": list(self.purposes),
            "text": str(self),
        }

    def witness(self, homes: frozenset[str]) -> dict[str, object]:
        """One flow of the group, if it can be from one of the homes."""
        return {
            "op": self.ops[0],
            "class": self.classes[0],
            "from": min(self.sources, key=lambda country: (country not in homes, country)),
            "to": self.targets[0],
            "viewer": {"relation": self.relations[0], "country": self.viewers[0]},
            "purpose": self.purposes[0],
            "facts": list(self.change.condition.holds),
        }


def _verdict(change: Change) -> str:
    clause = f" ({change.rule})" if change.rule else ""
    before, now = (", ".join(one) or "nothing" for one in (change.owed_before, change.owed_now))
    said = {
        "allowed": f"refused, now allowed{clause}",
        "refused": f"allowed, now refused{clause}",
    }.get(change.kind, f"allowed, owed {before}, now owes {now}")
    return said + str(change.condition)


class Difference:
    """The difference of two stacks. `groups` is exact; `direction` and `witnesses` follow from it"""

    def __init__(self, old: Stack, new: Stack) -> None:
        told_apart = [*sets_of(old), *sets_of(new)]
        self.homes = frozenset(
            country
            for stack in (old, new)
            for entry in stack.policy.placement
            for country in countries_of(entry.primary)
        )
        regions = {region.id: region for region in (*old.regions, *new.regions)}
        self._old, self._new = (_over(one, told_apart, regions.values()) for one in (old, new))
        self.walk = Walk(
            Diagram(compile_stack(self._old.stack)), Diagram(compile_stack(self._new.stack)), compare
        )

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of flows that change, what opens first."""
        found = [self._group(box, change) for box in self.walk.boxes() for change in _changes(box.leaf)]
        return tuple(sorted(found, key=lambda one: (KINDS.index(one.change.kind), str(one))))

    def _group(self, box: Box, change: Change) -> Group:
        return Group(
            change,
            box.of("op"),
            box.of("class"),
            self._countries(box.of("src")),
            self._countries(box.of("dst")),
            box.of("relation"),
            box.of("country"),
            box.of("purpose"),
        )

    def _countries(self, regions: Iterable[str]) -> tuple[str, ...]:
        atlas = self._new
        found = {atlas.country_of(one) for region in regions for one in atlas.regions_of(region)}
        return tuple(sorted(found))

    @property
    def direction(self) -> Direction:
        """Which way the change goes."""
        kinds = {group.change.kind for group in self.groups}
        looser, tighter = bool(kinds & LOOSER), bool(kinds & TIGHTER)
        return "mixed" if looser and tighter else "looser" if looser else "tighter" if tighter else "same"

    @property
    def witnesses(self) -> dict[str, dict[str, object]]:
        """A flow for each way that the change goes."""
        found: dict[str, dict[str, object]] = {}
        for name, kinds in (("looser", LOOSER), ("tighter", TIGHTER)):
            first = next((group for group in self.groups if group.change.kind in kinds), None)
            if first is not None:
                found[name] = first.witness(self.homes)
        return found

    def to_json(self) -> dict[str, object]:
        """Canonical form."""
        return {
            "direction": self.direction,
            "witnesses": self.witnesses,
            "groups": [group.to_json() for group in self.groups],
        }


def lines_of(groups: Iterable[Group]) -> list[str]:
    """Groups as lines to read. What holds for humans at the destination and for the system is one line."""
    found: dict[object, list[Group]] = {}
    for group in groups:
        at_destination = not group.shown or set(group.viewers) == set(group.targets)
        key = (group.change, group.ops, group.classes, group.sources, group.targets, group.purposes)
        found.setdefault(key if at_destination else group, []).append(group)
    lines = []
    for alike in found.values():
        relations = tuple(word for word in RELATIONS if any(word in one.relations for one in alike))
        lines.append(str(replace(alike[0], relations=relations, viewers=alike[0].targets))
                     if len(alike) > 1 else str(alike[0]))  # fmt: skip
    return lines


def _over(stack: Stack, told_apart: Iterable[frozenset[str]], regions: Iterable[Region]) -> Atlas:
    """The stack's atlas over regions and sets of countries of both stacks."""
    return atlas_of(replace(stack, regions=tuple(regions)), told_apart)


def compare(old: Entry, new: Entry) -> tuple[Change, ...] | None:
    """What two entries of tables differ by, under which conditions; None when they do not."""
    facts = tuple(sorted({*_facts(old), *_facts(new)}))
    found: dict[tuple[Kind, str, tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for bits in range(1 << len(facts)):
        stated = {fact for place, fact in enumerate(facts) if bits >> place & 1}
        before, now = _at(old, stated), _at(new, stated)
        kind = _kind(before, now)
        if kind is not None:
            key = (kind, clauses_of(now.decision), tuple(sorted(before.owed)), tuple(sorted(now.owed)))
            found.setdefault(key, []).append(bits)
    changes = [
        Change(*key, condition) for key, bits in found.items() for condition in conditions_of(facts, bits)
    ]
    return tuple(changes) or None


def _kind(before: Answer, now: Answer) -> Kind | None:
    if before.decision.allow != now.decision.allow:
        return "allowed" if now.decision.allow else "refused"
    if not now.decision.allow or before.owed == now.owed:
        return None
    return "lighter" if now.owed < before.owed else "heavier" if now.owed > before.owed else "other"


def clauses_of(decision: Decision) -> str:
    """Clauses that speak in a decision: for a denial the one that decides, for an allow its permits."""
    if not decision.allow:
        return decision.because[0].clause if decision.because else decision.code
    return ", ".join(permits_of(decision))


def _facts(entry: Entry) -> tuple[str, ...]:
    return entry.facts if isinstance(entry, Guard) else ()


def _at(entry: Entry, stated: set[str]) -> Answer:
    if isinstance(entry, Answer):
        return entry
    return entry.answers[sum(1 << place for place, fact in enumerate(entry.facts) if fact in stated)]


def _changes(leaf: object) -> tuple[Change, ...]:
    assert isinstance(leaf, tuple)
    return leaf
