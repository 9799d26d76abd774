"""`ports.keys.DataKeyStore` over SQL.

Invariants
    1. A wrapped key is exchanged only while it is still what was read.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import sqlalchemy as sa

from regional_cell.adapters.sql.append import commit
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.tables import DATA_KEYS
from regional_cell.ports.keys import WrappedKey

_EXCHANGE = "UPDATE data_keys SET wrapped = ? WHERE resident = ? AND key_id = ? AND wrapped = ?"
_ADD = "INSERT INTO data_keys (resident, key_id, wrapped) VALUES (?, ?, ?)"
_FIND = (
    "SELECT key_id, wrapped FROM data_keys WHERE resident = :resident"
    " AND key_id = coalesce(:key_id, (SELECT key_id FROM residents WHERE resident = :resident))"
)
BUSY_S = 5.0


class SqlDataKeys:
    """The data keys of a cell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: tuple[str, str], most: int) -> list[WrappedKey]:
        """As `ports.keys.DataKeyStore.page`."""
        place = sa.tuple_(DATA_KEYS.c.resident, DATA_KEYS.c.key_id)
        statement = sa.select(DATA_KEYS.c.resident, DATA_KEYS.c.key_id, DATA_KEYS.c.wrapped)
        statement = statement.where(place > sa.tuple_(*after)).order_by(
            DATA_KEYS.c.resident, DATA_KEYS.c.key_id
        )
        rows = await self._database.read(lambda connection: connection.execute(statement.limit(most)).all())
        return [WrappedKey(*row) for row in rows]

    async def exchange(self, fresh: Sequence[tuple[WrappedKey, bytes]]) -> int:
        """As `ports.keys.DataKeyStore.exchange`."""
        rows = [(wrapped, old.resident, old.key_id, old.wrapped) for old, wrapped in fresh]
        return await self._database.write(lambda connection: _write(connection, _EXCHANGE, rows))

    async def add(self, key: WrappedKey) -> None:
        """As `ports.keys.DataKeyStore.add`."""
        await self._database.write(lambda connection: _write(connection, _ADD, [tuple(key)]))

    def find(self, resident: str, key_id: str | None) -> tuple[str, bytes] | None:
        """(id, wrapped key) of one key, of the current one without an id. Waits for the disk: once in a
        process for each key that another process drew.
        """
        path = f"{self._database.path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=BUSY_S)) as connection:
            row = connection.execute(_FIND, {"resident": resident, "key_id": key_id}).fetchone()
        return (row[0], row[1]) if row is not None else None


def _write(connection: sqlite3.Connection, text: str, rows: Sequence[tuple[object, ...]]) -> int:
    connection.execute("BEGIN IMMEDIATE")
    try:
        changed = connection.executemany(text, rows).rowcount
        commit(connection)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return changed
