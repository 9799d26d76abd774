"""A quarantine for peers: who sends so much that is wrong is not listened to for a while.

A cell that means well makes nearly no wrong calls: it asks of what its own records say too.

Invariants
    1. Only what the peer itself is to blame for counts; a call that is refused unread counts no more.
    2. There is one count for each admitted cell, whatever it sends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accord.errors import ColinkError, OverloadedError, Reason

WRONGS_MAX = 100
SPAN_S = 10.0
AWAY_S = 60.0
WRONG = frozenset({Reason.INVALID, Reason.TOKEN_INVALID, Reason.FORBIDDEN, Reason.PEER_REFUSED})


@dataclass(slots=True)
class _Count:
    began_s: float
    wrongs: int = 0
    until_s: float = 0.0


class Quarantine:
    """Counts wrong calls of peers.

    Args:
        told: called with the peer when one is no longer listened to.
    """

    def __init__(self, monotonic_s: Callable[[], float], told: Callable[[str], None]) -> None:
        self._monotonic_s, self._told = monotonic_s, told
        self._counts: dict[str, _Count] = {}

    @contextmanager
    def watch(self, peer: str) -> Iterator[None]:
        """One call of a proven peer. Raises OverloadedError when it is not listened to."""
        count = self._counts.get(peer)
        if count is not None and (left_s := count.until_s - self._monotonic_s()) > 0:
            raise OverloadedError(retry_after_ms=int(left_s * 1000) + 1)
        try:
            yield
        except ColinkError as error:
            if error.reason in WRONG:
                self._count(peer)
            raise

    def _count(self, peer: str) -> None:
        now_s = self._monotonic_s()
        count = self._counts.get(peer)
        if count is None or now_s - count.began_s > SPAN_S:
            until_s = count.until_s if count is not None else 0.0
            count = self._counts[peer] = _Count(now_s, until_s=until_s)
        count.wrongs += 1
        if count.wrongs >= WRONGS_MAX and count.until_s <= now_s:
            count.until_s = now_s + AWAY_S
            self._told(peer)
