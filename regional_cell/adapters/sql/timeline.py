"""A page of a channel and all that its messages are made of, in one transaction and one turn of a thread.

It is read more often than anything else, so its statements are texts that the driver keeps prepared, and what
hops between threads is the page.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from regional_cell.domain.changes import Row
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.timestamps import US_MAX
from regional_cell.domain.views.registry import VIEWS
from regional_cell.ports.views import REPLIERS_MAX, Timeline

_COLUMNS = tuple(VIEWS["messages"].columns)
_SHOWN = (
    "resident = ? AND channel = ? AND ts > ? AND ts < ? AND coalesce(hidden, 0) = 0"
    " AND (coalesce(thread_ts, 0) = 0 OR coalesce(broadcast, 0) != 0)"
)
_LISTED = "IN (SELECT value FROM json_each(?))"
_PRESENT = (
    "EXISTS (SELECT 1 FROM events WHERE events.resident = messages.resident"
    " AND events.sequence = messages.text_sequence AND events.sealed IS NOT NULL)"
)
_ROWS = f"SELECT ts, {_PRESENT}, {', '.join(_COLUMNS)} FROM messages WHERE {_SHOWN} ORDER BY ts"  # noqa: S608
_ENTRIES = (
    "SELECT sequence, epoch, kind, schema, at_us, principal, key_id, sealed, commitment FROM events"  # noqa: S608
    f" WHERE resident = ? AND sequence {_LISTED}"
)
_REACTIONS = (
    f"SELECT ts, name, user FROM reactions WHERE resident = ? AND channel = ? AND ts {_LISTED}"  # noqa: S608
    " ORDER BY at_us, ts, name, user"
)
_REPLIERS = (
    "SELECT thread_ts, coalesce(nullif(user, ''), bot) AS author, min(ts) AS first FROM messages"  # noqa: S608
    f" WHERE resident = ? AND channel = ? AND thread_ts {_LISTED} AND coalesce(hidden, 0) = 0"
    " GROUP BY thread_ts, author ORDER BY first"
)


def read_timeline(
    connection: sqlite3.Connection, resident: str, channel: str, oldest: int | None, latest: int | None,
    limit: int, *, newest_first: bool, knows: Callable[[int], bool],
) -> Timeline:  # fmt: skip
    """As `ports.Views.timeline`, inside a read transaction."""
    bounds = (-1 if oldest is None else oldest, US_MAX + 1 if latest is None else latest)
    order = f"{_ROWS} {'DESC' if newest_first else 'ASC'} LIMIT ?"
    found = connection.execute(order, (resident, channel, *bounds, limit)).fetchall()
    rows: list[tuple[int, Row]] = [(row[0], dict(zip(_COLUMNS, row[2:], strict=True))) for row in found]
    redacted = {row["text_sequence"] for (_, row), line in zip(rows, found, strict=True) if not line[1]}
    sequences = {row[name] for _, row in rows for name in ("sequence", "text_sequence")}
    sequences = {sequence for sequence in sequences if not knows(sequence)}
    entries = {
        row[0]: SealedEvent(*(resident, *row, ()))
        for row in connection.execute(_ENTRIES, (resident, orjson.dumps(list(sequences)).decode()))
    }
    reactions: dict[int, dict[str, list[str]]] = {}
    for ts, name, user in _of(connection, _REACTIONS, resident, channel, [ts for ts, _ in rows]):
        reactions.setdefault(ts, {}).setdefault(name, []).append(user)
    repliers: dict[int, list[str]] = {}
    threads = [ts for ts, row in rows if row["reply_count"]]
    for root, author, _ in _of(connection, _REPLIERS, resident, channel, threads):
        if author and len(repliers.setdefault(root, [])) < REPLIERS_MAX:
            repliers[root].append(author)
    grouped = {ts: list(names.items()) for ts, names in reactions.items()}
    return Timeline(rows, entries, redacted, repliers, grouped)


def _of(
    connection: sqlite3.Connection, text: str, resident: str, channel: str, stamps: Sequence[int]
) -> Sequence[tuple[Any, ...]]:
    if not stamps:
        return ()
    return connection.execute(text, (resident, channel, orjson.dumps(stamps).decode())).fetchall()
