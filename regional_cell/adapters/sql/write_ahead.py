"""Looks for damage in the write-ahead log of a database that nobody has open.

SQLite takes the log to end at the first frame that does not fit, so damage in its middle looks like an
earlier end, and what was committed after it is gone without a word. Each frame is bound by its checksum to
the one before; frames beyond the end that still fit each other, with two commits among them, were synced: a
power cut leaves one at most.

Invariants
    1. Nothing is written, and no lock is taken.
    2. A log that a power cut or a failed write has left is not called damaged.

Format: https://sqlite.org/fileformat2.html#walformat
"""

import struct
from collections.abc import Iterator
from pathlib import Path

HEADER, FRAME = 32, 24
_MASK = 0xFFFFFFFF
Sum = tuple[int, int]


def lost_commits(path: Path) -> int:
    """How many commits stand behind the place where the log of the database at `path` seems to end; 0 for a
    sound log, and where there is none.
    """
    log = path.with_name(f"{path.name}-wal")
    data = log.read_bytes() if log.exists() else b""
    if len(data) < HEADER:
        return 0
    order = ">" if data[3] & 1 else "<"
    page = struct.unpack_from(">I", data, 8)[0]
    if (
        data[:3] != b"\x37\x7f\x06"
        or not 512 <= page <= 65_536
        or _sum(order, data[:24], (0, 0)) != _pair(data, 24)
    ):
        # Its header is written and synced before any frame.
        return sum(1 for _ in range(HEADER, len(data) - FRAME + 1, FRAME + 4_096))
    return _Frames(data, order, page).lost()


class _Frames:
    """The frames of one log."""

    def __init__(self, data: bytes, order: str, page: int) -> None:
        self._data, self._order, self._step = data, order, FRAME + page

    def lost(self) -> int:
        """Commits in the longest run of fitting frames beyond the end, when there are two or more."""
        before, ended, run, most = _pair(self._data, 24), False, 0, 0
        for at in self._places():
            own = _pair(self._data, at + 16)
            fits = self._of_this_log(at) and self._sum_at(at, before) == own
            if not fits:
                ended, run = True, 0
            elif ended and self._commits(at):
                run += 1
                most = max(most, run)
            before = own
        return most if most > 1 else 0

    def _places(self) -> Iterator[int]:
        yield from range(HEADER, len(self._data) - self._step + 1, self._step)

    def _of_this_log(self, at: int) -> bool:
        return self._data[at + 8 : at + 16] == self._data[16:24]

    def _commits(self, at: int) -> bool:
        return self._data[at + 4 : at + 8] != bytes(4)

    def _sum_at(self, at: int, before: Sum) -> Sum:
        middle = _sum(self._order, self._data[at : at + 8], before)
        return _sum(self._order, self._data[at + FRAME : at + self._step], middle)


def _pair(data: bytes, at: int) -> Sum:
    first, second = struct.unpack_from(">II", data, at)
    return first, second


def _sum(order: str, data: bytes, before: Sum) -> Sum:
    first, second = before
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for word in words:
        first = (first + word + second) & _MASK
        second = (second + next(words) + first) & _MASK
    return first, second
