"""Traffic: takes in what cells counted, piece by piece, and forgets what is older than 30 days.

Invariants
    1. A piece is kept only when it goes on where the history of that cell ends here; otherwise the cell is
       told where that is.
    2. Another beginning is another history: what was there of the cell is forgotten.
"""

from accord.clock import Clock
from directory.domain.peers import Peer, require_cell
from directory.domain.traffic import TrafficPiece, TrafficReport, check_kinds, check_piece
from directory.ports.store import Store, WriteUnit
from residency_policies.traffic import SPAN_S


class TrafficService:
    """What cells tell of their decisions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def report(self, peer: Peer, piece: TrafficPiece) -> int:
        """Keep a piece; gives the place up to which the cell's history is held.

        Raises:
            PeerRefusedError: no admitted cell. InvalidError: it cannot be kept, and nothing was.
        """
        now_s = self._clock.now_us() // 1_000_000

        def work(unit: WriteUnit) -> int:
            cell = require_cell(peer, unit.cells.find(peer.name)).name
            check_piece(piece, now_s)
            held = unit.traffic.report_of(cell)
            if held is None or held.since_us != piece.since_us:
                unit.traffic.forget(cell)
                held = TrafficReport(cell, piece.since_us, 0, 0)
            if held.position == piece.after:
                unit.traffic.keep(cell, piece.kinds, piece.counts, piece.differences)
                held = TrafficReport(cell, piece.since_us, piece.position, piece.until_s or held.until_s)
                check_kinds(unit.traffic.forget_before(cell, now_s - SPAN_S))
            unit.traffic.put(held)
            unit.commit()
            return held.position

        return await self._store.write(work)
