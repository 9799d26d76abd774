"""Rows in pieces of a few fixed lengths, for statements of SQLite that take many rows at once.

The driver prepares each text once, and gives up the interpreter's lock once for many rows: under load every
time that a thread wants that lock back costs more than the row.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeVar

T = TypeVar("T")

LENGTHS = (512, 128, 32, 8, 1)


def pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in order, in pieces whose lengths are those of `LENGTHS`."""
    start = 0
    for length in LENGTHS:
        while len(rows) - start >= length:
            yield rows[start : start + length]
            start += length


@cache
def values(columns: int, rows: int) -> str:
    """`VALUES` with marks for so many rows of so many columns."""
    one = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([one] * rows)}"
