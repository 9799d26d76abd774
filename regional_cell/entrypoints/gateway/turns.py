"""Turns: of what comes together, some begins in each turn of the loop, and the rest in the next ones.

A thousand calls that begin at once are answered at once too, after all of them were worked on; until then the
edge and its clients have nothing to do. Begun bit by bit, they are answered bit by bit.

Invariants
    1. What comes alone begins at once.
    2. At most `at_once` pieces begin in one turn; lanes give one piece each, in turns.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from accord.lanes import Lanes

T = TypeVar("T")


class Turns(Generic[T]):
    """What waits to begin.

    Args:
        begin: begins a piece; must not block.
        at_once: how many begin in one turn.
    """

    def __init__(self, begin: Callable[[T], None], at_once: int) -> None:
        self._begin, self._at_once = begin, at_once
        self._lanes: Lanes[T] = Lanes()
        self._begun = 0
        self._turning = False

    def __len__(self) -> int:
        return len(self._lanes)

    def add(self, lane: str, piece: T) -> None:
        """Begin a piece in this turn, or as soon as it is its turn."""
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._begun < self._at_once:
            self._begun += 1
            self._begin(piece)
        else:
            self._lanes.add(lane, piece)

    def clear(self) -> None:
        """Forget what has not begun."""
        self._lanes.clear()

    def _turn(self) -> None:
        self._begun = min(self._at_once, len(self._lanes))
        self._turning = self._begun > 0
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)
        for _ in range(self._begun):
            self._begin(self._lanes.take())
