"""Time as an argument: wall time in microseconds and a monotonic time in seconds.

Invariants
    1. Nothing in `domain` or `services` reads the machine's clock; it is handed a `Clock`.
    2. `monotonic_s` never falls; `now_us` may (a wall clock is set by people).
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how long something took."""

    def now_us(self) -> int:
        """Wall time, microseconds since 1970-01-01 UTC; may step back."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never steps back."""


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until told otherwise; for simulation and tests.

    Args:
        now_us: first wall time, microseconds since 1970.
    """

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = now_us
        self._monotonic_us = 0

    def now_us(self) -> int:
        return self._now_us

    def monotonic_s(self) -> float:
        return self._monotonic_us / 1_000_000

    def advance(self, seconds: float) -> None:
        """Let both clocks run forward; refuses a negative time."""
        if seconds < 0:
            raise ValueError("a monotonic clock does not run backwards")
        step_us = round(seconds * 1_000_000)
        self._now_us += step_us
        self._monotonic_us += step_us

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock off by `seconds` (negative: back), as an operator or a time server would."""
        self._now_us += round(seconds * 1_000_000)
