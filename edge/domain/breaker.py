"""Breaker of one cell: a cell that fails is asked less, not more.

Invariants
    1. Open: nothing is admitted until `open_s` have passed; then exactly one probe at a time (half-open).
    2. Closed again only by the cell: by its answer to a probe, or by its greeting on a new stream.
"""

from enum import Enum


class BreakerState(Enum):
    """What the breaker lets through: all, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts failures to reach one cell.

    Args:
        failures_max: consecutive failures that open it.
        open_s: how long it stays open.
    """

    def __init__(self, failures_max: int = 8, open_s: float = 2.0) -> None:
        self.state = BreakerState.CLOSED
        self._failures_max = failures_max
        self._open_s = open_s
        self._failures = 0
        self._opened_at_s = 0.0
        self._probing = False

    def admits(self, now_s: float) -> bool:
        """Whether one call may go now; in half-open the caller is the probe and must report its outcome."""
        if self.state is BreakerState.CLOSED:
            return True
        if self.state is BreakerState.OPEN:
            if now_s - self._opened_at_s < self._open_s:
                return False
            self.state = BreakerState.HALF_OPEN
            self._probing = False
        if self._probing:
            return False
        self._probing = True
        return True

    def answered(self) -> None:
        """The cell answered, whatever it said."""
        self.state = BreakerState.CLOSED
        self._failures = 0
        self._probing = False

    def failed(self, now_s: float) -> None:
        """The cell could not be reached, or did not answer in time."""
        self._failures += 1
        self._probing = False
        if self.state is BreakerState.HALF_OPEN or self._failures >= self._failures_max:
            self.state = BreakerState.OPEN
            self._opened_at_s = now_s

    def abandoned(self) -> None:
        """The caller went away: says nothing about the cell."""
        self._probing = False
