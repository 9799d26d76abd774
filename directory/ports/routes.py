"""What the directory keeps of routes: placements, claims, cells, and the order of their changes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from accord.identity import RingKey
from directory.domain.cells import AdmittedKey, Cell, CellReport, Edge
from directory.domain.claims import Claim, HeldClaim, Lease, Name
from directory.domain.placements import Placement, ReportedEpoch, Tombstone


class PlacementReader(Protocol):
    """Placements, tombstones and what cells report beyond them."""

    def find_all(self, residents: Sequence[str]) -> list[Placement]:
        """Placements of at most `RESOLVE_MAX` residents, in any order; unknown ones are left out."""

    def reports_of(self, residents: Sequence[str]) -> Mapping[str, tuple[ReportedEpoch, ...]]:
        """Reported epochs per resident; a resident without any has no entry."""

    def behind(self) -> set[str]:
        """Residents whose own home cell has reported a higher epoch than their placement's."""

    def tombstone(self, resident: str) -> Tombstone | None:
        """The tombstone, kept for ever."""

    def count_in(self, cell: str) -> int:
        """How many residents have this home cell."""

    def changed_after(self, version: int, limit: int) -> list[Placement]:
        """Placements with a higher version, lowest version first."""

    def buried_after(self, version: int, limit: int) -> list[Tombstone]:
        """Tombstones with a higher version, lowest version first."""


class PlacementWriter(PlacementReader, Protocol):
    """As the reader, and changes."""

    def add(self, placement: Placement) -> None:
        """Insert; the caller has proven that the resident is new."""

    def bury(self, tombstone: Tombstone) -> None:
        """Remove the placement and keep the tombstone in its stead."""

    def report(self, report: ReportedEpoch) -> None:
        """Keep the highest epoch that this cell has reported for this resident."""

    def forget_reports(self, resident: str) -> None:
        """Drop what was reported of a resident whose placement is known again."""

    def count_reports(self, cell: str) -> int:
        """How many reports of this cell are kept."""


class ClaimReader(Protocol):
    """Claims by blind index; nothing else finds them."""

    def match(self, names: Sequence[Name]) -> list[HeldClaim]:
        """Claims under any of these names, in every jurisdiction; one query whatever is found."""

    def list_of(self, cell: str, after: tuple[str, str, str, bytes] | None, limit: int) -> list[HeldClaim]:
        """Claims of one cell behind (jurisdiction, attribute, key id, index), in that order."""


class ClaimWriter(ClaimReader, Protocol):
    """As the reader, and changes."""

    def held(self, jurisdiction: str, names: Sequence[Name]) -> dict[Name, HeldClaim]:
        """What stands under these names in this jurisdiction."""

    def lease(self, lease_id: str) -> Lease | None:
        """The lease, also for a day after it ended."""

    def size_of(self, lease_id: str) -> int:
        """How many claims the lease holds."""

    def put_lease(self, lease: Lease) -> None:
        """Insert or replace."""

    def put_claims(self, lease: Lease, claims: Sequence[Claim]) -> None:
        """Insert claims under a stored lease; the caller has proven that their names are free."""

    def remove_claims(self, lease_id: str) -> None:
        """Remove every claim of the lease."""

    def remove_claims_of(self, resident: str) -> None:
        """Remove every claim of a closed resident."""

    def expired(self, now_s: int, limit: int) -> list[Lease]:
        """Leases that are still LEASED and whose time is over."""

    def drop_leases(self, before_s: int) -> int:
        """Forget leases that ended before this time, or hold nothing any more; how many."""


class CellReader(Protocol):
    """Cells, edges, their keys and what cells last said of themselves."""

    def find(self, name: str) -> Cell | None:
        """The cell of this name in any state; None: never admitted."""

    def find_edge(self, name: str) -> Edge | None:
        """The edge of this name; None: never admitted."""

    def find_key(self, key_id: str) -> AdmittedKey | None:
        """The key of this id in any state; None: never admitted."""

    def cells(self) -> list[Cell]:
        """All of them by name, retired ones too."""

    def edges(self) -> list[Edge]:
        """All of them by name."""

    def all_keys(self) -> list[AdmittedKey]:
        """All of them by key id."""

    def keys_of(self, cell: str) -> list[RingKey]:
        """The cell's keys in every state."""

    def reports(self) -> list[CellReport]:
        """The last announcement of each cell that made one."""


class CellWriter(CellReader, Protocol):
    """As the reader, and changes; each `put` inserts or replaces."""

    def put(self, cell: Cell) -> None:
        """Keep the cell under its name, with its new version."""

    def put_edge(self, edge: Edge) -> None:
        """Keep the edge under its name, with its new version."""

    def put_key(self, key: AdmittedKey) -> None:
        """Keep the key under its id, with its new version."""

    def put_report(self, report: CellReport) -> None:
        """Keep the report in the stead of the cell's last one."""


class VersionReader(Protocol):
    """The order of all changes of routes."""

    def current(self) -> int:
        """The highest version given out, 0 for none."""

    def was_given(self, version: int) -> bool:
        """Whether this store gave out exactly this version (and has not forgotten it)."""


class VersionWriter(VersionReader, Protocol):
    """As the reader, and the next one."""

    def next(self, now_us: int) -> int:
        """A version above every earlier one and not below `now_us`.

        The time makes versions of a store that was put back to an older copy differ from those it had given
        out after that copy was made, so that a node which holds one of those gets a snapshot.
        """

    def forget_all_but(self, kept: int) -> None:
        """Forget the oldest versions; their holders will get a snapshot."""
