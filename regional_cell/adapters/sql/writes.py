"""From the changes of a batch to few statements: several changes of one row become one, rows of one shape go
together.

Invariants
    1. The rows after the statements are those that the changes would leave one by one, in order.
    2. Statements are built from names of the schema alone; values are always bound.
    3. A statement takes many rows at once.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from regional_cell.adapters.rows import pieces, source
from regional_cell.adapters.sql.tables import CONTENT, METADATA
from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Remove, Row
from regional_cell.domain.state import patched
from regional_cell.ports.log import Sealer

Place = tuple[str, str, Key]


class Upsert:
    """Changes of a row that is there or is made: columns added to, and columns set."""

    __slots__ = ("adds", "values")

    def __init__(self, adds: dict[str, int], values: Row) -> None:
        self.adds = adds
        self.values = values


Operation = Put | Patch | Remove | Upsert


def coalesce(operations: list[Operation], change: Change) -> None:
    """Append a change to what happens to one row, merged with the last operation where that is the same."""
    last = operations[-1] if operations else None
    if isinstance(change, Put | Remove):
        operations[:] = [change]
    elif isinstance(change, Patch):
        if isinstance(last, Put | Patch):
            operations[-1] = type(last)(last.view, last.key, patched(dict(last.values), change.values))
        elif isinstance(last, Upsert) and CONTENT not in change.values:
            last.values.update(change.values)
            for column in change.values:
                last.adds.pop(column, None)
        elif not isinstance(last, Remove):
            operations.append(change)
    elif isinstance(last, Put):
        total = (last.values.get(change.column) or 0) + change.by
        operations[-1] = Put(last.view, last.key, {**last.values, change.column: total})
    elif isinstance(last, Remove):
        operations[-1] = Put(last.view, last.key, {change.column: change.by})
    elif isinstance(last, Upsert):
        _add(last, change)
    else:
        operations.append(Upsert({change.column: change.by}, {}))


def _add(last: Upsert, change: Add) -> None:
    if change.column in last.values:
        last.values[change.column] = (last.values[change.column] or 0) + change.by
    else:
        last.adds[change.column] = last.adds.get(change.column, 0) + change.by


def write_changes(
    connection: sqlite3.Connection, sealer: Sealer, changes: Iterable[tuple[str, Sequence[Change]]]
) -> None:
    """Write the changes of (resident, changes) pairs.

    Raises: errors of the driver; KeyError, ValueError or TypeError for a change that fits no table.
    """
    rows: dict[Place, list[Operation]] = {}
    for resident, its in changes:
        for change in its:
            place = (change.view, resident, change.key)
            if isinstance(change, Put | Remove):
                # Whatever happened to the row before, this is what is left.
                rows[place] = [change]
            else:
                coalesce(rows.setdefault(place, []), change)
    stage = 0
    while rows:
        _write_stage(connection, sealer, {place: its[stage] for place, its in rows.items()})
        stage += 1
        rows = {place: its for place, its in rows.items() if len(its) > stage}


def _write_stage(connection: sqlite3.Connection, sealer: Sealer, rows: dict[Place, Operation]) -> None:
    puts: dict[str, list[tuple[Any, ...]]] = {}
    others: dict[str, list[tuple[Any, ...]]] = {}
    upserts: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[Any, ...]]] = {}
    for (view, resident, key), operation in rows.items():
        if isinstance(operation, Put):
            puts.setdefault(view, []).append(_whole(sealer, view, resident, key, operation.values))
        elif isinstance(operation, Upsert):
            adds, sets = tuple(sorted(operation.adds)), tuple(sorted(operation.values))
            parameters = [operation.adds[name] for name in adds] + [operation.values[name] for name in sets]
            upserts.setdefault((view, adds, sets), []).append((resident, *_key(view, key), *parameters))
        elif isinstance(operation, Patch):
            if fresh := _merged(connection, sealer, view, resident, key, operation.values):
                columns = tuple(sorted(fresh))
                values = [fresh[name] for name in columns]
                others.setdefault(_update(view, columns), []).append((*values, resident, *_key(view, key)))
        else:
            others.setdefault(_delete(view), []).append((resident, *_key(view, key)))
    for text, parameters_of in others.items():
        connection.executemany(text, parameters_of)
    for view, parameters_of in puts.items():
        insert_many(connection, view, parameters_of, replace=True)
    for (view, adds, sets), parameters_of in upserts.items():
        connection.executemany(_upsert(view, adds, sets), parameters_of)


def insert_many(
    connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]], *, replace: bool = False
) -> None:
    """Insert whole rows, in the order of the table's columns; with `replace` over those that are there."""
    for length, values in pieces(rows):
        connection.execute(_insert(table, length, replace), values)


def _whole(sealer: Sealer, view: str, resident: str, key: Key, values: Row | Any) -> tuple[Any, ...]:
    """The row in the order of the table's columns."""
    columns, take = _columns(view)
    if len(values) == len(columns) and CONTENT not in values:
        return (resident, *_key(view, key), *take(values))
    return (resident, *_key(view, key), *_values(view, _sealed(sealer, view, resident, key, values)))


def _sealed(sealer: Sealer, view: str, resident: str, key: Key, values: Any) -> Row:
    row = dict(values)
    if row.get(CONTENT) is not None:
        row[CONTENT] = sealer.seal_content(resident, view, key, row[CONTENT])
    return row


def _merged(
    connection: sqlite3.Connection, sealer: Sealer, view: str, resident: str, key: Key, values: Any
) -> Row | None:
    """The columns to set; None where no row is whose content could be merged."""
    if values.get(CONTENT) is None:
        return dict(values)
    found = connection.execute(_select_content(view), (resident, *_key(view, key))).fetchone()
    if found is None:
        return None
    old = {} if found[0] is None else {CONTENT: sealer.open_content(resident, view, key, found[0])}
    return _sealed(sealer, view, resident, key, patched(old, values))


@cache
def _names(table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Key columns (resident first) and the other columns."""
    found = METADATA.tables[table]
    keys = tuple(column.name for column in found.primary_key.columns)
    return keys, tuple(column.name for column in found.columns if column.name not in keys)


@cache
def _columns(table: str) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The columns outside the key, and what takes exactly them out of a mapping (else KeyError)."""
    columns = _names(table)[1]
    if len(columns) == 1:
        return columns, lambda values: (values[columns[0]],)
    return columns, itemgetter(*columns) if columns else lambda values: ()


def _key(view: str, key: Key) -> Key:
    if len(key) != len(_names(view)[0]) - 1:
        raise ValueError("wrong key length")
    return key


def _values(view: str, row: Row) -> list[Any]:
    columns = _names(view)[1]
    values = [row.pop(column, None) for column in columns]
    if row:
        raise ValueError("unknown column")
    return values


def _known(table: str, columns: Iterable[str]) -> None:
    if not set(columns) <= set(_names(table)[1]):
        raise ValueError("unknown column")


def _where(table: str) -> str:
    return " AND ".join(f"{name} = ?" for name in _names(table)[0])


@cache
def _insert(table: str, rows: int, replace: bool) -> str:
    keys, columns = _names(table)
    names = keys + columns
    text = f"INSERT INTO {table} ({', '.join(names)}) {source(len(names), rows)}"
    if replace:
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
        text += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    return text


@cache
def _upsert(table: str, adds: tuple[str, ...], sets: tuple[str, ...]) -> str:
    _known(table, adds + sets)
    keys, names = _names(table)[0], adds + sets
    added = [f"{name} = coalesce({table}.{name}, 0) + excluded.{name}" for name in adds]
    changed = ", ".join(added + [f"{name} = excluded.{name}" for name in sets])
    marks = ", ".join("?" * (len(keys) + len(names)))
    return (
        f"INSERT INTO {table} ({', '.join(keys + names)}) VALUES ({marks})"  # noqa: S608
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
    )


@cache
def _update(table: str, columns: tuple[str, ...]) -> str:
    _known(table, columns)
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in columns)} WHERE {_where(table)}"  # noqa: S608


@cache
def _delete(table: str) -> str:
    return f"DELETE FROM {table} WHERE {_where(table)}"  # noqa: S608


@cache
def _select_content(table: str) -> str:
    return f"SELECT {CONTENT} FROM {table} WHERE {_where(table)}"  # noqa: S608
