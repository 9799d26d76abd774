"""Residents: bringing new ones into the world, with the directory and this cell agreeing at the end.

The way of a group: place each in the directory, lease their names, note the lease, open the logs and
commit the first
events, commit the lease, forget it.

Invariants
    1. A name is never committed in the directory before the resident's first event is committed here.
    2. A lease is noted durably before the first local commit, so that the reconciler (services/claims.py)
       can settle it
       whatever happens in between.
    3. One resident that is refused takes no other with it.
"""

import asyncio
from collections.abc import Sequence

from accord.clock import Clock
from accord.errors import ColinkError, ConflictError, UnknownResidentError
from regional_cell.ports.commits import Commits
from regional_cell.ports.directory import DirectoryDoor, NewResident, PendingLease, PendingLeases
from regional_cell.ports.log import DataKeys, Log, ResidentRecord

# The directory takes at most 32 claims in a lease; a name may be claimed under two lookup keys.
GROUP_MAX = 16
# Below the 100 streams that one connection to the directory may have.
GROUPS_AT_ONCE = 4


class Residents:
    """Creates residents in this cell."""

    def __init__(
        self,
        commits: Commits,
        log: Log,
        keys: DataKeys,
        door: DirectoryDoor,
        leases: PendingLeases,
        clock: Clock,
    ) -> None:
        self._commits, self._log, self._keys, self._door = commits, log, keys, door
        self._leases, self._clock = leases, clock

    async def create(self, new: Sequence[NewResident]) -> list[ColinkError | None]:
        """Create them; for each, in order, why it was refused, or None. Names should not repeat within
        `new`.
        """
        outcomes: dict[str, ColinkError | None] = {}
        free = asyncio.Semaphore(GROUPS_AT_ONCE)

        async def run(group: Sequence[NewResident]) -> None:
            async with free:
                outcomes.update(await self._group(group))

        groups = [new[start : start + GROUP_MAX] for start in range(0, len(new), GROUP_MAX)]
        await asyncio.gather(*(run(group) for group in groups))
        return [outcomes[each.resident] for each in new]

    async def require_placed(self, resident: str) -> None:
        """See `ports.ResidentCreator`."""
        if not await self._door.is_placed(resident):
            raise UnknownResidentError(resident=resident)

    async def _group(self, group: Sequence[NewResident]) -> dict[str, ColinkError | None]:
        placed = await asyncio.gather(*(self._place(each) for each in group))
        outcomes: dict[str, ColinkError | None] = {
            each.resident: epoch if isinstance(epoch, ColinkError) else None
            for each, epoch in zip(group, placed, strict=True)
        }
        epochs = {
            each.resident: epoch
            for each, epoch in zip(group, placed, strict=True)
            if not isinstance(epoch, ColinkError)
        }
        ready = [each for each in group if each.resident in epochs]
        outcomes.update(await self._name_and_begin(ready, epochs))
        return outcomes

    async def _place(self, new: NewResident) -> int | ColinkError:
        try:
            return await self._door.place(new.resident, new.establishment, new.subjects, new.tags)
        except ColinkError as error:
            return error

    async def _name_and_begin(
        self, group: Sequence[NewResident], epochs: dict[str, int]
    ) -> dict[str, ColinkError | None]:
        claims = [(attribute, value, each.resident) for each in group for attribute, value in each.names]
        if not claims:
            return await self._begin_all(group, epochs)
        try:
            lease = await self._door.lease(claims)
        except ConflictError as error:
            if len(group) == 1:
                return {group[0].resident: error}
            # One name is taken: ask for each alone, so that only that one is refused.
            outcomes: dict[str, ColinkError | None] = {}
            for each in group:
                outcomes.update(await self._name_and_begin([each], epochs))
            return outcomes
        except ColinkError as error:
            return {each.resident: error for each in group}
        residents = tuple(each.resident for each in group if each.names)
        await self._leases.note(PendingLease(lease, residents, self._clock.now_us() // 1_000_000))
        outcomes = await self._begin_all(group, epochs)
        await self._finish(lease, outcomes)
        return outcomes

    async def _finish(self, lease: str, outcomes: dict[str, ColinkError | None]) -> None:
        """Commit the lease when all have begun; anything else is the reconciler's, which knows from the
        logs.
        """
        if any(error is not None for error in outcomes.values()):
            return
        try:
            await self._door.commit_lease(lease)
        except ColinkError:
            return
        await self._leases.settled(lease)

    async def _begin_all(
        self, group: Sequence[NewResident], epochs: dict[str, int]
    ) -> dict[str, ColinkError | None]:
        begun = await asyncio.gather(*(self._begin(each, epochs[each.resident]) for each in group))
        return {each.resident: error for each, error in zip(group, begun, strict=True)}

    async def _begin(self, new: NewResident, epoch: int) -> ColinkError | None:
        key_id, wrapped = self._keys.new_key(new.resident)
        record = ResidentRecord(
            new.resident,
            new.resident[0],
            epoch,
            "open",
            0,
            0,
            key_id,
            new.establishment,
            new.subjects,
            new.tags,
        )
        try:
            await self._log.open(record, wrapped)
            await self._commits.commit(new.resident, new.first, principal="", epoch=epoch)
        except ColinkError as error:
            return error
        return None
