"""Placing and naming again what a directory has lost that was put back to an older copy.

Invariants
    1. Only residents are placed that are open in a log which begins here: at the first epoch. Who moved or
       was closed is not, and who lives elsewhere by now is refused by the directory.
    2. Nobody is placed who is merely new: a resident has to be missing at two looks, a pause apart.
    3. After every whole table but the first, and whenever somebody was placed, names are claimed again; with
       the directory away as soon as it is back.
    4. Who is refused is told of, holds up no other and is tried again after a rest; with the directory away
       everything is tried again.
"""

from collections.abc import Awaitable, Callable

from accord.errors import ColinkError, NotReadyError, OverloadedError
from regional_cell.domain.state import OPEN
from regional_cell.ports.directory import DirectoryDoor, PlacedHere
from regional_cell.ports.log import Log, ResidentRecord

FIRST_EPOCH = 1
REST_LOOKS = 60
"""So many looks go by until the same resident is placed once more."""


class Placing:
    """Looks after the placements of this cell's residents.

    Args:
        drift: claims names again that the directory does not hold.
        refused: told of a resident that the directory does not place.
    """

    def __init__(
        self,
        log: Log,
        door: DirectoryDoor,
        routes: PlacedHere,
        drift: Callable[[], Awaitable[int]],
        refused: Callable[[str, ColinkError], None],
    ) -> None:
        self._log, self._door, self._routes = log, door, routes
        self._drift, self._refused = drift, refused
        self._tables = 0
        self._unnamed = False
        # Resident: looks that it rests for. It was missing when it was looked for last.
        self._missing: dict[str, int] = {}

    async def look(self) -> int:
        """Look once, after each whole table, for residents that are in none; how many were placed again.

        Raises:
            NotReadyError, OverloadedError: the directory is away or busy.
        """
        if self._tables != (tables := self._routes.tables):
            self._missing = dict.fromkeys(await self._find(), 0)
            self._unnamed = self._unnamed or self._tables > 0
            self._tables = tables
            return 0
        placed = await self._place_due()
        if self._unnamed:
            await self._drift()
            self._unnamed = False
        return placed

    async def _find(self) -> dict[str, ResidentRecord]:
        return {
            one.resident: one
            for one in await self._log.residents()
            if one.state == OPEN
            and one.head
            and one.epoch == FIRST_EPOCH
            and self._routes.is_missing(one.resident)
        }

    async def _place_due(self) -> int:
        self._missing = {resident: max(0, rest - 1) for resident, rest in self._missing.items()}
        due = [resident for resident, rest in self._missing.items() if not rest]
        if not due:
            return 0
        found, placed = await self._find(), 0
        for resident in due:
            if resident in found:
                self._missing[resident] = REST_LOOKS
                placed += await self._place(found[resident])
            else:
                del self._missing[resident]
        return placed

    async def _place(self, one: ResidentRecord) -> bool:
        try:
            await self._door.place(one.resident, one.establishment, one.subjects, one.tags)
        except (NotReadyError, OverloadedError):
            self._missing[one.resident] = 0
            raise
        except ColinkError as error:
            self._refused(one.resident, error)
            return False
        self._unnamed = True
        return True
