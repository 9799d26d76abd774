"""A breaker for each cell: one that failed again and again is left alone for a while, then tried once
more.
"""

from collections.abc import Callable
from dataclasses import dataclass

FAILURES_MAX = 3
OPEN_S = 5.0


@dataclass(slots=True)
class _Count:
    failures: int = 0
    open_until_s: float = 0.0


class Breaker:
    """Counts failures in a row."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._counts: dict[str, _Count] = {}

    def is_open(self, cell: str) -> bool:
        """Whether the cell is to be left alone now."""
        count = self._counts.get(cell)
        return count is not None and self._monotonic_s() < count.open_until_s

    def succeeded(self, cell: str) -> None:
        """The cell answered."""
        self._counts.pop(cell, None)

    def failed(self, cell: str) -> None:
        """The cell did not answer, or not in time, or not as it has to."""
        count = self._counts.setdefault(cell, _Count())
        count.failures += 1
        if count.failures >= FAILURES_MAX:
            count.open_until_s = self._monotonic_s() + OPEN_S
