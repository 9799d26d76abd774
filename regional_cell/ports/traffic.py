"""Traffic: how many flows of which kind were asked about, by the hour; and how the directory hears of
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from regional_cell.ports.crossings import PolicyFacts
from residency_policies.bundle import CompiledBundle
from residency_policies.points import Flow, Point

Count = Callable[[Point, Flow, PolicyFacts, int], None]
"""Told of so many flows of one kind, when they are asked about."""


def uncounted(point: Point, flow: Flow, facts: PolicyFacts, flows: int) -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True)
class KindCount:
    """Flows of one kind (by number; 0: kinds beyond those that are kept apart) in a bucket until now.

    `start_s`: its start, unix seconds; `shadow`: hash of the shadow under which they were asked about too, or
    empty.
    """

    number: int
    start_s: int
    shadow: bytes
    flows: int


@dataclass(frozen=True, slots=True)
class KindDifference:
    """Those of them that the shadow decides otherwise: one class, in which way, under which clause."""

    number: int
    start_s: int
    shadow: bytes
    data_class: str
    what: str
    rule: str
    flows: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What is added to a bucket. `kind` empty: not kept apart; `differences`: (class, way, clause), all of
    which hold for each of the flows.
    """

    start_s: int
    shadow: bytes
    kind: bytes
    flows: int
    differences: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of what was counted, in the order in which it changed.

    Attributes:
        since_us: when the cell began to count, unix microseconds.
        after, position: where in the order it begins and ends.
        kinds: number to canonical bytes, of the kinds in this piece.
        until_s: until when everything is told; 0: there is more.
    """

    since_us: int
    after: int
    position: int
    kinds: dict[int, bytes]
    counts: tuple[KindCount, ...]
    until_s: int = 0
    differences: tuple[KindDifference, ...] = ()


class TrafficStore(Protocol):
    """Counts of this cell, of all its processes."""

    async def add(self, counts: Sequence[Counted], now_us: int) -> None:
        """Add to buckets, synced. The first time says since when is counted."""

    async def piece(self, after: int, counts_max: int) -> Piece:
        """What changed after this place in the order, at most so many counts."""

    async def forget_before(self, start_s: int) -> None:
        """Forget buckets that began before, and kinds of which none is left."""


class Shadows(Protocol):
    """A bundle that is evaluated beside the active one and decides nothing."""

    def shadow(self) -> tuple[bytes, CompiledBundle] | None:
        """Its hash and its tables for now; None: there is none that compares with the active bundle. Does
        not wait.
        """


class NoShadow:
    """`Shadows` where there is never one."""

    def shadow(self) -> tuple[bytes, CompiledBundle] | None:
        """None."""
        return None


class TrafficDoor(Protocol):
    """The directory, as far as it hears of traffic."""

    async def report(self, piece: Piece) -> int:
        """Tell it; gives the place in the order up to which the directory has this history."""
