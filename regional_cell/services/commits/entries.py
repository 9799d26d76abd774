"""Reading a resident's log, opened."""

from collections.abc import Mapping, Sequence

from regional_cell.domain.events import Event, SealedEvent
from regional_cell.ports.log import Log, Sealer


class Entries:
    """The part of `ports.Commits` that reads entries."""

    def __init__(self, log: Log, sealer: Sealer) -> None:
        self._log, self._sealer = log, sealer

    async def event(self, resident: str, sequence: int) -> Event | None:
        """As `ports.Commits.event`."""
        return (await self.events(resident, [sequence])).get(sequence)

    async def events(self, resident: str, sequences: Sequence[int]) -> dict[int, Event]:
        """As `ports.Commits.events`."""
        return self.opened(await self._log.entries(resident, sequences))

    def opened(self, entries: Mapping[int, SealedEvent]) -> dict[int, Event]:
        """As `ports.Commits.opened`."""
        present = {sequence: entry for sequence, entry in entries.items() if entry.sealed is not None}
        return {sequence: self._sealer.open_event(entry) for sequence, entry in present.items()}

    async def read(self, resident: str, after: int, limit: int) -> list[Event]:
        """As `ports.Commits.read`; redacted entries are left out."""
        entries = await self._log.read(resident, after, limit)
        return [self._sealer.open_event(entry) for entry in entries if entry.sealed is not None]
