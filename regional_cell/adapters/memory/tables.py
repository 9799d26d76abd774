"""Rows of the views in memory, with the same refusals as a database: unknown columns, wrong types, broken
uniqueness.
"""

from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Row
from regional_cell.domain.state import patched
from regional_cell.domain.views.registry import VIEWS, View

INTEGER_MAX = 2**63 - 1
_TYPES: dict[str, type | tuple[type, ...]] = {"text": str, "integer": int, "blob": bytes, "content": dict}

Tables = dict[str, dict[Key, Row]]
Undo = list[tuple[str, Key, Row | None]]


def empty() -> Tables:
    """No rows in any view."""
    return {name: {} for name in VIEWS}


def change(tables: Tables, one: Change, undo: Undo) -> None:
    """Make one change and note how to take it back.

    Raises ValueError, TypeError or KeyError for a change that no store can hold.
    """
    view, table = VIEWS[one.view], tables[one.view]
    _check_key(view, one.key)
    old = table.get(one.key)
    fresh = _changed(view, old, one)
    if fresh is not None:
        _check_unique(view, table, one.key, fresh)
    undo.append((one.view, one.key, old))
    _set(table, one.key, fresh)


def take_back(tables: Tables, undo: Undo) -> None:
    """Undo changes, the last first."""
    for view, key, old in reversed(undo):
        _set(tables[view], key, old)


def _set(table: dict[Key, Row], key: Key, row: Row | None) -> None:
    if row is None:
        table.pop(key, None)
    else:
        table[key] = row


def _changed(view: View, old: Row | None, one: Change) -> Row | None:
    nothing: Row = dict.fromkeys(view.columns)
    if isinstance(one, Put):
        return _checked(view, {**nothing, **one.values})
    if isinstance(one, Patch):
        return None if old is None else _checked(view, patched(old, one.values))
    if isinstance(one, Add):
        row = old or nothing
        return _checked(view, {**row, one.column: (row[one.column] or 0) + one.by})
    return None


def _checked(view: View, row: Row) -> Row:
    if row.keys() != view.columns.keys():
        raise ValueError("unknown column")
    for column, value in row.items():
        if value is not None:
            _check_type(view.columns[column], value)
    return row


def _check_key(view: View, key: Key) -> None:
    if len(key) != len(view.key):
        raise ValueError("wrong key length")
    for kind, value in zip(view.key.values(), key, strict=True):
        _check_type(kind, value)


def _check_type(kind: str, value: object) -> None:
    if not isinstance(value, _TYPES[kind]):
        raise TypeError(f"no {kind}")
    if isinstance(value, int) and not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise ValueError("integer beyond 64 bits")


def _check_unique(view: View, table: dict[Key, Row], key: Key, row: Row) -> None:
    for columns in view.unique:
        wanted = tuple(row[column] for column in columns)
        if None not in wanted and any(
            other != key and tuple(values[column] for column in columns) == wanted
            for other, values in table.items()
        ):
            raise ValueError("not unique")
