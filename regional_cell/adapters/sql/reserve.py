"""Room for opening the store on a disk that is full.

Who opens SQLite's store first makes the shared index of its log anew: 32 KiB for each 4,096 pages of the log.
On a full disk it finds what it has just freed and no more, and the log may hold more than the index before
told of: it is written within what it has, past the last piece of the index, and only then does the index find
no room. So a file with room for the whole index stands beside the store, and goes when it is needed.

Invariants
    1. A store whose reserve stands is opened on a disk without a free byte.
"""

import contextlib
import os
from pathlib import Path

# More than the index of the longest log that is not started anew (`database.LOG_PAGES_MAX`): 17 pieces.
RESERVE_BYTES = 1024 * 1024


def keep(store: Path) -> None:
    """Have the reserve of a store. Without room for it, or without a way to it, there is none for now."""
    path = _path(store)
    with contextlib.suppress(OSError):
        # A shorter one is of a process that died while it wrote it.
        if path.exists() and path.stat().st_size >= RESERVE_BYTES:
            return
        try:
            # Of chance: file systems that compress would keep next to nothing.
            path.write_bytes(os.urandom(RESERVE_BYTES))
        except OSError:
            path.unlink(missing_ok=True)
            raise


def give_up(store: Path) -> None:
    """Give its room to whoever needs it now."""
    with contextlib.suppress(OSError):
        _path(store).unlink(missing_ok=True)


def _path(store: Path) -> Path:
    return store.with_name(f"{store.name}-reserve")
