"""Makes what a process finds in the write-ahead log as durable as it looks.

After a sync that failed, a kernel may hold bytes that never reached the disk, call them clean, and show them
to whoever opens the file next. When every process of the cell died of it, the next one takes them for
committed; what it writes behind them would be lost with them in a power cut.

Invariants
    1. What is written are the bytes that stand there, under the lock of writers: nobody else changes them
       meanwhile, and a power cut in the middle leaves what it would have left before.
"""

import errno
import os
import sqlite3
from pathlib import Path

from accord.errors import NotReadyError, StorageFullError

PIECE_BYTES = 4 * 1024 * 1024


def write_again(connection: sqlite3.Connection, path: Path) -> None:
    """Write the log of the database at `path` over itself and sync it, piece by piece; other processes write
    while a piece is synced.

    Raises:
        NotReadyError, StorageFullError: the disk refused; nothing has changed.
        sqlite3.Error: the lock was not to be had.
    """
    try:
        descriptor = os.open(path.with_name(f"{path.name}-wal"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        at = 0
        while length := _write_piece(connection, descriptor, at):
            # Without the lock, so that others write meanwhile.
            os.fsync(descriptor)
            at += length
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFullError(store="sql") from error
        raise NotReadyError(store="sql", why=errno.errorcode.get(error.errno or 0, "OSError")) from error
    finally:
        os.close(descriptor)


def _write_piece(connection: sqlite3.Connection, descriptor: int, at: int) -> int:
    """How many bytes it was; 0 at the end."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        data = os.pread(descriptor, PIECE_BYTES, at)
        return os.pwrite(descriptor, data, at) if data else 0
    finally:
        connection.execute("ROLLBACK")
