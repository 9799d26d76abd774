"""Many rows in one statement of SQLite.

The driver gives up the interpreter's lock and takes it back with every statement. Under load the wait for it
costs more than hundreds of rows, so a batch is few statements. They come in a few fixed lengths, which are
prepared once, and are filled up with rows of NULL that the statement leaves out.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

LENGTHS = (1, 8, 64, 512)


def pieces(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, list[Any]]]:
    """The rows in order, in pieces: how many rows a statement must take, and the values of all of them."""
    start = 0
    while start < len(rows):
        piece = rows[start : start + LENGTHS[-1]]
        start += len(piece)
        length = next(size for size in LENGTHS if size >= len(piece))
        values = [value for row in piece for value in row]
        yield length, values + [None] * (len(piece[0]) * (length - len(piece)))


@cache
def source(columns: int, length: int) -> str:
    """What stands behind INSERT INTO, or as a table after FROM in brackets: `length` rows of so many columns.

    The first column of a row is never NULL; a row where it is fills up.
    """
    rows = ", ".join([f"({', '.join('?' * columns)})"] * length)
    return f"SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL"  # noqa: S608 - marks alone
