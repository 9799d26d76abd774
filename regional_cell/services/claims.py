"""Claims: settling what a crash left between a lease in the directory and the commit in this cell.

Invariants
    1. A lease that was noted is settled exactly in one way: committed when all its residents have their
       first event,
       released when none has; a mixed one is released and claimed anew for those that have.
    2. The cell's logs are the truth: the drift job claims what a log says and the directory does not hold.
"""

from collections.abc import Callable

from accord.clock import Clock
from accord.errors import ColinkError, ConflictError, NotFoundError, StaleEpochError, WrongStateError
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.directory import DirectoryDoor, PendingLease, PendingLeases
from regional_cell.ports.log import Log

# A lease that is younger may still be in the hands of the call that made it.
SETTLE_AFTER_S = 30


def names_of(state: State) -> list[tuple[str, str]]:
    """(attribute, value) of every name that the log says is the resident's."""
    if state.kind == "T":
        row = state.row("workspaces")
        return [("slug", row["content"]["slug"])] if row is not None else []
    if state.kind == "P":
        rows = state.rows["contacts"].items()
        return [(key[0], row["content"]["value"]) for key, row in sorted(rows)]
    return []


class Claims:
    """The reconciler and the drift job of one cell.

    Args:
        refused: told of a resident whose name or home the directory gives to somebody else.
    """

    def __init__(
        self,
        commits: Commits,
        log: Log,
        door: DirectoryDoor,
        leases: PendingLeases,
        clock: Clock,
        refused: Callable[[str, ColinkError], None],
    ) -> None:
        self._commits, self._log, self._door, self._leases, self._clock = commits, log, door, leases, clock
        self._refused = refused

    async def settle(self, *, all_of_them: bool = False) -> int:
        """Settle leases that waited for long enough (at the start: all); how many were settled.

        Raises:
            NotReadyError: the directory is away; nothing is lost, and the next run goes on.
        """
        now_s, settled = self._clock.now_us() // 1_000_000, 0
        for lease in await self._leases.pending():
            if all_of_them or now_s - lease.at_s >= SETTLE_AFTER_S:
                await self._settle(lease)
                settled += 1
        return settled

    async def _settle(self, lease: PendingLease) -> None:
        begun = [resident for resident in lease.residents if await self._has_begun(resident)]
        try:
            if len(begun) == len(lease.residents):
                await self._door.commit_lease(lease.lease)
            else:
                await self._door.release_lease(lease.lease)
                await self._claim(begun)
        except (NotFoundError, WrongStateError):
            # It expired, or an earlier run came as far as this.
            await self._claim(begun)
        await self._leases.settled(lease.lease)

    async def drift(self) -> int:
        """Claim names that the logs have and the directory does not; how many residents it was about."""
        claimed = await self._door.claimed()
        adrift = []
        for record in await self._log.residents():
            if record.head and record.state == "open" and record.resident[0] in "TP":
                names = names_of(await self._commits.state(record.resident))
                if {attribute for attribute, _ in names} - claimed.get(record.resident, set()):
                    adrift.append(record.resident)
        await self._claim(adrift)
        return len(adrift)

    async def _has_begun(self, resident: str) -> bool:
        record = await self._log.record(resident)
        return record is not None and record.head > 0

    async def _claim(self, residents: list[str]) -> None:
        for resident in residents:
            names = names_of(await self._commits.state(resident))
            if not names:
                continue
            try:
                lease = await self._door.lease([(attribute, value, resident) for attribute, value in names])
                await self._door.commit_lease(lease)
            except (ConflictError, NotFoundError, StaleEpochError, WrongStateError) as error:
                self._refused(resident, error)
