"""The directory as a cell sees it: homes of others, placing and naming its own residents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accord.errors import ColinkError
from accord.identity import KeyRing
from regional_cell.domain.decisions import Decide


class Routes(Protocol):
    """What this cell knows of other residents, cells and keys, from the directory's watch."""

    async def home_of(self, resident: str) -> tuple[str, int] | None:
        """(cell, epoch); None when unknown. NotReadyError before the first snapshot."""

    def region_of(self, cell: str) -> str | None:
        """Region id of an admitted cell. Does not wait."""

    def jurisdiction_of(self, cell: str) -> str | None:
        """Jurisdiction of an admitted cell. Does not wait."""

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        """(establishment, subjects, tags) of a resident as placed; None when unknown. Does not wait."""

    @property
    def key_ring(self) -> KeyRing:
        """Public keys of all cells."""


class PlacedHere(Protocol):
    """What the directory's tables say of this cell's own residents. Does not wait."""

    @property
    def tables(self) -> int:
        """How many whole tables came."""

    def is_missing(self, resident: str) -> bool:
        """Whether the last whole table, and what came since, does not name it."""


class DirectoryDoor(Protocol):
    """Writing to the directory: placements and claims. Raises DirectoryAwayError-like NotReadyError when it
    is away.
    """

    async def place(
        self, resident: str, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> int:
        """Place a new resident in this cell; gives the epoch. ConflictError, WithheldError."""

    async def is_placed(self, resident: str) -> bool:
        """Whether it lives anywhere, as the directory knows right now."""

    async def lease(self, claims: Sequence[tuple[str, str, str]]) -> str:
        """Lease (attribute, value, resident) names, all or none; gives the lease id. ConflictError."""

    async def commit_lease(self, lease: str) -> None:
        """Make the leased claims last. NotFoundError when the lease expired."""

    async def release_lease(self, lease: str) -> None:
        """Give the names back."""

    async def claimed(self) -> dict[str, set[str]]:
        """Attributes that stand claimed for good, by resident of this cell; for the drift job."""


@dataclass(frozen=True, slots=True)
class PendingLease:
    """A lease of names that waits for the local commits of its residents to be settled."""

    lease: str
    residents: tuple[str, ...]
    at_s: int


class PendingLeases(Protocol):
    """Leases between the directory's promise and the local commit, so that a crash leaves nothing
    unsettled.
    """

    async def note(self, lease: PendingLease) -> None:
        """Keep it, synced, before the first local commit."""

    async def settled(self, lease: str) -> None:
        """Forget it; nothing happens when it is not there."""

    async def pending(self) -> list[PendingLease]:
        """All that are not settled."""


@dataclass(frozen=True, slots=True)
class NewResident:
    """A resident to be. `names`: (attribute, value) to claim; `first`: decides its first events."""

    resident: str
    establishment: str
    first: Decide
    names: tuple[tuple[str, str], ...] = ()
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class ResidentCreator(Protocol):
    """Brings new residents into the world, the directory and this cell agreeing at the end."""

    async def create(self, new: Sequence[NewResident]) -> list[ColinkError | None]:
        """Create them; for each, in order, why it was refused, or None."""

    async def require_placed(self, resident: str) -> None:
        """Ask the directory for it. Raises UnknownResidentError, NotReadyError."""
