"""What of the directory's records an officer reads, who has some jurisdictions and not all.

    revisions      of their jurisdictions alone; floors are law, and bind everybody
    ids            of workspaces established in their jurisdictions; sums stay, over everybody
    halts          of a workspace as its id; of others everybody's, as flows have two ends

Invariants
    1. Whoever reads everything gets the very records; nobody else gets an id whose jurisdiction is not
       theirs, or is not known.
    2. What is taken out is counted, so that nobody takes a part for the whole.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from directory.domain.cells import Cell
from directory.domain.halts import HaltRecord
from directory.domain.officers import (
    Officer,
    OfficerAct,
    may_read,
    reads_everything,
    require_may,
    require_read,
)
from directory.domain.placements import Placement
from directory.domain.policies import Revision

Seen = Callable[[str], bool]
"""Whether an id of a resident is the reader's to read."""
LAW = "FloorPack"
_WAYS = ("allowed", "refused", "owes")


def seen_by(officer: Officer, placements: Iterable[Placement]) -> Seen:
    """Which residents' ids an officer reads; those that are not placed are of no known jurisdiction."""
    if reads_everything(officer):
        return lambda resident: True
    theirs = frozenset(it.resident for it in placements if may_read(officer, {it.establishment}))
    return theirs.__contains__


def theirs(officer: Officer, cells: Iterable[Cell]) -> list[Cell]:
    """Cells of which an officer reads what they tell of their residents."""
    return [it for it in cells if may_read(officer, {it.jurisdiction})]


# --- revisions and halts ------------------------------------------------------------------------------


def is_law(revision: Revision) -> bool:
    """Whether it is a floor: it binds everybody, who therefore reads it from the draft on."""
    return bool(json.loads(revision.canonical).get("kind") == LAW)


def reads_revision(officer: Officer, revision: Revision) -> bool:
    """Whether a revision is theirs to read: whoever could act on it alone."""
    return is_law(revision) or may_read(officer, revision.jurisdictions)


def require_revision_read(officer: Officer, revision: Revision) -> Revision:
    """The same revision; raises ForbiddenError, whose `needed` names role or jurisdictions."""
    if is_law(revision):
        require_may(officer, OfficerAct.READ)
    else:
        require_read(officer, revision.jurisdictions)
    return revision


def reads_halt(halt: HaltRecord, seen: Seen) -> bool:
    """Whether a halt is theirs to read."""
    return halt.scope != "workspace" or seen(halt.value)


def halted_workspaces(halts: Iterable[HaltRecord]) -> list[str]:
    """Workspaces that halts name."""
    return sorted({it.value for it in halts if it.scope == "workspace"})


# --- analyses and shadows -----------------------------------------------------------------------------


def named_in(told: Mapping[str, Any]) -> list[str]:
    """Residents that an analysis, or what came of a shadow, names."""
    found = {it["example"] for it in (told.get("placements") or {}).get("moving", ())}
    for part in _counted(told):
        for row in (row for way in _WAYS for rows in _rows(part[way]).values() for row in rows):
            found.add(row["workspace"])
    return sorted(found - {""})


def part_of(told: Mapping[str, Any], seen: Seen) -> tuple[dict[str, Any], int]:
    """An analysis, or what came of a shadow, with those ids alone that are the reader's; and how many are
    left out. Sums, clauses and hours stay: they are of everybody, and name nobody.
    """
    gone = sum(not seen(it["example"]) for it in (told.get("placements") or {}).get("moving", ()))
    found = dict(told)
    if told.get("placements"):
        moving = [it if seen(it["example"]) else {**it, "example": ""} for it in told["placements"]["moving"]]
        found["placements"] = {**told["placements"], "moving": moving}
    for name in ("traffic", "live", "replayed"):
        if not told.get(name):
            continue
        part = dict(told[name])
        for way in _WAYS:
            whole = _rows(part[way])
            kept = {key: [it for it in rows if seen(it["workspace"])] for key, rows in whole.items()}
            gone += sum(len(whole[key]) - len(kept[key]) for key in whole)
            part[way] = {**part[way], **kept}
        found[name] = part
    return found, gone


def _counted(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [told[name] for name in ("traffic", "live", "replayed") if told.get(name)]


def _rows(changed: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Where flows that change in one way stand with the workspace that they are of."""
    return {name: changed[name] for name in ("workspaces", "examples")}
