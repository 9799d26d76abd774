"""Gate: so much work at once, and for the rest a place to wait, a moment to come back, or a refusal in time.

What waits does so by rank (better ones first), and within a rank by lane, in turns: whoever has much waiting
does not keep out who has little. What cannot be served in its time is refused when it comes, not when its
time is over: waiting for nothing costs everybody. Whoever is refused is given a moment of their own to come
back.

Invariants
    1. At most `width` pieces are inside, and `waiting_max` wait, with `bytes_max` bytes between them.
    2. Whoever is refused was not inside: nothing was done.
    3. When there is no room to wait, the newest of the longest lane of the last rank makes room, if that is a
       later rank or a longer lane than the newcomer's.
"""

import asyncio
from collections.abc import Callable

from accord.errors import OverloadedError
from accord.lanes import Lanes

RETRY_S_MIN, RETRY_S_MAX = 0.1, 120.0
# How long a measured rate is believed when nobody leaves any more, and how much of the best one is left after
# each slower measure: a moment in which a store or the machine was busy elsewhere refuses nobody.
RATE_S, RATE_KEPT_S, RATE_FADES = 0.25, 1.0, 0.8


class _Waiting:
    __slots__ = ("size", "turn")

    def __init__(self, turn: "asyncio.Future[None]", size: int) -> None:
        self.turn, self.size = turn, size


class Gate:
    """One gate.

    Args:
        name: of the queue, for errors.
        ranks: how many there are; 0 is served first.
        jitter: a number from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        width: int,
        waiting_max: int,
        *,
        bytes_max: int = 64 * 1024 * 1024,
        ranks: int = 1,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._name, self._width, self._waiting_max, self._bytes_max = name, width, waiting_max, bytes_max
        self._jitter = jitter
        self._ranks: list[Lanes[_Waiting]] = [Lanes() for _ in range(ranks)]
        self._bytes = 0
        self.inside = 0
        self._rate: float | None = None
        self._left, self._since_s, self._measured_s = 0, 0.0, 0.0
        self._slot_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._ranks))

    def resize(self, width: int) -> None:
        """Let so many in from now on; nobody is thrown out."""
        self._width = max(1, width)
        self._admit()

    async def enter(self, lane: str, wait_s: float, *, rank: int = 0, size: int = 0, cost: int = 1) -> None:
        """Return when it may begin; `leave` must follow.

        Raises:
            OverloadedError: not within `wait_s`; with the moment to come back.
        """
        if self.inside < self._width and not self.waiting:
            self.inside += 1
            return
        if self._expected_s(lane, rank) > wait_s or not self._make_room(lane, rank, size):
            raise self._refusal()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), size)
        self._ranks[rank].add(lane, waiting, cost)
        self._bytes += size
        alarm = loop.call_later(wait_s, self._refuse, waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled() and waiting.turn.exception() is None:
                self.leave()
            raise
        finally:
            alarm.cancel()

    def leave(self) -> None:
        """One piece is done."""
        self.inside -= 1
        if self.waiting:
            self._measure()
        self._admit()

    def refuse_all(self) -> None:
        """Send away everybody who waits."""
        for lanes in self._ranks:
            for waiting in lanes.clear():
                self._refuse(waiting)
        self._bytes = 0

    def _admit(self) -> None:
        for lanes in self._ranks:
            while self.inside < self._width and len(lanes):
                waiting = lanes.take()
                self._bytes -= waiting.size
                if not waiting.turn.done():
                    self.inside += 1
                    waiting.turn.set_result(None)

    def _make_room(self, lane: str, rank: int, size: int) -> bool:
        while self.waiting >= self._waiting_max or (size and self._bytes + size > self._bytes_max):
            last = max((place for place, lanes in enumerate(self._ranks) if len(lanes)), default=-1)
            if last < rank:
                return False
            lanes = self._ranks[last]
            longest = lanes.longest()
            if last == rank and lanes.waiting(longest) <= lanes.waiting(lane) + 1:
                return False
            dropped = lanes.drop_last(longest)
            self._bytes -= dropped.size
            self._refuse(dropped)
        return True

    def _refuse(self, waiting: _Waiting) -> None:
        if not waiting.turn.done():
            waiting.turn.set_exception(self._refusal())

    # --- how fast it goes, and when to come back --------------------------------------------------------

    def _measure(self) -> None:
        """Count who left while others waited: only then the rate says what can be done."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._measured_s > RATE_KEPT_S:
            self._rate, self._since_s, self._left = None, now_s, 0
        self._left += 1
        self._measured_s = now_s
        if now_s - self._since_s >= RATE_S:
            measured = self._left / (now_s - self._since_s)
            self._rate = max(measured, (self._rate or 0.0) * RATE_FADES)
            self._since_s, self._left = now_s, 0

    def _known_rate(self) -> float | None:
        now_s = asyncio.get_running_loop().time()
        return self._rate if now_s - self._measured_s <= RATE_KEPT_S else None

    def _expected_s(self, lane: str, rank: int) -> float:
        rate = self._known_rate()
        if rate is None:
            return 0.0
        lanes = self._ranks[rank]
        others = lanes.lanes + (0 if lanes.waiting(lane) else 1)
        before = min(len(lanes), (lanes.waiting(lane) + 1) * others)
        return (before + sum(len(better) for better in self._ranks[:rank])) / rate

    def _refusal(self) -> OverloadedError:
        """The next free moment: after those who wait, one after the other as fast as it goes."""
        now_s, rate = asyncio.get_running_loop().time(), self._known_rate() or 1 / RETRY_S_MIN
        self._slot_s = max(self._slot_s, now_s + self.waiting / rate) + (0.5 + self._jitter()) / rate
        # Those who were promised a later moment than anybody should wait for share the last one.
        self._slot_s = min(self._slot_s, now_s + RETRY_S_MAX)
        retry_s = max(RETRY_S_MIN, self._slot_s - now_s)
        return OverloadedError(queue=self._name, retry_after_ms=int(retry_s * 1_000))
