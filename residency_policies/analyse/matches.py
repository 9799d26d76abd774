"""What a table answers where a rule matches: every answer with its deciding clauses, by place and class."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from residency_policies.analyse.diagram import Diagram
from residency_policies.compile import DIMENSIONS, Answer, Guard, Table, compile_stack
from residency_policies.decision import Because, Decision
from residency_policies.places import countries_of
from residency_policies.prove.atlas import Atlas, atlas_of
from residency_policies.rule import Rule
from residency_policies.stack import Stack
from residency_policies.terms import Term, rule_terms

Restriction = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer where a rule is active; `facts` are those that are stated beside what the rule asks for."""

    decision: Decision
    facts: frozenset[str] = frozenset()

    @property
    def decider(self) -> Because | None:
        """The clause that speaks first; none where no document decides."""
        return self.decision.because[0] if self.decision.because else None


class Answers:
    """The table of a stack over its atlas, asked for products of values. Not for several threads at once.

    Only data in the homes of its placement is looked at, if it has any: that is where data begins.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.atlas: Atlas = atlas_of(stack)
        self.table: Table = compile_stack(self.atlas.stack)
        placed = [entry for policy in stack.policies for entry in policy.placement]
        self.homes = self.regions_in(
            frozenset(one for entry in placed for one in countries_of(entry.primary))
        )

    @cached_property
    def diagram(self) -> Diagram:
        """The table as a diagram."""
        return Diagram(self.table)

    def where(self, rule: Rule, only: Restriction | None = None) -> list[Outcome]:
        """Distinct answers where the rule matches and its facts hold; `only` narrows dimensions further."""
        found: dict[Outcome, None] = {}
        for term in rule_terms(rule):
            for number in sorted(self._entries(term, only or {})):
                found.update(dict.fromkeys(_active(self.table.answers[number], rule)))
        return list(found)

    def regions_in(self, countries: frozenset[str]) -> frozenset[str]:
        """Regions of the atlas that stand for at least one of the countries."""
        atlas = self.atlas
        return frozenset(
            region.id
            for region in atlas.stack.regions
            if any(atlas.country_of(one) in countries for one in atlas.regions_of(region.id))
        )

    def _entries(self, term: Term, only: Restriction) -> set[int]:
        """Entries of the table at the points of a term."""
        allowed: list[set[int]] = []
        for number, (name, words) in enumerate(zip(DIMENSIONS, term, strict=True)):
            ranks = set()
            for value, rank in zip(self.table.values[number], self.diagram.ranks[number], strict=True):
                key = self.atlas.country_of(value) if name in ("src", "dst") else value
                fits = words is None or key in words
                fits = fits and (name != "src" or not self.homes or value in self.homes)
                if fits and (name not in only or value in only[name]):
                    ranks.add(rank)
            if not ranks:
                return set()
            allowed.append(ranks)
        parts = {self.diagram.root}
        for level, ranks in enumerate(allowed):
            nodes = self.diagram.levels[level]
            parts = {nodes[part][rank] for part in parts for rank in ranks}
        return parts


def _active(entry: Answer | Guard, rule: Rule) -> Iterator[Outcome]:
    """Answers of an entry under assignments in which the rule counts."""
    if isinstance(entry, Answer):
        yield Outcome(entry.decision)
        return
    for bits, answer in enumerate(entry.answers):
        stated = frozenset(fact for place, fact in enumerate(entry.facts) if bits >> place & 1)
        lifted = any(group <= stated for group in rule.unless)
        if rule.when & set(entry.facts) <= stated and not lifted:
            yield Outcome(answer.decision, stated - rule.when)
