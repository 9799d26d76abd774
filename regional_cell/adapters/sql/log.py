"""`ports.Log` over SQL."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from accord.errors import ConflictError, KeyUnavailableError
from regional_cell.adapters.sql.append import Appender, commit
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.tables import DATA_KEYS, EVENTS, RESIDENTS
from regional_cell.domain.events import SealedEvent
from regional_cell.ports.log import Append, Outcome, ResidentRecord, Sealer

_RECORD = (
    "resident", "kind", "epoch", "state", "head", "clock_us", "key_id", "establishment", "subjects", "tags",
)  # fmt: skip
_READ = (
    sa.select(EVENTS)
    .where(EVENTS.c.resident == sa.bindparam("r"), EVENTS.c.sequence > sa.bindparam("after"))
    .order_by(EVENTS.c.sequence)
    .limit(sa.bindparam("most"))
)


class SqlLog:
    """The residents' logs.

    Args:
        appender: makes the writer of batches over a connection.
    """

    def __init__(
        self, database: Database, sealer: Sealer,
        appender: Callable[[sqlite3.Connection, Sealer], Appender] = Appender,
    ) -> None:  # fmt: skip
        self._database = database
        self._sealer = sealer
        self._appender = appender

    async def open(self, record: ResidentRecord, wrapped_key: bytes) -> None:
        """As `ports.Log.open`."""
        await self._database.write(lambda connection: _open(connection, record, wrapped_key))

    async def record(self, resident: str) -> ResidentRecord | None:
        """As `ports.Log.record`."""
        statement = sa.select(RESIDENTS).where(RESIDENTS.c.resident == resident)
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return record_of(row) if row is not None else None

    async def residents(self) -> list[ResidentRecord]:
        """As `ports.Log.residents`."""
        statement = sa.select(RESIDENTS).order_by(RESIDENTS.c.resident)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [record_of(row) for row in rows]

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """As `ports.Log.append`."""
        return await self._database.write(lambda connection: self._append(connection, shares))

    async def read(self, resident: str, after: int, limit: int) -> list[SealedEvent]:
        """As `ports.Log.read`."""

        def work(connection: sa.Connection) -> list[SealedEvent]:
            admit(connection, self._sealer, resident)
            parameters = {"r": resident, "after": after, "most": limit}
            return [_event(row) for row in connection.execute(_READ, parameters)]

        return await self._database.read(work)

    async def entries(self, resident: str, sequences: Sequence[int]) -> dict[int, SealedEvent]:
        """As `ports.Log.entries`."""
        statement = sa.select(EVENTS).where(
            EVENTS.c.resident == resident, EVENTS.c.sequence.in_(list(sequences))
        )

        def work(connection: sa.Connection) -> dict[int, SealedEvent]:
            admit(connection, self._sealer, resident)
            return {row.sequence: _event(row) for row in connection.execute(statement)}

        return await self._database.read(work)

    def _append(self, connection: sqlite3.Connection, shares: Sequence[Append]) -> list[Outcome]:
        return self._appender(connection, self._sealer).append(shares)


def admit(connection: sa.Connection, sealer: Sealer, resident: str) -> None:
    """Hand the resident's wrapped keys to the sealer, once a process. Raises KeyUnavailableError when one is
    lost.
    """
    if sealer.holds(resident):
        return
    current = connection.scalar(sa.select(RESIDENTS.c.key_id).where(RESIDENTS.c.resident == resident))
    if current is None:
        return
    keys = connection.execute(sa.select(DATA_KEYS).where(DATA_KEYS.c.resident == resident)).all()
    for key in keys:
        sealer.admit(resident, key.key_id, key.wrapped, current=key.key_id == current)
    if not sealer.holds(resident):
        raise KeyUnavailableError(resident=resident)


def _open(connection: sqlite3.Connection, record: ResidentRecord, wrapped_key: bytes) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = connection.execute(
            "SELECT epoch FROM residents WHERE resident = ?", (record.resident,)
        ).fetchone()
        if found is None:
            _insert(connection, record, wrapped_key)
        elif found[0] != record.epoch:
            raise ConflictError(what="resident")
        commit(connection)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _insert(connection: sqlite3.Connection, record: ResidentRecord, wrapped_key: bytes) -> None:
    values = [getattr(record, name) for name in _RECORD[:-2]]
    values += [orjson.dumps(record.subjects).decode(), orjson.dumps(record.tags).decode()]
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO residents ({', '.join(_RECORD)}) VALUES ({marks})", values)  # noqa: S608
    connection.execute(
        "INSERT INTO data_keys (resident, key_id, wrapped) VALUES (?, ?, ?)",
        (record.resident, record.key_id, wrapped_key),
    )


def record_of(row: sa.Row[*tuple[Any, ...]]) -> ResidentRecord:
    """The record in a row of `residents`."""
    return ResidentRecord(
        row.resident, row.kind, row.epoch, row.state, row.head, row.clock_us, row.key_id, row.establishment,
        tuple(orjson.loads(row.subjects)), tuple(orjson.loads(row.tags)),
    )  # fmt: skip


def _event(row: sa.Row[*tuple[Any, ...]]) -> SealedEvent:
    pairs = (pair.rsplit(":", 1) for pair in row.topics.split())
    return SealedEvent(
        row.resident, row.sequence, row.epoch, row.kind, row.schema, row.at_us, row.principal, row.key_id,
        row.sealed, row.commitment, tuple((topic, int(number)) for topic, number in pairs),
    )  # fmt: skip
