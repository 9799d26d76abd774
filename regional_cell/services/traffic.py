"""Traffic: counts flows as they are asked about, by kind and hour, keeps them and tells the directory.

Invariants
    1. A flow is counted once, whatever the answer, where it is first asked about.
    2. Counting is an increment in memory; what is in memory is kept every `FLUSH_S` and when the cell stops:
       a crash loses no more. What could not be kept is kept with the next turn; where a disk leaves open
       whether it was, it may count twice.
    3. A bucket begins with an hour, or later with another table of the bundle.
    4. Beyond `KINDS_MAX` kinds flows are counted without their kind.
    5. What the directory was told it holds under the same place in the order; telling twice counts once.
"""

from accord.clock import Clock
from regional_cell.ports.crossings import Policies, PolicyFacts
from regional_cell.ports.traffic import TrafficDoor, TrafficStore
from residency_policies.points import Flow, Point
from residency_policies.traffic import HOUR_S, KINDS_MAX, SPAN_S, kind_of

FLUSH_S = 5.0
QUIET_S = 60
"""Where nothing was asked about: how often that is kept and told."""
PIECE_MAX = 500
PIECES_MAX = 100
"""Of one turn: the rest waits for the next one."""
FORGET_S = HOUR_S
OTHER = b""

_Asked = tuple[int, Point, Flow, PolicyFacts]


class Traffic:
    """Counts for this process. `report` is called by the one that leads."""

    def __init__(self, policies: Policies, store: TrafficStore, door: TrafficDoor, clock: Clock) -> None:
        self._policies, self._store, self._door, self._clock = policies, store, door, clock
        self._counts: dict[_Asked, int] = {}
        self._others: dict[int, int] = {}
        self._position = -1
        self._kept_us = self._told_s = 0
        self._forgot_s = 0

    def count(self, point: Point, flow: Flow, facts: PolicyFacts, flows: int = 1) -> None:
        """So many flows of this kind were asked about now."""
        start_s = self._start_s()
        asked = (start_s, point, flow, facts)
        if asked in self._counts or len(self._counts) < KINDS_MAX:
            self._counts[asked] = self._counts.get(asked, 0) + flows
        else:
            self._others[start_s] = self._others.get(start_s, 0) + flows

    async def flush(self) -> None:
        """Keep what was counted, or from time to time that nothing was. Raises what the store raises, and
        then nothing is forgotten.
        """
        now_us = self._clock.now_us()
        if not self._counts and not self._others and now_us < self._kept_us + QUIET_S * 1_000_000:
            return
        counts, self._counts = self._counts, {}
        others, self._others = self._others, {}
        rows: dict[tuple[int, bytes], int] = {(start_s, OTHER): flows for start_s, flows in others.items()}
        for (start_s, point, flow, facts), flows in counts.items():
            kind = kind_of(point, flow, facts.establishment, tuple(facts.subjects), tuple(facts.tags))
            row = (start_s, kind.to_bytes())
            rows[row] = rows.get(row, 0) + flows
        try:
            await self._store.add([(*row, flows) for row, flows in rows.items()], now_us)
        except Exception:
            for asked, flows in counts.items():
                self._counts[asked] = self._counts.get(asked, 0) + flows
            for start_s, flows in others.items():
                self._others[start_s] = self._others.get(start_s, 0) + flows
            raise
        self._kept_us = now_us

    async def report(self) -> None:
        """Tell the directory what is new to it. Raises what the door and the store raise."""
        now_s = self._clock.now_us() // 1_000_000
        if now_s - self._forgot_s >= FORGET_S:
            await self._store.forget_before(now_s - SPAN_S)
            self._forgot_s = now_s
        for _ in range(PIECES_MAX):
            piece = await self._store.piece(max(self._position, 0), PIECE_MAX)
            if not piece.since_us or (not piece.counts and piece.until_s == self._told_s):
                return
            held = await self._door.report(piece)
            if held == piece.position and piece.until_s:
                self._position, self._told_s = held, piece.until_s
                return
            self._position = held

    def _start_s(self) -> int:
        now_s = self._clock.now_us() // 1_000_000
        bundle = self._policies.bundle()
        return max(now_s - now_s % HOUR_S, 0 if bundle is None else bundle.at_s)
