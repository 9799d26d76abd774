"""The writer's queue: commands that can be decided now, and the count of all that are not resolved yet.

Invariants
    1. Commands of one resident leave in the order in which they came; those put back leave first.
    2. `pending` counts a command from its admission until it is resolved, wherever it waits meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from accord.errors import OverloadedError
from regional_cell.services.commits.commands import Command

FULL_RETRY_AFTER_MS = 100


class CommandQueue:
    """Filled on the event loop, emptied by the writer alone.

    Args:
        pending_max: one more is refused by `admit`.
    """

    def __init__(self, pending_max: int) -> None:
        self._pending_max = pending_max
        self._ready: deque[Command] = deque()
        self._wake = asyncio.Event()
        self._stopping = False
        self.pending = 0

    def admit(self) -> None:
        """Count one more command. Raises OverloadedError: nothing happened to it."""
        if self.pending >= self._pending_max:
            raise OverloadedError(queue="writer", retry_after_ms=FULL_RETRY_AFTER_MS)
        self.pending += 1

    def resolved(self) -> None:
        """Count one less."""
        self.pending -= 1
        if self._stopping and not self.pending:
            self._wake.set()

    def add(self, commands: Iterable[Command]) -> None:
        """These can be decided now."""
        self._ready.extend(commands)
        if not self._wake.is_set():
            self._wake.set()

    @property
    def ready(self) -> bool:
        """Whether `take` would not wait."""
        return bool(self._ready)

    def put_back(self, commands: list[Command]) -> None:
        """These were taken and must wait for the batch at hand; they come before all others."""
        self._ready.extendleft(reversed(commands))

    def stop(self) -> None:
        """Let `take` return nothing once nothing is pending."""
        self._stopping = True
        self._wake.set()

    async def take(self, count_max: int) -> list[Command]:
        """What is ready, at most so many; waits for the first. Nothing: stopped, and nothing is pending."""
        while not self._ready:
            if self._stopping and not self.pending:
                return []
            self._wake.clear()
            await self._wake.wait()
        return [self._ready.popleft() for _ in range(min(count_max, len(self._ready)))]
