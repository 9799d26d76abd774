"""Budgets per peer in this process: a moving window, so that a burst is not followed by a second one.

With several directory processes each has its own budget; the sum is what a peer can spend.
"""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from accord.errors import RateLimitedError


class LocalRate:
    """`directory.ports.Rate`: `per_minute` indexes for each peer."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, peer: str, cost: int) -> None:
        if not self._window.hit(self._limit, peer, cost=cost):
            raise RateLimitedError(retry_after_ms=5_000, retry_after_s=5)
