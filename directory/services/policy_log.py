"""The policy log, read: pages of entries, the newest checkpoint, proofs between two sizes.

Invariants
    1. Whoever reads can prove what they read: the leaf's bytes come with salt and sealed part.
"""

from dataclasses import dataclass

from accord.errors import InvalidError
from accord.ledger import consistency_proof
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.policy_log import PAGE_MAX, LogEntry
from directory.ports.store import ReadUnit, Store


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries in order, the size of the whole log, and the signed checkpoint of that size (empty for
    none).
    """

    entries: tuple[LogEntry, ...]
    size: int
    checkpoint: str


class PolicyLogService:
    """Reads the log for officers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, by: Officer, after: int, limit: int) -> LogPage:
        """Entries from sequence `after` on; at most 256."""
        require_may(by, OfficerAct.READ)
        if not 0 < limit <= PAGE_MAX or after < 0:
            raise InvalidError(field="limit", why=f"1 to {PAGE_MAX}")

        def work(unit: ReadUnit) -> LogPage:
            size = unit.log.size()
            newest = unit.log.page(size - 1, 1) if size else []
            return LogPage(tuple(unit.log.page(after, limit)), size, newest[0].note if newest else "")

        return await self._store.read(work)

    async def consistency(self, by: Officer, old: int, new: int) -> list[bytes]:
        """Hashes that prove the log of `old` entries to be the beginning of that of `new`; raises
        InvalidError.
        """
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> list[bytes]:
            if new > unit.log.size():
                raise InvalidError(field="new", why="beyond the log")
            return consistency_proof(old, new, unit.log.hash_at)

        return await self._store.read(work)
