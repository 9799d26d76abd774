"""The tables: the truth (residents, events, data keys), the views of the registry, and the cell's own
records.

Invariants
    1. The first key column of everything that belongs to a resident is `resident`.
    2. Names of tables and columns come from here and from the registry alone, so they may stand in
       statements.
"""

from typing import Any

import sqlalchemy as sa

from regional_cell.domain.views.registry import DUE, VIEWS, View

METADATA = sa.MetaData()
CONTENT = "content"

# STRICT tables know INTEGER, not BIGINT; it holds 64 bits there.
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "integer": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "blob": sa.LargeBinary(),
    CONTENT: sa.LargeBinary(),
}


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, METADATA, *parts, sqlite_with_rowid=False, sqlite_strict=True)


def _column(name: str, kind: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _TYPES[kind], primary_key=key, nullable=null, autoincrement=False)


RESIDENTS = _table(
    "residents",
    _column("resident", "text", key=True),
    _column("kind", "text"),
    _column("epoch", "integer"),
    _column("state", "text"),
    _column("head", "integer"),
    _column("clock_us", "integer"),
    _column("key_id", "text"),
    _column("establishment", "text"),
    _column("subjects", "text"),
    _column("tags", "text"),
)

EVENTS = _table(
    "events",
    _column("resident", "text", key=True),
    _column("sequence", "integer", key=True),
    _column("epoch", "integer"),
    _column("kind", "text"),
    _column("schema", "integer"),
    _column("at_us", "integer"),
    _column("principal", "text"),
    _column("key_id", "text"),
    _column("sealed", "blob", null=True),
    _column("commitment", "blob"),
    _column("topics", "text"),
)

DATA_KEYS = _table(
    "data_keys",
    _column("resident", "text", key=True),
    _column("key_id", "text", key=True),
    _column("wrapped", "blob"),
)

TICKETS_SPENT = _table(
    "tickets_spent",
    _column("ticket", "text", key=True),
    _column("until_s", "integer"),
)

CLAIMS = _table(
    "claims",
    _column("lease", "text", key=True),
    _column("residents", "text"),
    _column("at_s", "integer"),
)

# How many flows of which kind were asked about, and under which shadow too (its hash; empty: none).
# `position` is the place of the last change in the order.
TRAFFIC = _table(
    "traffic",
    _column("number", "integer", key=True),
    _column("start_s", "integer", key=True),
    _column("shadow", "blob", key=True),
    _column("flows", "integer"),
    _column("position", "integer"),
)
sa.Index("traffic_by_position", TRAFFIC.c.position)

# How many of them that shadow decides otherwise, by class.
TRAFFIC_DIFFERENCES = _table(
    "traffic_differences",
    _column("number", "integer", key=True),
    _column("start_s", "integer", key=True),
    _column("shadow", "blob", key=True),
    _column("data_class", "text", key=True),
    _column("what", "text"),
    _column("rule", "text"),
    _column("flows", "integer"),
    _column("position", "integer"),
)
sa.Index("traffic_differences_by_position", TRAFFIC_DIFFERENCES.c.position)

TRAFFIC_KINDS = _table(
    "traffic_kinds",
    _column("kind", "blob", key=True),
    _column("number", "integer"),
)
sa.Index("traffic_kinds_by_number", TRAFFIC_KINDS.c.number, unique=True)

TRAFFIC_STATE = _table(
    "traffic_state",
    _column("only_one", "integer", key=True),
    _column("since_us", "integer"),
    _column("numbers", "integer"),
    _column("position", "integer"),
    _column("until_s", "integer"),
)


def _view(view: View) -> sa.Table:
    keys = [_column(name, kind, key=True) for name, kind in view.key.items()]
    columns = [_column(name, kind, null=True) for name, kind in view.columns.items()]
    table = _table(view.name, _column("resident", "text", key=True), *keys, *columns)
    for names in view.indexes:
        sa.Index(
            f"{view.name}_by_{'_'.join(names)}", table.c.resident, *(table.c[name] for name in names),
            **_where_present(table, view, names),
        )  # fmt: skip
    if DUE in view.columns:
        waiting = table.c[DUE].is_not(None)
        sa.Index(f"{view.name}_due", table.c[DUE], sqlite_where=waiting, postgresql_where=waiting)
    for names in view.unique:
        sa.Index(
            f"{view.name}_one_{'_'.join(names)}", table.c.resident, *(table.c[name] for name in names),
            unique=True, **_where_present(table, view, names),
        )  # fmt: skip
    return table


def _where_present(table: sa.Table, view: View, names: tuple[str, ...]) -> dict[str, Any]:
    """Rows without a value are in no index: of the messages, most are no reply and have no thread."""
    optional = [table.c[name].is_not(None) for name in names if name in view.columns]
    return {"sqlite_where": sa.and_(*optional), "postgresql_where": sa.and_(*optional)} if optional else {}


VIEW_TABLES: dict[str, sa.Table] = {view.name: _view(view) for view in VIEWS.values()}
