"""The policy log, read: pages of entries, the newest checkpoint, proofs between two sizes.

Invariants
    1. Whoever reads can prove what they read: the leaf's bytes come with salt and sealed part, and of what is
       not theirs to read the leaf's hash.
    2. Entries about a revision, a halt, a cell's deadline or an officer are read by whoever reads those;
       entries about bundles and orders by everybody; any other by those alone who read everything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accord.errors import InvalidError
from accord.ledger import consistency_proof
from directory.domain.officers import Officer, OfficerAct, knows, reads_everything, require_may
from directory.domain.policy_log import PAGE_MAX, LogEntry, WithheldEntry, withheld
from directory.domain.reading import halted_workspaces, reads_halt, reads_revision, seen_by, theirs
from directory.domain.unlawful import OVERDUE
from directory.ports.store import ReadUnit, Store


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries in order, those that are not the reader's as hashes; the size of the whole log, and the signed
    checkpoint of that size (empty for none).
    """

    entries: tuple[LogEntry | WithheldEntry, ...]
    size: int
    checkpoint: str


BINDS_EVERYBODY = frozenset({"bundle_adopted", "bundle_signed", "orders_signed"})
"""Acts that every cell and edge obeys; they name revisions' bundles, halts by number, and nodes."""


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
            theirs = _Theirs(unit, by)
            entries = tuple(it if theirs.reads(it) else withheld(it) for it in unit.log.page(after, limit))
            return LogPage(entries, size, newest[0].note if newest else "")

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


class _Theirs:
    """Which entries an officer reads; revisions, halts and officers are looked up once for each page."""

    def __init__(self, unit: ReadUnit, by: Officer) -> None:
        self._unit, self._by = unit, by
        self._known: dict[tuple[str, object], bool] = {}

    def reads(self, entry: LogEntry) -> bool:
        if reads_everything(self._by):
            return True
        shown, sealed = entry.open, entry.sealed
        act = str(shown["act"])
        if act in BINDS_EVERYBODY:
            return True
        if "revision" in shown:
            pilot = shown.get("pilot")
            return self._once(self._revision, shown["revision"]) and self._seen(pilot if pilot else [])
        if "halt" in shown:
            return self._once(self._halt, shown["halt"])
        if act == OVERDUE:
            return self._once(self._cell, shown["cell"])
        return act.startswith("officer_") and self._once(
            self._officer, sealed.get("about") or sealed.get("by")
        )

    def _once(self, look: Callable[[Any], bool], name: object) -> bool:
        key = look.__name__, name
        if key not in self._known:
            self._known[key] = look(name)
        return self._known[key]

    def _revision(self, number: int) -> bool:
        found = self._unit.policies.find(number)
        return found is not None and reads_revision(self._by, found)

    def _halt(self, number: int) -> bool:
        found = self._unit.halts.find(number)
        if found is None:
            return False
        placed = self._unit.placements.find_all(halted_workspaces([found]))
        return reads_halt(found, seen_by(self._by, placed))

    def _cell(self, name: str) -> bool:
        found = self._unit.cells.find(name)
        return found is not None and bool(theirs(self._by, [found]))

    def _officer(self, name: str) -> bool:
        found = self._unit.officers.find(name)
        return found is not None and knows(self._by, found)

    def _seen(self, pilot: object) -> bool:
        if not isinstance(pilot, list):
            return False
        seen = seen_by(self._by, self._unit.placements.find_all(pilot))
        return all(seen(it) for it in pilot)
