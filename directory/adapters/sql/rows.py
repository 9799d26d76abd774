"""What the SQL adapters share: insert-or-replace, and lists of texts in one column."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from accord.encoding import canonical_json


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert the row, or replace every other column of the row with the same primary key."""
    if connection.dialect.name == "postgresql":
        made: Any = postgresql.insert(table).values(row)
    else:
        made = sqlite.insert(table).values(row)
    names = [column.name for column in table.primary_key]
    changed = {name: made.excluded[name] for name in row if name not in names}
    connection.execute(made.on_conflict_do_update(index_elements=names, set_=changed))


def put_new(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert the row, or leave the one with the same primary key as it is."""
    if connection.dialect.name == "postgresql":
        made: Any = postgresql.insert(table).values(row)
    else:
        made = sqlite.insert(table).values(row)
    connection.execute(made.on_conflict_do_nothing())


def to_column(values: Iterable[str]) -> str:
    """A list of texts as canonical JSON."""
    return canonical_json(list(values)).decode("ascii")


def from_column(text: str) -> tuple[str, ...]:
    """The texts of `to_column`."""
    return tuple(str(value) for value in json.loads(text))
