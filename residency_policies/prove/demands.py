"""Demands on single operations, looked for in every class of equal points of a table."""

import itertools
from collections.abc import Iterator

from residency_policies.claims import Demand
from residency_policies.compile import DIMENSIONS, Answer
from residency_policies.prove.atlas import Atlas
from residency_policies.prove.graph import Moves
from residency_policies.vocabulary import SHOWING

Group = tuple[int, list[str]]


def demand_fault(moves: Moves, atlas: Atlas, demand: Demand) -> str:
    """The first point that is allowed and does not owe what it must, in words; empty when there is none."""
    at = {name: dict(_groups(moves, name)) for name in DIMENSIONS}
    sources = [
        (offset, atlas.country_of(region))
        for offset, group in at["src"].items()
        for region in group
        if {atlas.country_of(one) for one in atlas.regions_of(region)} & demand.sources
    ]
    firsts = dict(reversed(sources))
    for op, leaf, (src, country) in itertools.product(demand.ops, demand.leaves, sorted(firsts.items())):
        base = src + _offset(moves, "op", op) + _offset(moves, "class", leaf)
        for where, relation, answer in _points(moves, atlas, demand, base, op in SHOWING):
            rules = [one.clause for one in answer.decision.because] or ["no rule refuses it"]
            owed = ", ".join(sorted(answer.owed)) or "nothing"
            return f"{leaf}@{country} -> ({op}, {', '.join(rules)}) {where} for {relation} owes {owed}"
    return ""


def _points(
    moves: Moves, atlas: Atlas, demand: Demand, base: int, showing: bool
) -> Iterator[tuple[str, str, Answer]]:
    """Place, relation and answer of what breaks the demand."""
    names = ("relation", "purpose", "dst", "country")
    for who, purpose, dst, viewers in itertools.product(*(_groups(moves, name) for name in names)):
        places = {atlas.country_of(one) for region in dst[1] for one in atlas.regions_of(region)}
        humans = [relation for relation in who[1] if relation != "system"]
        if showing and humans:
            places |= set(viewers[1])
        if not places & demand.targets:
            continue
        entry = moves.table.answers[moves.table.cells[base + who[0] + purpose[0] + dst[0] + viewers[0]]]
        for answer, _ in moves.allowed(entry):
            if not demand.owes <= answer.owed:
                yield min(places & demand.targets), (humans or who[1])[0], answer


def _groups(moves: Moves, dimension: str) -> list[Group]:
    """By offset: the values of a dimension that the table treats alike."""
    number = DIMENSIONS.index(dimension)
    found: dict[int, list[str]] = {}
    for value, offset in zip(moves.table.values[number], moves.table.offsets[number][1:], strict=True):
        found.setdefault(offset, []).append(value)
    return list(found.items())


def _offset(moves: Moves, dimension: str, value: str) -> int:
    number = DIMENSIONS.index(dimension)
    return moves.table.offsets[number][1 + moves.table.values[number].index(value)]
