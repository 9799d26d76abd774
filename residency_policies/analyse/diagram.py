"""Tables as decision diagrams: one level for each dimension, equal parts shared, two of them walked together.

Invariants
    1. A box of `boxes` is a product of values; boxes of one walk do not overlap and leave nothing out.
    2. Values of a dimension stand in one box where the diagrams below them are equal, so boxes are few.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from residency_policies.compile import DIMENSIONS, Answer, Guard, Table

Entry = Answer | Guard
# What two entries differ by; None when they do not.
Compare = Callable[[Entry, Entry], Hashable | None]
_LEVELS: Final = len(DIMENSIONS)


class Diagram:
    """A table, each of whose parts is a number: equal parts have the same number."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ranks = [_ranks(list(column[1:])) for column in table.offsets]
        self.levels: list[list[tuple[int, ...]]] = [[] for _ in range(_LEVELS)]
        parts = list(table.cells)
        for level in reversed(range(_LEVELS)):
            size = max(self.ranks[level]) + 1
            known: dict[tuple[int, ...], int] = {}
            parts = [
                known.setdefault(tuple(parts[start : start + size]), len(known))
                for start in range(0, len(parts), size)
            ]
            self.levels[level] = list(known)
        (self.root,) = parts


def _ranks(column: list[int]) -> list[int]:
    order = {offset: rank for rank, offset in enumerate(sorted(set(column)))}
    return [order[offset] for offset in column]


@dataclass(frozen=True, slots=True)
class Box:
    """A product of values, one tuple for each dimension, and what the tables differ by in all of it"""

    values: tuple[tuple[str, ...], ...]
    leaf: Hashable

    def of(self, dimension: str) -> tuple[str, ...]:
        """Values of one dimension."""
        return self.values[DIMENSIONS.index(dimension)]


class Walk:
    """Two tables over the same values, walked together.

    Raises:
        ValueError: the tables are over different values.
    """

    def __init__(self, old: Diagram, new: Diagram, compare: Compare) -> None:
        if old.table.values != new.table.values:
            raise ValueError("tables over different values cannot be compared")
        self.old, self.new, self.compare = old, new, compare
        self.pairs = [
            _grouped(list(zip(old.ranks[level], new.ranks[level], strict=True))) for level in range(_LEVELS)
        ]
        self._memo: dict[tuple[int, int, int], _Part | None] = {}
        self._leaves: dict[tuple[int, int], Hashable | None] = {}
        self._interned: dict[_Part, _Part] = {}
        self.root = self._joined(0, old.root, new.root)

    def _joined(self, level: int, one: int, other: int) -> "_Part | None":
        key = (level, one, other)
        if key not in self._memo:
            self._memo[key] = self._make(level, one, other)
        return self._memo[key]

    def _make(self, level: int, one: int, other: int) -> "_Part | None":
        left, right = self.old.levels[level][one], self.new.levels[level][other]
        below: dict[Hashable, tuple[int, ...]] = {}
        for (a, b), members in self.pairs[level].items():
            child: Hashable | None
            if level == _LEVELS - 1:
                child = self._leaf(left[a], right[b])
            else:
                child = self._joined(level + 1, left[a], right[b])
            if child is not None:
                below[child] = (*below.get(child, ()), *members)
        if not below:
            return None
        part = _Part(tuple((tuple(sorted(members)), child) for child, members in below.items()))
        return self._interned.setdefault(part, part)

    def _leaf(self, one: int, other: int) -> Hashable | None:
        key = (one, other)
        if key not in self._leaves:
            self._leaves[key] = self.compare(self.old.table.answers[one], self.new.table.answers[other])
        return self._leaves[key]

    def boxes(self) -> Iterator[Box]:
        """Where the tables differ, and by what."""
        if self.root is not None:
            yield from self._boxes(0, self.root, ())

    def _boxes(self, level: int, part: "_Part", above: tuple[tuple[str, ...], ...]) -> Iterator[Box]:
        values = self.old.table.values[level]
        for members, child in part.branches:
            here = (*above, tuple(values[number] for number in members))
            if isinstance(child, _Part):
                yield from self._boxes(level + 1, child, here)
            else:
                yield Box(here, child)


class _Part:
    """A shared part of a walk; compared by its branches once, then by identity."""

    __slots__ = ("_hash", "branches")

    def __init__(self, branches: tuple[tuple[tuple[int, ...], Hashable], ...]) -> None:
        self.branches = branches
        self._hash = hash(tuple((members, _identity(child)) for members, child in branches))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, _Part) or len(self.branches) != len(other.branches):
            return False
        return all(
            mine[0] == yours[0] and _same(mine[1], yours[1])
            for mine, yours in zip(self.branches, other.branches, strict=True)
        )


def _identity(child: Hashable) -> Hashable:
    return id(child) if isinstance(child, _Part) else child


def _same(one: Hashable, other: Hashable) -> bool:
    if isinstance(one, _Part) or isinstance(other, _Part):
        return one is other
    return one == other


def _grouped(pairs: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, ...]]:
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for number, pair in enumerate(pairs):
        found[pair] = (*found.get(pair, ()), number)
    return found
