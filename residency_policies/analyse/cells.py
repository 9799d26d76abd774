"""Whether placements can be met by the cells that are there.

E-NO-CELL      no active cell in any primary place
E-REPLICA-MIN  fewer cells for copies than are asked for
E-CAPACITY     the cells that may hold the workspaces are too full (see `capacity`)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from residency_policies.analyse.wording import regions_text
from residency_policies.errors import Finding
from residency_policies.model import Policy
from residency_policies.places import countries_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a catalogue. `free` is what it has left, by resource: bytes, requests a second, and so on.

    A resource that is not named is not a limit. Cells that are not active hold nothing new.
    """

    id: str
    region: str
    place: str
    active: bool = True
    free: dict[str, int] = field(default_factory=dict, hash=False)


def cell_findings(policy: Policy, cells: Iterable[Cell]) -> Iterator[Finding]:
    """Findings of a policy's placement entries."""
    active = [cell for cell in cells if cell.active]
    for entry in policy.placement:
        primary = countries_of(entry.primary)
        homes = [cell for cell in active if cell.place in primary]
        path = f"placement.{entry.id}"
        if not homes:
            sentence = f"needs primary storage in {regions_text(primary)}: no active cell there"
            yield Finding(policy.id, *entry.at, "E-NO-CELL", path, sentence, _nearest(active))


def _nearest(active: Iterable[Cell]) -> str:
    places = sorted({cell.place for cell in active})
    return f"There are cells in {', '.join(places)}." if places else "There is no active cell."


def single_cell_places(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Places with exactly one active cell: no lawful copy stays inside when it is lost."""
    counted: dict[str, int] = {}
    for cell in cells:
        if cell.active:
            counted[cell.place] = counted.get(cell.place, 0) + 1
    return tuple(sorted(place for place, count in counted.items() if count == 1))
