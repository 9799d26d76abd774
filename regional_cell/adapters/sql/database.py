"""Connections to the SQLite file of a cell, and the threads that may block on them.

Invariants
    1. One connection writes, in one thread; readers have connections of their own that cannot write.
    2. Only the leading process copies the write-ahead log back, and it never begins to copy a log that is
       copied whole already while somebody might write: before SQLite 3.51.3 (and its backports 3.50.7,
       3.44.6) a commit that starts the log anew at such a moment can be lost.
    3. A commit returns after the log was synced (`synchronous=FULL`).
    4. After a write of unknown end (a sync failed, say) nothing is written before a commit of nothing was
       synced in its place: nothing depends on what the disk lost of it, and it cannot come back later.
    5. Nothing is written before what the process found in the log was synced once more (`inherited.py`).
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from accord.errors import ColinkError, NotReadyError, OutcomeUnknownError
from regional_cell.adapters.local.keys import sync_folder
from regional_cell.adapters.sql import reserve
from regional_cell.adapters.sql.append import code_of, refused
from regional_cell.adapters.sql.inherited import write_again

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
# A longer log is started anew: finding a page gets slower with its length, and it would grow for ever.
LOG_PAGES_MAX = 65_536
READERS_WAIT_MS = 100
STATEMENTS_MAX = 512
CACHE_KIB = 65_536
# There was no room for the shared index of the log.
NO_INDEX = (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP)
INDEX_TRIES, INDEX_WAIT_S = 20, 0.25


class Database:
    """The file of a cell, opened by one process.

    Args:
        url: `sqlite:///<path>`; other engines are refused until they have an adapter.
        readers: threads and connections for reading.
    """

    def __init__(self, url: str, readers: int = 4) -> None:
        self.path = file_of(url)
        self._writer: sqlite3.Connection | None = None
        self._doubtful, self._inherits = False, True
        self._write_thread = ThreadPoolExecutor(1, "sql-writer")
        self._read_threads = ThreadPoolExecutor(readers, "sql-reader")
        self._of_thread, self._plain_readers = threading.local(), list[sqlite3.Connection]()
        self.reader = sa.create_engine(
            url, hide_parameters=True, poolclass=QueuePool, pool_size=readers, max_overflow=0,
            pool_timeout=30,
            connect_args={"check_same_thread": False, "cached_statements": STATEMENTS_MAX},
        )  # fmt: skip
        event.listen(self.reader, "connect", _prepare_reader)
        event.listen(self.reader, "begin", _begin)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writing thread. Errors of the driver become those of the ports."""
        return await _run(self._write_thread, lambda: self._write(work))

    async def read_plain(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same over a connection of the driver itself, for texts that are prepared once and run often."""
        return await _run(self._read_threads, lambda: self._read_plain(work))

    async def restart_log(self) -> bool:
        """Copy the rest of the log between two commits and let the next one begin it anew.

        False when a reader or another process was in the way; the next time will do.
        """
        return await self.write(lambda connection: _restart_log(connection, self.path))

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one read transaction, in a reading thread."""
        return await _run(self._read_threads, lambda: self._read(work))

    def close(self) -> None:
        """Finish what runs, and close."""
        self._write_thread.submit(self._drop_writer).result()
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        for connection in self._plain_readers:
            connection.close()
        self.reader.dispose()

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._writer is None:
            self._writer = connect(self.path)
        try:
            if self._inherits:
                write_again(self._writer, self.path)
                self._inherits = False
                reserve.keep(self.path)
            if self._doubtful:
                _take_place(self._writer)
                self._doubtful = False
            return work(self._writer)
        except (OutcomeUnknownError, sqlite3.Error) as error:
            if isinstance(error, OutcomeUnknownError) or code_of(error) == sqlite3.SQLITE_IOERR:
                self._doubtful = True
                self._drop_writer()
            raise

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _read_plain(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "reader", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS_MAX
            )
            _prepare_reader(connection, None)
            self._of_thread.reader = connection
            self._plain_readers.append(connection)
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        with self.reader.begin() as connection:
            return work(connection)


class Checkpointer:
    """Copies the write-ahead log into the database; run by the cell's leader process, in a thread."""

    def __init__(self, url: str) -> None:
        self._path = file_of(url)
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    def run(self) -> tuple[int, int]:
        """Copy what no reader holds back, without stopping anyone; blocks. Gives (pages in the log, pages
        copied); (0, 0) the first time, and when nothing was committed since the last time.
        """
        if self._connection is None:
            self._connection = connect(self._path)
        # INVARIANT: another version means a commit after the last copy was done, so the log is not copied
        # whole. Of what another leader did nothing is known: the first look only remembers.
        seen, self._seen = self._seen, _version(self._connection)
        if seen in (None, self._seen):
            return 0, 0
        _, pages, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._seen = _version(self._connection)
        return pages, copied

    def close(self) -> None:
        """Leave the log as it is."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def file_of(url: str) -> Path:
    """The path of a `sqlite:///` URL. Raises NotReadyError for any other engine: it has no adapter here."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise NotReadyError(store="sql", why="only sqlite files are supported")
    return Path(parsed.database)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write, in autocommit mode.

    The first one cuts the shared index of the log to nothing and makes it anew. On a disk that is full it has
    to get back what it has just freed, and takes the reserve for what it needs beyond; a file system gives
    that out again when its journal was written.
    """
    for _ in range(INDEX_TRIES - 1):
        try:
            return _open(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in NO_INDEX:
                raise
            reserve.give_up(path)
            sync_folder(path.parent)
            time.sleep(INDEX_WAIT_S)
    return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS_MAX
    )
    try:
        _prepare(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    """Changes with every commit of another connection."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _take_place(connection: sqlite3.Connection) -> None:
    """Commit something that changes nothing. The end of the log did not move with the write before, so this
    stands where that one stood.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _restart_log(connection: sqlite3.Connection, path: Path) -> bool:
    connection.execute(f"PRAGMA busy_timeout = {READERS_WAIT_MS}")
    try:
        # It holds the lock of writers from before it looks: nobody can start the log anew beside it.
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if not busy:
        reserve.keep(path)
    return not busy


def _prepare(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _prepare_reader(connection: sqlite3.Connection, _record: object) -> None:
    _prepare(connection)
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


async def _run(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(threads, work)
    except ColinkError:
        raise
    except sqlite3.Error as error:
        raise refused(error) from error
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise refused(error.orig) from error
        raise NotReadyError(store="sql") from error
