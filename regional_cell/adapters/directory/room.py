"""The room a cell has: what its data folder holds, and what its disk and its settings leave."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from accord.wire.directory.v1 import directory_pb2 as wire

COUNT_S = 300.0


class DataRoom:
    """Looks at the data folder; its files, which may be many, are counted anew at most every five minutes.

    Args:
        bytes_max: what the folder may hold; 0: as much as the disk.
        monotonic_s: a clock that never goes back, in seconds.
    """

    def __init__(
        self, data_dir: Path, bytes_max: int, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._data_dir, self._bytes_max, self._monotonic_s = data_dir, bytes_max, monotonic_s
        self._held_bytes, self._counted_s = 0, float("-inf")

    def look(self) -> wire.CellRoom | None:
        """Free and held bytes now; None when the folder cannot be read. Blocks on the disk."""
        try:
            if self._monotonic_s() - self._counted_s >= COUNT_S:
                self._held_bytes = _held_bytes(self._data_dir)
                self._counted_s = self._monotonic_s()
            free_bytes = shutil.disk_usage(self._data_dir).free
        except OSError:
            return None
        if self._bytes_max:
            free_bytes = min(free_bytes, max(0, self._bytes_max - self._held_bytes))
        return wire.CellRoom(free_bytes=free_bytes, held_bytes=self._held_bytes)


def _held_bytes(folder: Path) -> int:
    """Sizes of all files below; what goes away meanwhile is not counted. Raises OSError."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += _held_bytes(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
