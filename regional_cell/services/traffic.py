"""Traffic: counts flows as they are asked about, by kind and hour, keeps them and tells the directory.

Invariants
    1. A flow is counted once, whatever the answer, where it is first asked about.
    2. Counting is an increment in memory; what is in memory is kept every `FLUSH_S` and when the cell stops:
       a crash loses no more. What could not be kept is kept with the next turn; where a disk leaves open
       whether it was, it may count twice.
    3. A bucket begins with an hour, or later with another table of the bundle or of the shadow.
    4. Beyond `KINDS_MAX` kinds flows are counted without their kind.
    5. While a shadow is evaluated, flows are counted under it apart, with what its tables decide otherwise
       than the active ones: asked once for each kind, when it is counted first. It decides nothing, and what
       is counted before or after has no part in it.
    6. What the directory was told it holds under the same place in the order; telling twice counts once.
"""

from accord.clock import Clock
from regional_cell.ports.crossings import Policies, PolicyFacts
from regional_cell.ports.traffic import Counted, NoShadow, Shadows, TrafficDoor, TrafficStore
from residency_policies.bundle import CompiledBundle
from residency_policies.differences import Differences, differences
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

_Asked = tuple[int, bytes, Point, Flow, PolicyFacts]
_Pair = tuple[CompiledBundle, CompiledBundle]


class Traffic:
    """Counts for this process. `report` is called by the one that leads."""

    def __init__(
        self,
        policies: Policies,
        store: TrafficStore,
        door: TrafficDoor,
        clock: Clock,
        shadows: Shadows | None = None,
    ) -> None:
        self._policies, self._store, self._door, self._clock = policies, store, door, clock
        self._shadows: Shadows = shadows or NoShadow()
        self._counts: dict[_Asked, int] = {}
        self._differ: dict[_Asked, Differences] = {}
        self._others: dict[tuple[int, bytes], int] = {}
        self._pair: _Pair | None = None
        self._compared: dict[tuple[Point, Flow, PolicyFacts], Differences] = {}
        self._position = -1
        self._kept_us = self._told_s = 0
        self._forgot_s = 0

    def count(self, point: Point, flow: Flow, facts: PolicyFacts, flows: int = 1) -> None:
        """So many flows of this kind were asked about now."""
        active = self._policies.bundle()
        shadow = self._shadows.shadow()
        start_s = self._start_s(active, shadow)
        digest = b"" if shadow is None else shadow[0]
        asked = (start_s, digest, point, flow, facts)
        counted = self._counts.get(asked)
        if counted is not None:
            self._counts[asked] = counted + flows
        elif len(self._counts) < KINDS_MAX:
            self._counts[asked] = flows
            if shadow is not None and active is not None:
                self._compare(asked, (active, shadow[1]))
        else:
            self._others[start_s, digest] = self._others.get((start_s, digest), 0) + flows

    def _compare(self, asked: _Asked, pair: _Pair) -> None:
        """What the shadow decides otherwise of this kind, by the tables that hold now."""
        if self._pair is None or self._pair[0] is not pair[0] or self._pair[1] is not pair[1]:
            self._pair = pair
            self._compared.clear()
        kind = asked[2:]
        found = self._compared.get(kind)
        if found is None:
            point, flow, facts = kind
            ruled_by = facts.establishment, facts.subjects, facts.tags
            found = differences(point, flow, *ruled_by, active=pair[0], shadow=pair[1])
            if len(self._compared) < KINDS_MAX:
                self._compared[kind] = found
        if found:
            self._differ[asked] = found

    async def flush(self) -> None:
        """Keep what was counted, or from time to time that nothing was. Raises what the store raises, and
        then nothing is forgotten.
        """
        now_us = self._clock.now_us()
        if self._pair is not None and self._shadows.shadow() is None:
            self._pair = None
            self._compared.clear()
        if not self._counts and not self._others and now_us < self._kept_us + QUIET_S * 1_000_000:
            return
        counts, self._counts = self._counts, {}
        differ, self._differ = self._differ, {}
        others, self._others = self._others, {}
        rows: dict[tuple[int, bytes, bytes, Differences], int] = {
            (*bucket, OTHER, ()): flows for bucket, flows in others.items()
        }
        for asked, flows in counts.items():
            start_s, digest, point, flow, facts = asked
            kind = kind_of(point, flow, facts.establishment, tuple(facts.subjects), tuple(facts.tags))
            row = (start_s, digest, kind.to_bytes(), differ.get(asked, ()))
            rows[row] = rows.get(row, 0) + flows
        added = [
            Counted(start_s, digest, kind, flows, found)
            for (start_s, digest, kind, found), flows in rows.items()
        ]
        try:
            await self._store.add(added, now_us)
        except Exception:
            self._differ |= differ
            for asked, flows in counts.items():
                self._counts[asked] = self._counts.get(asked, 0) + flows
            for bucket, flows in others.items():
                self._others[bucket] = self._others.get(bucket, 0) + flows
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
            news = piece.counts or piece.differences or piece.until_s != self._told_s
            if not piece.since_us or not news:
                return
            held = await self._door.report(piece)
            if held == piece.position and piece.until_s:
                self._position, self._told_s = held, piece.until_s
                return
            self._position = held

    def _start_s(self, active: CompiledBundle | None, shadow: tuple[bytes, CompiledBundle] | None) -> int:
        now_s = self._clock.now_us() // 1_000_000
        begun_s = max(now_s - now_s % HOUR_S, 0 if active is None else active.at_s)
        return begun_s if shadow is None else max(begun_s, shadow[1].at_s)
