"""How many reads and searches are done at once. Workspaces have their turns, and what would come too late is
refused when it comes; writes do not stand here, they have the writer's queue.

So reads and searches never take more of this process than their width, and sends go before them.
"""

import asyncio

from accord import deadline
from accord.errors import OverloadedError, RateLimitedError
from accord.runtime.gate import Gate
from regional_cell.entrypoints.web_api.method import Method

READS_AT_ONCE, READS_WAITING_MAX = 64, 4_096
SEARCHES_AT_ONCE, SEARCHES_WAITING_MAX = 16, 128
WAIT_S_MAX = 8.0


class Admission:
    """The gates of one process.

    Attributes:
        refused: by the name of the gate, how many were.
    """

    def __init__(self) -> None:
        self._gates = {
            "reads": Gate("reads", READS_AT_ONCE, READS_WAITING_MAX),
            "searches": Gate("searches", SEARCHES_AT_ONCE, SEARCHES_WAITING_MAX),
        }
        self.refused = dict.fromkeys(self._gates, 0)

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait at each gate."""
        return {name: gate.waiting for name, gate in self._gates.items()}

    async def enter(self, method: Method, workspace: str) -> Gate | None:
        """Take a place for a call; what is returned is to be left when it is done. Writes need none.

        Raises:
            RateLimitedError: with the moment to come back; nothing was done.
        """
        if method.writes or not workspace:
            return None
        name = "searches" if "search:read" in method.scopes else "reads"
        gate = self._gates[name]
        wait_s = min(WAIT_S_MAX, deadline.until_s() - asyncio.get_running_loop().time())
        try:
            await gate.enter(workspace, wait_s)
        except OverloadedError as error:
            self.refused[name] += 1
            raise RateLimitedError(queue=name, retry_after_ms=error.retry_after_ms) from None
        return gate
