"""Counterexamples: the shortest way from where data is to where a claim says it never is, with clauses."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from residency_policies.compile import DIMENSIONS
from residency_policies.decision import Decision
from residency_policies.derivations import ENDS_IN, carriers
from residency_policies.prove.atlas import Atlas
from residency_policies.prove.certificate import regions_at, shown_in
from residency_policies.prove.closure import Node, platform_path
from residency_policies.prove.graph import Moves


@dataclass(frozen=True, slots=True)
class Step:
    """One state of a path and how it is come to. `how` is empty at the start, "derive", or an operation."""

    leaf: str
    place: str
    custody: str
    how: str = ""
    clauses: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """What is empty is left out."""
        shape = {"class": self.leaf, "place": self.place, "custody": self.custody, "how": self.how,
                 "clauses": list(self.clauses), "facts": list(self.facts)}  # fmt: skip
        return {key: value for key, value in shape.items() if value}


def path_text(steps: tuple[Step, ...]) -> str:
    """`message_body@DE -> (derive) notification_payload@DE -> (transit, F6) US`."""
    text, leaf = "", ""
    for step in steps:
        state = step.place if step.leaf == leaf else f"{step.leaf}@{step.place}"
        leaf = step.leaf
        if not step.how:
            text = state
            continue
        stated = (f"when {' and '.join(step.facts)}",) if step.facts else ()
        text += f" -> ({', '.join((step.how, *step.clauses, *stated))}) {state}"
    return text


def permits_of(decision: Decision) -> tuple[str, ...]:
    """Clauses of customers' documents in a decision: for an allow the permits that made it."""
    clauses = dict.fromkeys(one.clause for one in decision.because if one.layer != "floor")
    return tuple(clauses) or ("no rule refuses it",)


class Paths:
    """Finds paths in a graph of moves over a world."""

    def __init__(self, moves: Moves, atlas: Atlas) -> None:
        self.moves, self.atlas = moves, atlas
        table = moves.table
        self._offsets = {
            name: dict(zip(values, column[1:], strict=True))
            for name, values, column in zip(DIMENSIONS, table.values, table.offsets, strict=True)
        }

    def to(
        self, source: str, start: int, forbidden: frozenset[str], custodies: tuple[str, ...]
    ) -> tuple[Step, ...]:
        """The shortest path into forbidden countries in one of the custodies; empty when there is none."""
        before = platform_path(self.moves, source, start)
        depth: dict[Node, int] = {}
        best: tuple[int, Node, str, str] | None = None
        for node, previous in before.items():
            depth[node] = 0 if previous is None else depth[previous] + 1
            for custody in custodies:
                length = depth[node] + (custody != "platform")
                place = self._hit(node, custody, forbidden)
                if place and (best is None or length < best[0]):
                    best = (length, node, custody, place)
        return () if best is None else self._steps(before, *best[1:], start)

    def _hit(self, node: Node, custody: str, forbidden: frozenset[str]) -> str:
        leaf, spot = node
        if custody == "platform":
            places = {
                self.atlas.country_of(region) for region in regions_at(self.moves, self.atlas, 1 << spot)
            }
        else:
            ends = self.moves.human if custody == "human" else self.moves.authority
            places = shown_in(self.moves, self.atlas, ends[self.moves.place(leaf, spot)])
        return min(places & forbidden, default="")

    def _steps(
        self, before: dict[Node, Node | None], node: Node, custody: str, place: str, start: int
    ) -> tuple[Step, ...]:
        nodes = [node]
        while (previous := before[nodes[0]]) is not None:
            nodes.insert(0, previous)
        steps: list[Step] = []
        for number, (leaf, spot) in enumerate(nodes):
            named = self._spot(spot)
            if custody == "platform" and number == len(nodes) - 1:
                named = place
            steps.append(self._step(nodes[number - 1] if number else None, (leaf, spot), named))
        if custody != "platform":
            how, clauses, facts = self._edge(node, custody, place)
            steps.append(Step(node[0], place, custody, how, clauses, facts))
        return tuple(steps)

    def _spot(self, spot: int) -> str:
        """A spot by its first place; the catalogue's regions come before made-up ones."""
        return self.atlas.country_of(self.moves.regions[self.moves.spot_of.index(spot)])

    def _step(self, before: Node | None, node: Node, place: str) -> Step:
        if before is None:
            return Step(node[0], place, "platform")
        if before[1] == node[1] and node[0] != before[0]:
            return Step(node[0], place, "platform", "derive")
        how, clauses, facts = self._edge(before, "platform", place, node[1])
        return Step(node[0], place, "platform", how, clauses, facts)

    def _edge(
        self, node: Node, custody: str, place: str, spot: int = -1
    ) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Operation, clauses and facts of an edge to the place; of several, one that needs few facts."""
        for form in (node[0], *sorted(carriers(node[0]))):
            best: tuple[str, Decision, tuple[str, ...]] | None = None
            for found in self._candidates((form, node[1]), custody, place, spot):
                if best is None or len(found[2]) < len(best[2]):
                    best = found
                if not best[2]:
                    break
            if best is not None:
                how = best[0] if form == node[0] else f"{best[0]} in {form}"
                return how, permits_of(best[1]), best[2]
        raise AssertionError("a path has a step that no answer allows")

    def _candidates(
        self, node: Node, custody: str, place: str, spot: int
    ) -> Iterator[tuple[str, Decision, tuple[str, ...]]]:
        """Allowed points that lead from the node to the spot, or, without one, to an end at the place."""
        moves, table = self.moves, self.moves.table
        ops, _, _, relations, purposes, regions, _ = table.values
        src = self._offset("class", node[0]) + self._offset("src", regions[moves.spot_of.index(node[1])])
        countries = self._countries(place if spot < 0 else "")
        for op in (one for one in ops if custody in ENDS_IN[one]):
            points = itertools.product(enumerate(regions), relations, purposes, countries)
            for (number, region), relation, purpose, country in points:
                if spot >= 0:
                    arrives = moves.spot_of[number] == spot
                else:
                    shown = {self.atlas.country_of(one) for one in self.atlas.regions_of(region)}
                    arrives = place in shown or (relation != "system" and country == place)
                if not arrives:
                    continue
                at = {"op": op, "dst": region, "relation": relation, "purpose": purpose, "country": country}
                entry = table.answers[table.cells[src + sum(self._offset(*one) for one in at.items())]]
                yield from ((op, answer.decision, facts) for answer, facts in moves.allowed(entry))

    def _countries(self, wanted: str) -> tuple[str, ...]:
        """One country of each rank; of one rank it is the wanted country."""
        first: dict[int, str] = {}
        if wanted:
            first[self.moves.at[6][self.moves.countries.index(wanted)]] = wanted
        for name, rank in zip(self.moves.countries, self.moves.at[6], strict=True):
            first.setdefault(rank, name)
        return tuple(first.values())

    def _offset(self, dimension: str, value: str) -> int:
        return self._offsets[dimension][value]


def start_of(moves: Moves, atlas: Atlas, countries: frozenset[str]) -> int:
    """Mask of the spots of all regions in the countries."""
    mask = 0
    for region, spot in zip(moves.regions, moves.spot_of, strict=True):
        if atlas.country_of(region) in countries:
            mask |= 1 << spot
    return mask
