"""When a small batch waits for company: soon after a large one, whose people speak again once they are
answered.

Alone it would cost a sync of its own, and its answers a round of writes to all sockets. Nobody waits for the
company of others: what is ready of another resident than had most of the large one ends it.
"""

import asyncio
from collections.abc import Mapping

from regional_cell.services.commits.queue import CommandQueue

LINGER_S = 0.004
# So many are worth a sync of their own, however many were written before.
ENOUGH_MAX = 32


class Linger:
    """Looks at the queue of one writer, between two batches."""

    def __init__(self, queue: CommandQueue) -> None:
        self._queue = queue
        self._enough, self._settled_s = 0, 0.0
        self._most = ""

    def settled(self, counts: Mapping[str, int]) -> None:
        """So many commands of each resident were written together, and are about to be told."""
        self._enough = min(sum(counts.values()) // 2, ENOUGH_MAX)
        self._most = max(counts, key=counts.__getitem__, default="")
        self._settled_s = asyncio.get_running_loop().time()

    def wanted(self) -> bool:
        """Whether less than half as many are ready, all of who had most, and it is still soon."""
        return (
            self._queue.ready < self._enough
            and self._queue.ready == self._queue.ready_of(self._most)
            and asyncio.get_running_loop().time() < self._settled_s + LINGER_S
            and not self._queue.stopping
        )

    async def wait(self) -> None:
        """Return when it is not wanted any more; those who were written must have been told."""
        alarm = asyncio.get_running_loop().call_at(self._settled_s + LINGER_S, self._end)
        while self.wanted():
            await self._queue.wait()
        alarm.cancel()

    def _end(self) -> None:
        # An alarm may come a moment early by the clock of its loop, and there is no second one.
        self._enough = 0
        self._queue.nudge()
