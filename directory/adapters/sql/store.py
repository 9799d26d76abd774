"""The SQL store: units of work on a bounded pool of threads, one transaction each.

Invariants
    1. A unit is committed once, after its work returned, and only if the work said so.
    2. At most `WAITING_MAX` units wait; one more is refused before it starts.
    3. An error of the driver leaves this module as a typed error without its text.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from accord.errors import (
    ColinkError,
    InternalError,
    NotReadyError,
    OutcomeUnknownError,
    OverloadedError,
    StorageFullError,
)
from directory.adapters.sql.bundles import SqlBundles
from directory.adapters.sql.cells import SqlCells
from directory.adapters.sql.claims import SqlClaims
from directory.adapters.sql.engine import READERS, Engines
from directory.adapters.sql.halts import SqlHalts
from directory.adapters.sql.officers import SqlOfficers
from directory.adapters.sql.placements import SqlPlacements
from directory.adapters.sql.policies import SqlPolicies
from directory.adapters.sql.policy_log import SqlPolicyLog
from directory.adapters.sql.shadows import SqlShadows
from directory.adapters.sql.tables import counters, route_versions
from directory.adapters.sql.traffic import SqlTraffic
from directory.adapters.sql.unlawful import SqlUnlawful
from directory.ports.store import ReadUnit, WriteUnit

T = TypeVar("T")

WAITING_MAX = 512
VERSION = "version"


class SqlVersions:
    """The order of all changes, from one counter row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> int:
        row = self._connection.execute(select(counters.c.value).where(counters.c.name == VERSION))
        return int(row.scalar_one())

    def was_given(self, version: int) -> bool:
        found = select(route_versions.c.version).where(route_versions.c.version == version)
        return self._connection.execute(found).first() is not None

    def next(self, now_us: int) -> int:
        version = max(self.current() + 1, now_us)
        self._connection.execute(update(counters).where(counters.c.name == VERSION).values(value=version))
        self._connection.execute(insert(route_versions).values(version=version))
        return version

    def forget_all_but(self, kept: int) -> None:
        count = self._connection.execute(select(func.count()).select_from(route_versions)).scalar_one()
        if count <= kept:
            return
        newest = select(route_versions.c.version).order_by(route_versions.c.version.desc()).offset(kept - 1)
        oldest_kept = self._connection.execute(newest.limit(1)).scalar_one()
        self._connection.execute(delete(route_versions).where(route_versions.c.version < oldest_kept))


class SqlUnit:
    """One unit of work over a connection inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.placements = SqlPlacements(connection)
        self.claims = SqlClaims(connection)
        self.cells = SqlCells(connection)
        self.bundles = SqlBundles(connection)
        self.versions = SqlVersions(connection)
        self.officers = SqlOfficers(connection)
        self.policies = SqlPolicies(connection)
        self.halts = SqlHalts(connection)
        self.shadows = SqlShadows(connection)
        self.traffic = SqlTraffic(connection)
        self.unlawful = SqlUnlawful(connection)
        self.log = SqlPolicyLog(connection)
        self.committed = False

    def commit(self) -> None:
        self.committed = True


class SqlStore:
    """`directory.ports.Store` over SQLite or PostgreSQL. Owns the engines and its threads.

    The schema must have been migrated (`schema_version.require_current`).
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._readers = ThreadPoolExecutor(READERS, "directory-read")
        self._writer = ThreadPoolExecutor(1, "directory-write")
        self._waiting = 0
        self._open = True

    async def read(self, work: Callable[[ReadUnit], T]) -> T:
        return await self._run(self._readers, lambda: self._read(work))

    async def write(self, work: Callable[[WriteUnit], T]) -> T:
        return await self._run(self._writer, lambda: self._write(work))

    async def close(self) -> None:
        self._open = False
        await asyncio.to_thread(self._shut)

    async def _run(self, pool: ThreadPoolExecutor, job: Callable[[], T]) -> T:
        if not self._open or self._waiting >= WAITING_MAX:
            raise OverloadedError(store="sql")
        self._waiting += 1
        running = asyncio.get_running_loop().run_in_executor(pool, job)
        # Counted until it has run, also when the caller has stopped waiting for it.
        running.add_done_callback(self._done)
        return await asyncio.shield(running)

    def _done(self, running: "asyncio.Future[T]") -> None:
        self._waiting -= 1
        if not running.cancelled():
            running.exception()

    def _read(self, work: Callable[[ReadUnit], T]) -> T:
        try:
            with self._engines.reader.connect() as connection:
                return work(SqlUnit(connection))
        except SQLAlchemyError as error:
            raise _typed(error, committing=False) from None

    def _write(self, work: Callable[[WriteUnit], T]) -> T:
        committing = False
        try:
            with self._engines.writer.connect() as connection:
                if self._engines.backend == "postgresql":
                    locked = select(counters.c.value).where(counters.c.name == VERSION).with_for_update()
                    connection.execute(locked)
                unit = SqlUnit(connection)
                result = work(unit)
                if unit.committed:
                    committing = True
                    connection.commit()
                return result
        except SQLAlchemyError as error:
            raise _typed(error, committing=committing) from None

    def _shut(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        self._engines.close()


def _typed(error: SQLAlchemyError, *, committing: bool) -> ColinkError:
    kind = type(error).__name__
    cause = str(error.orig) if isinstance(error, DBAPIError) else ""
    if "disk is full" in cause or "No space left" in cause:
        return StorageFullError(store="sql")
    if committing:
        return OutcomeUnknownError(store="sql", error=kind)
    if "locked" in cause or "lock timeout" in cause or kind == "TimeoutError":
        return OverloadedError(store="sql")
    if isinstance(error, DBAPIError) and (error.connection_invalidated or kind == "OperationalError"):
        return NotReadyError(what="store")
    return InternalError(store="sql", error=kind)
