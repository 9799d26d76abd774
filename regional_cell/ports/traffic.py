"""Traffic: how many flows of which kind were asked about, by the hour; and how the directory hears of
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from regional_cell.ports.crossings import PolicyFacts
from residency_policies.points import Flow, Point

Count = Callable[[Point, Flow, PolicyFacts, int], None]
"""Told of so many flows of one kind, when they are asked about."""


def uncounted(point: Point, flow: Flow, facts: PolicyFacts, flows: int) -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of what was counted, in the order in which it changed.

    Attributes:
        since_us: when the cell began to count, unix microseconds.
        after, position: where in the order it begins and ends.
        kinds: number to canonical bytes, of the kinds in this piece.
        counts: (number, start of the bucket in unix seconds, flows until now); number 0: kinds beyond those
            that are kept apart.
        until_s: until when everything is told; 0: there is more.
    """

    since_us: int
    after: int
    position: int
    kinds: dict[int, bytes]
    counts: tuple[tuple[int, int, int], ...]
    until_s: int = 0


class TrafficStore(Protocol):
    """Counts of this cell, of all its processes."""

    async def add(self, counts: Sequence[tuple[int, bytes, int]], now_us: int) -> None:
        """Add (start of a bucket, kind, flows), synced. The first time says since when is counted."""

    async def piece(self, after: int, counts_max: int) -> Piece:
        """What changed after this place in the order, at most so many counts."""

    async def forget_before(self, start_s: int) -> None:
        """Forget buckets that began before, and kinds of which none is left."""


class TrafficDoor(Protocol):
    """The directory, as far as it hears of traffic."""

    async def report(self, piece: Piece) -> int:
        """Tell it; gives the place in the order up to which the directory has this history."""
