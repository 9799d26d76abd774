"""What this edge takes in for a cell that has too much to do: calls by what is under way, sends by what the
cell can write. What is needed least goes first, and nobody pays for what one workspace asks.

Invariants
    1. A workspace has at most its share of the calls under way on a stream; reads have less than sends, and
       searches less than reads.
    2. A send limit admits no more than its rate and a tenth of a second's burst; it rises slowly while it
       holds something back, and is over when it held nothing back for `IDLE_S`.
"""

from typing import NamedTuple

from accord.errors import ColinkError, OverloadedError, RateLimitedError
from edge.domain.methods import READS

RETRY_AFTER_MS = 1_000
BURST_S = 0.1
GROWTH_PER_S = 0.25
IDLE_S = 1.0


class Share(NamedTuple):
    """Of the calls that may be under way: how many of one workspace, and up to how many of all a new one may
    come.
    """

    own: float
    all: float


SENDS, READING, SEARCHES = Share(1 / 2, 1), Share(3 / 8, 3 / 4), Share(1 / 8, 1 / 2)


def share_of(method: str) -> Share:
    """The share of a method."""
    if method in ("ext.search", "search.messages"):
        return SEARCHES
    return READING if method in READS else SENDS


def refusal(method: str, own: int, all: int, calls_max: int) -> ColinkError | None:
    """Why one more call may not come, with `own` of its workspace and `all` under way; None: it may."""
    share = share_of(method)
    if own >= max(1, share.own * calls_max):
        return RateLimitedError(queue="calls", retry_after_ms=RETRY_AFTER_MS)
    if all >= max(1, share.all * calls_max):
        return OverloadedError(queue="calls", retry_after_ms=RETRY_AFTER_MS)
    return None


class SendLimit:
    """So many sends a second of one workspace, since its cell had to refuse some.

    Times are monotonic, in seconds.

    Attributes:
        spent_s: what refusing took here since its clients were read again.
    """

    def __init__(self, per_s: float, now_s: float) -> None:
        self.per_s = per_s
        self.spent_s = 0.0
        self._tokens = 0.0
        self._at_s = self._held_s = now_s

    def renew(self, per_s: float, now_s: float) -> None:
        """The cell had to refuse again."""
        self._refill(now_s)
        self.per_s = min(self.per_s, per_s)
        self._held_s = now_s

    def admits(self, now_s: float) -> bool:
        """Whether one more may go to the cell."""
        self._refill(now_s)
        if self._tokens < 1:
            self._held_s = now_s
            return False
        self._tokens -= 1
        return True

    def is_over(self, now_s: float) -> bool:
        """Whether it can be forgotten."""
        return now_s - self._held_s > IDLE_S

    def _refill(self, now_s: float) -> None:
        passed_s = now_s - self._at_s
        self._at_s = now_s
        self._tokens = min(max(1.0, self.per_s * BURST_S), self._tokens + self.per_s * passed_s)
        self.per_s *= 1 + GROWTH_PER_S * min(passed_s, IDLE_S)
