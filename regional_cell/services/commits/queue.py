"""The writer's queue: commands that can be decided now, and the count of all that are not resolved yet.

Invariants
    1. Commands of one resident leave in the order in which they came; those put back leave first.
    2. `pending` counts a command from its admission until it is resolved, wherever it waits meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from accord.errors import ColinkError, OverloadedError
from regional_cell.domain.decisions import Committed
from regional_cell.services.commits.commands import Command, own

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

    def resolve(self, command: Command, committed: Committed) -> None:
        """Tell how it ended, and count one less."""
        self._count_off()
        if not command.waiter.done():
            command.waiter.set_result(committed)

    def fail(self, command: Command, error: ColinkError) -> None:
        """The same for one that was not committed."""
        self._count_off()
        if not command.waiter.done():
            command.waiter.set_exception(own(error))

    def _count_off(self) -> None:
        self.pending -= 1
        if self.over:
            self._wake.set()

    def add(self, commands: Iterable[Command]) -> None:
        """These can be decided now."""
        self._ready.extend(commands)
        if not self._wake.is_set():
            self._wake.set()

    @property
    def ready(self) -> int:
        """How many `take` could give."""
        return len(self._ready)

    @property
    def over(self) -> bool:
        """Whether nothing is pending and nothing will come."""
        return self._stopping and not self.pending

    def put_back(self, commands: list[Command]) -> None:
        """These were taken and must be decided later; they come before all others."""
        self._ready.extendleft(reversed(commands))

    def stop(self) -> None:
        """Nothing more will come."""
        self._stopping = True
        self._wake.set()

    def nudge(self) -> None:
        """Let `wait` return."""
        self._wake.set()

    def take(self, count_max: int) -> list[Command]:
        """What can be decided now, at most so many."""
        return [self._ready.popleft() for _ in range(min(count_max, len(self._ready)))]

    async def wait(self) -> None:
        """Return when something came, was nudged, or is over."""
        self._wake.clear()
        if not self.over:
            await self._wake.wait()
