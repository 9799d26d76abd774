"""What a new bundle would have done to recorded decisions: their keys are asked again, under both bundles.

Invariants
    1. Exact: a key is what a decision depends on, so each count falls under one answer. A bucket begins where
       a bundle's tables begin or later, and recorders begin a new one there; asked at one instant, buckets
       do not matter.
    2. Nothing is estimated, and nothing depends on the order of keys.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from residency_policies.compiled import CompiledBundle
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.prove.paths import permits_of
from residency_policies.traffic import RULE_CHARACTERS_MAX
from residency_policies.traffic import Change as Kind
from residency_policies.traffic import Kind as Traffic
from residency_policies.vocabulary import OBLIGATIONS

KINDS: Final[tuple[Kind, ...]] = ("allowed", "refused", "owes")
WORKSPACES_MAX: Final = 10
EXAMPLES_MAX: Final = 10
_CAN: Final = tuple(sorted(OBLIGATIONS))


@dataclass(frozen=True, slots=True)
class Key:
    """What was asked, without who asked: equal keys have equal answers. `src` and `dst` are region ids."""

    workspace: str
    establishment: str
    op: str
    data_class: str
    src: str
    dst: str
    relation: str
    country: str
    purpose: str
    facts: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ref: str = ""
    can: tuple[str, ...] = _CAN

    def question(self, bundle: int) -> Question:
        """The question under a bundle. What the asker cannot discharge is refused, as it was or would be."""
        return Question(
            self.workspace, bundle, self.op, self.data_class, self.src, self.dst,
            Viewer(self.relation, self.country), self.purpose, frozenset(self.facts), frozenset(self.can),
            self.ref,
        )  # fmt: skip

    def to_json(self) -> dict[str, object]:
        """As a question names its members."""
        return {
            "workspace": self.workspace, "op": self.op, "class": self.data_class, "src": self.src,
            "dst": self.dst, "viewer": {"relation": self.relation, "country": self.country},
            "purpose": self.purpose, "facts": list(self.facts),
        }  # fmt: skip


def keys_of(kind: Traffic) -> Iterator[Key]:
    """What is asked of a flow of this kind: one key for each class."""
    for data_class in kind.classes:
        yield Key(
            kind.workspace, kind.establishment, kind.op, data_class, kind.src, kind.dst, kind.relation,
            kind.country, kind.purpose, (), kind.subjects, kind.tags, kind.ref, kind.can,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by key and bucket. `starts_s` rises (Unix seconds); each row has a count for each bucket."""

    starts_s: tuple[int, ...]
    rows: Mapping[Key, Sequence[int]]


@dataclass(slots=True)
class Counted:
    """Flows that change in one way: how many, of how many keys, under which clauses, whose."""

    flows: int = 0
    keys: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    workspaces: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    examples: Counter[tuple[Key, str]] = field(default_factory=Counter)

    def to_json(self) -> dict[str, object]:
        """Canonical: most flows first, then by name. `hours` are starts of buckets with their counts."""
        return {
            "flows": self.flows,
            "keys": self.keys,
            "rules": [{"rule": rule, "flows": count} for rule, count in _ordered(self.rules)],
            "workspaces": [
                {"workspace": name, "flows": count}
                for name, count in _ordered(self.workspaces)[:WORKSPACES_MAX]
            ],
            "hours": [[start, count] for start, count in sorted(self.hours.items())],
            "examples": [
                {**key.to_json(), "flows": count, "rule": rule}
                for (key, rule), count in sorted(
                    self.examples.items(), key=lambda one: (-one[1], repr(one[0]))
                )[:EXAMPLES_MAX]
            ],
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have been otherwise, and how much was asked at all."""

    asked: int
    changed: dict[Kind, Counted]

    def to_json(self) -> dict[str, object]:
        """Canonical form."""
        return {"asked": self.asked, **{kind: self.changed[kind].to_json() for kind in KINDS}}


@dataclass(frozen=True, slots=True)
class Change:
    """Flows of one key that are decided otherwise, under one clause: (start of the bucket, flows)."""

    kind: Kind
    rule: str
    key: Key
    counts: Sequence[tuple[int, int]]


def replay(old: CompiledBundle, new: CompiledBundle, histogram: Histogram, at_s: int | None = None) -> Replay:
    """Every key asked under both bundles, at each stretch of time in which neither changes; or all of them as
    they would be answered at one instant (Unix seconds).
    """
    asked = sum(sum(counts) for counts in histogram.rows.values())
    return gathered(asked, changes(old, new, histogram, at_s))


def changes(
    old: CompiledBundle, new: CompiledBundle, histogram: Histogram, at_s: int | None = None
) -> Iterator[Change]:
    """What `replay` finds, one by one."""
    starts_s = histogram.starts_s
    whole = [(0, len(starts_s))] if starts_s else []
    for first, last in whole if at_s is not None else _stretches(old, new, starts_s):
        moment = starts_s[first] if at_s is None else at_s
        before, now = old.at(moment), new.at(moment)
        for key, counts in histogram.rows.items():
            told = difference(_decided(before, key), _decided(now, key))
            if told is None:
                continue
            part = zip(starts_s[first:last], counts[first:last], strict=True)
            if found := [(start_s, flows) for start_s, flows in part if flows]:
                yield Change(*told, key, found)


def gathered(asked: int, found: Iterable[Change]) -> Replay:
    """Changes by their kind, of so many flows that were asked about."""
    changed: dict[Kind, Counted] = {kind: Counted() for kind in KINDS}
    seen: dict[Kind, set[Key]] = {kind: set() for kind in KINDS}
    for change in found:
        counted = changed[change.kind]
        flows = sum(count for _, count in change.counts)
        counted.flows += flows
        counted.rules[change.rule] += flows
        counted.workspaces[change.key.workspace] += flows
        for start_s, count in change.counts:
            counted.hours[start_s] += count
        counted.examples[change.key, change.rule] += flows
        seen[change.kind].add(change.key)
    for kind, counted in changed.items():
        counted.keys = len(seen[kind])
    return Replay(asked, changed)


def _decided(bundle: CompiledBundle, key: Key) -> Decision:
    profile = bundle.profile_for(key.workspace, key.establishment, key.subjects, key.tags)
    return profile.decide(key.question(bundle.version))


def difference(before: Decision, now: Decision) -> tuple[Kind, str] | None:
    """How a decision changes, and the clause to show for it (at most `RULE_CHARACTERS_MAX` of it); None: both
    mean the same.
    """
    told = _told(before, now)
    return None if told is None else (told[0], told[1][:RULE_CHARACTERS_MAX])


def _told(before: Decision, now: Decision) -> tuple[Kind, str] | None:
    if before.allow and not now.allow:
        return "refused", now.rule or now.code
    if now.allow and not before.allow:
        return "allowed", ", ".join(permits_of(now))
    owed = [{one.do for one in decision.obligations} for decision in (before, now)]
    if now.allow and owed[0] != owed[1]:
        told = [*(f"+{name}" for name in sorted(owed[1] - owed[0])),
                *(f"-{name}" for name in sorted(owed[0] - owed[1]))]  # fmt: skip
        return "owes", " ".join(told)
    return None


def _stretches(
    old: CompiledBundle, new: CompiledBundle, starts_s: Sequence[int]
) -> Iterable[tuple[int, int]]:
    """Runs of buckets in which both bundles have one table: first, and one after the last."""
    first = 0
    while first < len(starts_s):
        ends = [bundle.at(starts_s[first]).valid_until_s for bundle in (old, new)]
        until = min((end for end in ends if end is not None), default=None)
        last = first + 1
        while last < len(starts_s) and (until is None or starts_s[last] < until):
            last += 1
        yield first, last
        first = last


def _ordered(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda one: (-one[1], one[0]))
