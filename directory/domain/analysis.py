"""What a revision would change, as one value that is hashed and signed.

Invariants
    1. Whatever is not proven to allow nothing new counts as loosening.
    2. Equal documents, bundles, worlds, homes and counts give equal bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from directory.domain import traffic
from directory.domain.cells import Cell, CellState, Edge, Room
from directory.domain.enforcement import REST_CLASSES
from directory.domain.placements import Placement
from directory.domain.policies import Revision, WorldState
from directory.domain.traffic import DayCount, TrafficReport
from residency_policies.analyse import cells as catalogue
from residency_policies.analyse import placements as homes
from residency_policies.analyse.changes import BundleChange, compare_bundles
from residency_policies.bundle import CompiledBundle
from residency_policies.errors import PolicyError

SCHEMA = "analysis/v1"
GROUPS_MAX = 200
"""Groups of flows that are listed of one policy; how many more there are is said."""


def analyse(
    revision: Revision,
    base: CompiledBundle,
    candidate: CompiledBundle,
    world: WorldState,
    placements: Sequence[Placement],
    cells: Sequence[Cell],
    edges: Sequence[Edge] = (),
    reports: Sequence[TrafficReport] = (),
    counts: Sequence[DayCount] = (),
    rooms: Mapping[str, Room] | None = None,
) -> dict[str, object]:
    """The analysis of a revision against the bundle in force, both compiled for the same instant.

    Args:
        candidate: the base with the revision's document in place.
        placements: every resident's home; those that the candidate forbids are counted, and where they
        could go.
        edges, reports, counts: traffic of the last 30 days, and of whom it is known.
        rooms: what cells said of their room, by name.
    """
    shape: dict[str, object] = {
        "schema": SCHEMA,
        "revision": revision.number,
        "document_sha256": revision.hash,
        "candidate_sha256": candidate.hash,
        "world": world.to_json(),
        "at_s": candidate.at_s,
        "placements": _moves(base, candidate, placements, cells, rooms or {}),
        "traffic": traffic.impact(base, candidate, cells, edges, reports, counts),
    }
    try:
        change = compare_bundles(base, candidate)
    except PolicyError as error:
        # Too large to be compared: nobody can say that it allows nothing new.
        return {**shape, "direction": "unknown", "diff": None, "why": error.findings[0].code}
    return {**shape, "direction": change.direction, "diff": _diff(change)}


def _diff(change: BundleChange) -> dict[str, object]:
    """What changes, by policy; policies that mean what they meant are left out."""
    policies = []
    for one in change.policies:
        if one.direction == "same" and one.what == "stays":
            continue
        shape = one.to_json()
        groups = shape.get("groups")
        if isinstance(groups, list):
            shape |= {"groups": groups[:GROUPS_MAX], "more_groups": max(0, len(groups) - GROUPS_MAX)}
        policies.append(shape)
    return {"packs": list(change.packs), "policies": policies}


def _moves(
    base: CompiledBundle,
    candidate: CompiledBundle,
    placements: Sequence[Placement],
    cells: Sequence[Cell],
    rooms: Mapping[str, Room],
) -> dict[str, object]:
    """What may not stay where it is: what newly may not, and all of it; and where there is no room for it.

    A resident needs an even share, rounded up, of what its cell holds. A cell that said no room counts as
    full, and those that matter are told: where something must move from, or could move to.
    """
    needs = _needs(placements, rooms)
    places = {it.name: it.region for it in cells}
    known = {it.region: it.jurisdiction for it in cells}
    standing = [
        homes.Placement(
            it.resident,
            it.kind.value,
            it.establishment,
            it.cell,
            places.get(it.cell, ""),
            it.subjects,
            it.tags,
            needs.get(it.cell, {}),
        )
        for it in placements
    ]
    there = [
        catalogue.Cell(
            it.name,
            it.region,
            known[it.region],
            it.state is CellState.ACTIVE,
            {"bytes": rooms[it.name].free_bytes if it.name in rooms else 0},
        )
        for it in cells
    ]
    rest = {kind.value: classes for kind, classes in REST_CLASSES.items()}
    before = homes.walk(base, standing, there, rest)
    after = homes.walk(candidate, standing, there, rest)
    left = {it.region for it in after.moving}
    concerned = {name for it in after.moving for name in it.cells} | {
        it.cell for it in standing if it.region in left
    }
    return {
        **after.to_json(),
        "room_unknown": sorted(concerned - rooms.keys()),
        "moving_before": _count(before.moving),
        "moving_after": _count(after.moving),
    }


def _needs(placements: Iterable[Placement], rooms: Mapping[str, Room]) -> dict[str, dict[str, int]]:
    """By cell, what one of its residents takes."""
    residents = Counter(it.cell for it in placements)
    return {
        name: {"bytes": -(-rooms[name].held_bytes // count)}
        for name, count in residents.items()
        if name in rooms
    }


def _count(moving: Iterable[homes.Moving]) -> int:
    return sum(it.residents for it in moving)
