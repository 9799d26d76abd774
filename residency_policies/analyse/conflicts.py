"""Conflict of laws: packs that leave a class no place to be, found before anybody picks a winner.

E-CONFLICT-FLOORS  each pack alone leaves the class a place, together they leave none
"""

from collections.abc import Iterator
from dataclasses import replace

from residency_policies.analyse.wording import classes_text
from residency_policies.compile import Answer, Table, compile_stack
from residency_policies.decision import Decision
from residency_policies.errors import Finding
from residency_policies.model import PlacementEntry, Policy
from residency_policies.prove.atlas import Atlas, atlas_of
from residency_policies.prove.graph import Moves
from residency_policies.stack import Stack
from residency_policies.vocabulary import CLASSES, leaves_of


def conflict_findings(policy: Policy, stack: Stack) -> Iterator[Finding]:
    """For each placement entry: its classes that no place can hold under all packs together."""
    together = _Floors(stack, None)
    floors = [layer.document for layer in stack.layers if layer.name == "floor"]
    alone: list[_Floors] = []
    for entry in policy.placement:
        lost = [leaf for leaf in _leaves(entry) if not together.homes(leaf)]
        if lost and not alone:
            alone = [_Floors(stack, floor) for floor in floors]
        split = [leaf for leaf in lost if all(one.homes(leaf) for one in alone)]
        if not split:
            continue
        refusals = {
            f"{because.policy} {because.clause} ({because.cite})": None
            for region in together.atlas.stack.regions
            for decision in together.stores(split[0], region.id)
            for because in decision.because
        }
        places = ", ".join(sorted({*policy.applies_to.establishment, *policy.applies_to.subjects}))
        sentence = (
            f"no place can hold {classes_text(split)} of subjects {places} in one workspace: "
            f"{' and '.join(sorted(refusals))} leave none"
        )
        yield Finding(
            policy.id,
            *entry.at,
            "E-CONFLICT-FLOORS",
            f"placement.{entry.id}",
            sentence,
            "Split the workspace.",
        )


class _Floors:
    """The packs of a stack without its policies: what they alone refuse."""

    def __init__(self, stack: Stack, only: str | None) -> None:
        rules = tuple(
            rule
            for rule in stack.rules
            if rule.because.layer == "floor" and only in (None, rule.because.policy)
        )
        layers = tuple(replace(layer, closed=False) for layer in stack.layers)
        self.atlas: Atlas = atlas_of(replace(stack, rules=rules, layers=layers))
        self.table: Table = compile_stack(self.atlas.stack)
        self.moves = Moves(self.table)
        self._homes: dict[str, bool] = {}

    def homes(self, leaf: str) -> bool:
        """Whether some place can hold the class, under some assignment of facts."""
        if leaf not in self._homes:
            self._homes[leaf] = any(
                decision.allow
                for region in self.atlas.stack.regions
                for decision in self.stores(leaf, region.id)
            )
        return self._homes[leaf]

    def stores(self, leaf: str, region: str) -> list[Decision]:
        """Decisions for storing the class where it is."""
        at = {"op": "store", "class": leaf, "src": region, "relation": "system", "purpose": "local",
              "dst": region, "country": self.atlas.country_of(region)}  # fmt: skip
        place = sum(
            column[1 + values.index(value)]
            for value, values, column in zip(at.values(), self.table.values, self.table.offsets, strict=True)
        )
        entry = self.table.answers[self.table.cells[place]]
        answers = (entry,) if isinstance(entry, Answer) else entry.answers
        return [answer.decision for answer in answers]


def _leaves(entry: PlacementEntry) -> list[str]:
    named = {leaf for word in entry.classes for leaf in leaves_of(word)}
    return [leaf for leaf in CLASSES if leaf in named]
