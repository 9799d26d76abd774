"""Finding people of this cell by blind index, for edges that cannot reach the directory.

Invariants
    1. Only people whose home is this cell are found, by names that stand in their own logs.
    2. Attempts are counted per edge; an unknown name and one too many are told alike.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from accord.clock import Clock
from regional_cell.ports.commits import Commits
from regional_cell.ports.log import Log

PER_MINUTE_MAX = 600

Index = tuple[str, str, bytes]


class BlindIndexes(Protocol):
    """Indexes of a name under every lookup key that this cell holds. Does not wait."""

    def of(self, attribute: str, value: str) -> list[Index]:
        """(attribute, key id, index); none for a value that cannot be such a name."""


class People:
    """An index over the contacts of this cell's people, made when first asked and completed as people
    come.
    """

    def __init__(self, commits: Commits, log: Log, indexes: BlindIndexes, clock: Clock) -> None:
        self._commits, self._log, self._indexes, self._clock = commits, log, indexes, clock
        self._found: dict[Index, str] = {}
        self._known: set[str] = set()
        self._filling = asyncio.Lock()
        self._asked: dict[str, tuple[int, int]] = {}

    async def find(self, edge: str, rows: Sequence[Index]) -> str:
        """The person of one of these indexes; empty for nobody."""
        if not self._admits(edge, len(rows)):
            return ""
        person = self._first(rows)
        if person is None:
            async with self._filling:
                await self._fill()
            person = self._first(rows)
        return person or ""

    def _first(self, rows: Sequence[Index]) -> str | None:
        return next((person for row in rows if (person := self._found.get(row)) is not None), None)

    async def _fill(self) -> None:
        for record in await self._log.residents():
            resident = record.resident
            if resident[0] != "P" or not record.head or record.state != "open" or resident in self._known:
                continue
            state = await self._commits.state(resident)
            for key, row in state.rows["contacts"].items():
                for index in self._indexes.of(key[0], row["content"]["value"]):
                    self._found[index] = resident
            self._known.add(resident)

    def _admits(self, edge: str, count: int) -> bool:
        minute = int(self._clock.monotonic_s() // 60)
        then, asked = self._asked.get(edge, (minute, 0))
        asked = asked + count if then == minute else count
        self._asked[edge] = (minute, asked)
        return asked <= PER_MINUTE_MAX
