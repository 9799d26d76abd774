"""Unlawful conversations: looks for those that policies in force no longer allow, and tells the directory.

Invariants
    1. Only once all conversations were ruled on under a bundle is anything told of it.
    2. What is told is all that there is, ids and counts alone; telling it twice changes nothing. What the
       directory did not hear is told again with the next turn.
"""

from collections.abc import Callable

from accord.clock import Clock
from accord.errors import ColinkError
from regional_cell.domain.gatherings import Stage
from regional_cell.domain.parties import ruling_of
from regional_cell.ports.log import Log
from regional_cell.ports.unlawful import Unlawful, UnlawfulDoor
from regional_cell.ports.views import Views

LISTED_MAX = 1_000
LOOK_S = 300
"""How often all conversations are looked at where nothing is known to have changed: another process may have
ruled.
"""
SOON_S = 5
_UNLAWFUL = frozenset({"refused", "read_only"})


class UnlawfulReports:
    """`report` is called by the process that leads, every few seconds.

    Args:
        walked: the policies under which all conversations were last ruled on here; bundle -1 or 0: none.
    """

    def __init__(
        self, log: Log, views: Views, door: UnlawfulDoor, clock: Clock, walked: Callable[[], Stage]
    ) -> None:
        self._log, self._views, self._door, self._clock = log, views, door, clock
        self._walked = walked
        self._told: Stage | None = None
        self._looked_s = 0
        self._changed = False

    def changed(self) -> None:
        """A ruling changed in this process."""
        self._changed = True

    async def report(self) -> None:
        """Look and tell, when something changed or it is long ago. Raises what the door and the views raise,
        and then it is done again with the next turn.
        """
        stage, now_s = self._walked(), self._clock.now_us() // 1_000_000
        if stage.bundle <= 0:
            return
        since_s = now_s - self._looked_s
        if stage == self._told and since_s < (SOON_S if self._changed else LOOK_S):
            return
        self._changed = False
        try:
            counts, listed = await self._found()
            await self._door.report(stage.bundle, counts["refused"], counts["read_only"], listed)
        except ColinkError:
            self._changed = True
            raise
        self._told, self._looked_s = stage, now_s

    async def _found(self) -> tuple[dict[str, int], list[Unlawful]]:
        """How many there are by outcome, and the first of them; those in which nobody writes come first."""
        counts = dict.fromkeys(sorted(_UNLAWFUL), 0)
        found: dict[str, list[Unlawful]] = {"refused": [], "read_only": []}
        for record in await self._log.residents():
            if record.resident[0] != "T":
                continue
            for (channel,), row in await self._views.rows(record.resident, "channels"):
                ruling = ruling_of(row)
                outcome = ruling.get("outcome", "")
                if outcome not in _UNLAWFUL:
                    continue
                counts[outcome] += 1
                if len(found[outcome]) < LISTED_MAX:
                    one = Unlawful(record.resident, channel, outcome, ruling["rule"], ruling["bundle"])
                    found[outcome].append(one)
        return counts, [*found["refused"], *found["read_only"]][:LISTED_MAX]
