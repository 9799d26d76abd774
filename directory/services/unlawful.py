"""Unlawful conversations: takes in what cells say of theirs, and shows officers what is unresolved.

Invariants
    1. Each report takes the place of the cell's last one; one that was ruled under an older bundle than that
       changes nothing.
    2. Officers read of cells in their jurisdictions alone.
    3. That a deadline has passed is an entry of the policy log, one for each cell and bundle.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace

from accord.clock import Clock
from directory.domain.cells import Cell
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.peers import Peer, require_cell
from directory.domain.policy_log import SALT_BYTES, Act, LogPen, entries_since
from directory.domain.reading import theirs
from directory.domain.unlawful import (
    OVERDUE,
    CellUnlawful,
    Passed,
    UnlawfulReport,
    check_report,
    passed,
    unresolved,
)
from directory.ports.store import ReadUnit, Store, WriteUnit

DIRECTORY = "directory"


class UnlawfulService:
    """What cells tell of conversations that policies no longer allow."""

    def __init__(self, store: Store, clock: Clock, random: Callable[[int], bytes], pen: LogPen) -> None:
        self._store, self._clock, self._random, self._pen = store, clock, random, pen
        self._entered: frozenset[tuple[str, int]] = frozenset()

    async def report(self, peer: Peer, report: UnlawfulReport) -> None:
        """Keep all that a cell has to say; its name is taken from its certificate.

        Raises:
            PeerRefusedError: no admitted cell. InvalidError: it cannot be kept, and nothing was.
        """
        now_s = self._now_s()

        def work(unit: WriteUnit) -> None:
            cell = require_cell(peer, unit.cells.find(peer.name)).name
            check_report(report, unit.bundles.active_version())
            held = next((it for it in unit.unlawful.reports() if it.cell == cell), None)
            if held is None or held.bundle_version <= report.bundle_version:
                unit.unlawful.put(replace(report, cell=cell, reported_s=now_s))
                unit.commit()

        await self._store.write(work)

    async def unresolved(self, by: Officer) -> tuple[CellUnlawful, ...]:
        """What is unresolved in each cell of the officer's jurisdictions; raises ForbiddenError."""
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> tuple[CellUnlawful, ...]:
            return self._unresolved(unit, theirs(by, unit.cells.cells()))

        return await self._store.read(work)

    async def tick(self) -> None:
        """Enter into the policy log which deadlines have passed, each once."""

        def due(unit: ReadUnit) -> list[Passed]:
            return passed(self._unresolved(unit, unit.cells.cells()))

        if {it.key for it in await self._store.read(due)} <= self._entered:
            return

        def work(unit: WriteUnit) -> frozenset[tuple[str, int]]:
            found = due(unit)
            since_s = min((it.deadline_s for it in found), default=self._now_s())
            told = [it.open for it in entries_since(unit.log, since_s) if it.open["act"] == OVERDUE]
            known = {(it["cell"], it["bundle_version"]) for it in told}
            for one in found:
                if one.key not in known:
                    act = Act(OVERDUE, DIRECTORY, asdict(one))
                    self._pen.enter(unit.log, act, self._now_s(), self._random(SALT_BYTES))
            unit.commit()
            return frozenset(it.key for it in found)

        self._entered = await self._store.write(work)

    def _unresolved(self, unit: ReadUnit, cells: Iterable[Cell]) -> tuple[CellUnlawful, ...]:
        return unresolved(cells, unit.unlawful.reports(), unit.bundles.activated_s, self._now_s())

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
