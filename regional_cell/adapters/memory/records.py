"""The cell's own small records in memory."""

from accord.clock import Clock
from regional_cell.ports.directory import PendingLease


class MemorySpentTickets:
    """`ports.SpentTickets` in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[str, int] = {}

    async def spend(self, ticket: str, until_s: int) -> bool:
        """As `ports.SpentTickets.spend`."""
        now_s = self._clock.now_us() // 1_000_000
        self._until_s = {name: until for name, until in self._until_s.items() if until >= now_s}
        fresh = ticket not in self._until_s
        self._until_s.setdefault(ticket, until_s)
        return fresh

    async def is_spent(self, ticket: str) -> bool:
        """As `ports.SpentTickets.is_spent`."""
        return self._until_s.get(ticket, 0) >= self._clock.now_us() // 1_000_000


class MemoryPendingLeases:
    """`ports.PendingLeases` in memory."""

    def __init__(self) -> None:
        self._leases: dict[str, PendingLease] = {}

    async def note(self, lease: PendingLease) -> None:
        """As `ports.PendingLeases.note`."""
        self._leases.setdefault(lease.lease, lease)

    async def settled(self, lease: str) -> None:
        """As `ports.PendingLeases.settled`."""
        self._leases.pop(lease, None)

    async def pending(self) -> list[PendingLease]:
        """As `ports.PendingLeases.pending`, the oldest first."""
        return sorted(self._leases.values(), key=lambda lease: (lease.at_s, lease.lease))
