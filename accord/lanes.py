"""Lanes: what waits, apart by whom it is for, and taken in turns (deficit round robin).

Whoever has much waiting waits longer; who has little passes by. M. Shreedhar and G. Varghese, "Efficient Fair
Queuing using Deficit Round Robin", 1995.

Invariants
    1. Items of one lane leave in the order in which they came; those put back leave first.
    2. While two lanes have items, neither is served `quantum` and the largest cost more than its share.
    3. A lane without items is nothing: it costs no memory and gathers no credit.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Items by lane.

    Args:
        quantum: cost that a lane may spend before the next one has its turn.
    """

    def __init__(self, quantum: int = 1) -> None:
        self._quantum = quantum
        self._lanes: dict[str, deque[tuple[int, T]]] = {}
        self._turns: deque[str] = deque()
        self._kept: dict[str, int] = {}
        self._left = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def lanes(self) -> int:
        """How many lanes have items."""
        return len(self._lanes)

    def waiting(self, lane: str) -> int:
        """How many items the lane has."""
        return len(self._lanes.get(lane, ()))

    def add(self, lane: str, item: T, cost: int = 1) -> None:
        """Let an item wait behind those of its lane."""
        self._items(lane).append((cost, item))
        self._count += 1

    def put_back(self, lane: str, items: Iterable[T], cost: int = 1) -> None:
        """Let items that were taken wait ahead of those of their lane, in this order."""
        back = list(items)
        if back:
            self._items(lane).extendleft((cost, item) for item in reversed(back))
            self._count += len(back)

    def take(self) -> T:
        """The next item of the lane whose turn it is. Raises IndexError when there is none."""
        while True:
            lane = self._turns[0]
            items = self._lanes[lane]
            cost = items[0][0]
            if self._left >= cost:
                self._left -= cost
                self._count -= 1
                item = items.popleft()[1]
                if not items:
                    self._end(lane)
                return item
            self._kept[lane] = self._left
            self._turns.rotate(-1)
            self._begin()

    def longest(self) -> str:
        """The lane with most items. Raises ValueError when there is none."""
        return max(self._lanes, key=lambda lane: len(self._lanes[lane]))

    def drop_last(self, lane: str) -> T:
        """Take out the newest item of a lane. Raises KeyError when it has none."""
        items = self._lanes[lane]
        self._count -= 1
        item = items.pop()[1]
        if not items:
            self._end(lane)
        return item

    def clear(self) -> Iterator[T]:
        """Take out everything, lane by lane."""
        lanes, self._lanes = self._lanes, {}
        self._turns.clear()
        self._kept.clear()
        self._count = self._left = 0
        return (item for items in lanes.values() for _, item in items)

    def _items(self, lane: str) -> deque[tuple[int, T]]:
        items = self._lanes.get(lane)
        if items is None:
            items = self._lanes[lane] = deque()
            self._turns.append(lane)
            if len(self._turns) == 1:
                self._begin()
        return items

    def _begin(self) -> None:
        self._left = self._kept.pop(self._turns[0], 0) + self._quantum

    def _end(self, lane: str) -> None:
        del self._lanes[lane]
        self._kept.pop(lane, None)
        first = self._turns[0] == lane
        self._turns.remove(lane)
        if first and self._turns:
            self._begin()
