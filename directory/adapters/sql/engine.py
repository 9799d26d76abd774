"""Connections to the store: SQLite (the default) or PostgreSQL, told apart by the URL alone.

Invariants
    1. SQLite: WAL, `synchronous=FULL`, one writing connection, which alone checkpoints (two that do can lose
       commits before 3.51.3); one process per file, held by a lock beside it.
    2. PostgreSQL: writing transactions queue on the row of the version counter, so they run one after another
       over all processes; reading ones see one snapshot.
    3. Statements' parameters never reach logs or error texts (`hide_parameters`).
"""

import fcntl
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from accord.errors import OverloadedError

READERS = 4
DEADLINE_MS = 10_000


class Engines:
    """A writing and a reading engine over one store; `close` lets both go.

    Raises:
        ValueError: neither SQLite nor PostgreSQL. OverloadedError: another process has the SQLite file.
    """

    def __init__(self, url_text: str) -> None:
        url = make_url(url_text)
        self.backend = url.get_backend_name()
        self._lock: IO[bytes] | None = None
        if self.backend == "sqlite":
            self._lock = _lock_file(url)
            self.writer = _sqlite(url, writes=True)
            self.reader = _sqlite(url, writes=False)
        elif self.backend == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
            self.writer = _postgresql(url, "READ COMMITTED")
            self.reader = _postgresql(url, "REPEATABLE READ")
        else:
            raise ValueError("the store is SQLite or PostgreSQL")

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()
        if self._lock is not None:
            self._lock.close()


def _lock_file(url: URL) -> IO[bytes]:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file")
    lock = Path(url.database + ".lock").open("ab")  # noqa: SIM115 - held as long as the engines
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise OverloadedError(store="sqlite", why="another process has it") from None
    return lock


def _sqlite(url: URL, *, writes: bool) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=1 if writes else READERS,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 5},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # Transactions are begun below, not guessed by the driver.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        if not writes:
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL, isolation: str) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=5,
        isolation_level=isolation,
        connect_args={
            "connect_timeout": 5,
            "options": f"-c statement_timeout={DEADLINE_MS} -c lock_timeout={DEADLINE_MS}",
        },
    )
