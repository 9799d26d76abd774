"""Unlawful conversations: takes in what cells say of theirs, and shows officers what is unresolved.

Invariants
    1. Each report takes the place of the cell's last one; one that was ruled under an older bundle than that
       changes nothing.
"""

from dataclasses import replace

from accord.clock import Clock
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.peers import Peer, require_cell
from directory.domain.unlawful import CellUnlawful, UnlawfulReport, check_report, unresolved
from directory.ports.store import ReadUnit, Store, WriteUnit


class UnlawfulService:
    """What cells tell of conversations that policies no longer allow."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def report(self, peer: Peer, report: UnlawfulReport) -> None:
        """Keep all that a cell has to say; its name is taken from its certificate.

        Raises:
            PeerRefusedError: no admitted cell. InvalidError: it cannot be kept, and nothing was.
        """
        now_s = self._clock.now_us() // 1_000_000

        def work(unit: WriteUnit) -> None:
            cell = require_cell(peer, unit.cells.find(peer.name)).name
            check_report(report, unit.bundles.active_version())
            held = next((it for it in unit.unlawful.reports() if it.cell == cell), None)
            if held is None or held.bundle_version <= report.bundle_version:
                unit.unlawful.put(replace(report, cell=cell, reported_s=now_s))
                unit.commit()

        await self._store.write(work)

    async def unresolved(self, by: Officer) -> tuple[CellUnlawful, ...]:
        """What is unresolved in each cell; raises ForbiddenError."""
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> tuple[CellUnlawful, ...]:
            return unresolved(unit.cells.cells(), unit.unlawful.reports(), unit.bundles.activated_s)

        return await self._store.read(work)
