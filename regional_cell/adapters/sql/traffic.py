"""Counts of flows in the cell's own database. Keeps the promises of `ports.TrafficStore`.

Invariants
    1. Counts only rise; each change takes the next place in the order, so a reader that goes on from a place
       misses none.
    2. The number of a kind is never used for another one, also when the first is forgotten.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial

from regional_cell.adapters.sql.database import Database
from regional_cell.ports.traffic import Piece
from residency_policies.traffic import KINDS_MAX

_ADD = (
    "INSERT INTO traffic (number, start_s, flows, position) VALUES (?, ?, ?, ?) ON CONFLICT (number, start_s)"
    " DO UPDATE SET flows = flows + excluded.flows, position = excluded.position"
)
_BEGIN = "INSERT INTO traffic_state (only_one, since_us, numbers, position, until_s) VALUES (1, ?, 0, 0, 0)"
_STATE = "SELECT since_us, numbers, position, until_s FROM traffic_state"


class SqlTraffic:
    """`ports.TrafficStore` over SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Sequence[tuple[int, bytes, int]], now_us: int) -> None:
        """As `ports.TrafficStore.add`."""
        await self._database.write(partial(_add, counts=counts, now_us=now_us))

    async def piece(self, after: int, counts_max: int) -> Piece:
        """As `ports.TrafficStore.piece`."""
        return await self._database.read_plain(partial(_piece, after=after, counts_max=counts_max))

    async def forget_before(self, start_s: int) -> None:
        """As `ports.TrafficStore.forget_before`."""
        await self._database.write(partial(_forget, start_s=start_s))


def _add(connection: sqlite3.Connection, counts: Sequence[tuple[int, bytes, int]], now_us: int) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        state = connection.execute(_STATE).fetchone()
        if state is None:
            connection.execute(_BEGIN, (now_us,))
            state = (now_us, 0, 0, 0)
        _, numbers, position, _ = state
        kept = connection.execute("SELECT count(*) FROM traffic_kinds").fetchone()[0]
        for start_s, kind, flows in counts:
            number = _number(connection, kind) if kind else 0
            if number is None and kept < KINDS_MAX:
                numbers, kept = numbers + 1, kept + 1
                number = numbers
                connection.execute("INSERT INTO traffic_kinds (kind, number) VALUES (?, ?)", (kind, number))
            position += 1
            connection.execute(_ADD, (number or 0, start_s, flows, position))
        connection.execute(
            "UPDATE traffic_state SET numbers = ?, position = ?, until_s = ?",
            (numbers, position, now_us // 1_000_000),
        )


def _number(connection: sqlite3.Connection, kind: bytes) -> int | None:
    found = connection.execute("SELECT number FROM traffic_kinds WHERE kind = ?", (kind,)).fetchone()
    return None if found is None else int(found[0])


def _piece(connection: sqlite3.Connection, after: int, counts_max: int) -> Piece:
    state = connection.execute(_STATE).fetchone()
    if state is None:
        return Piece(0, after, after, {}, ())
    since_us, _, last, until_s = state
    rows = connection.execute(
        "SELECT number, start_s, flows, position FROM traffic WHERE position > ? ORDER BY position LIMIT ?",
        (after, counts_max),
    ).fetchall()
    kinds: dict[int, bytes] = {}
    for number in sorted({row[0] for row in rows if row[0]}):
        of_number = "SELECT kind FROM traffic_kinds WHERE number = ?"
        kinds[number] = bytes(connection.execute(of_number, (number,)).fetchone()[0])
    whole = len(rows) < counts_max
    counts = tuple((number, start_s, flows) for number, start_s, flows, _ in rows)
    position = max(last, after) if whole else rows[-1][3]
    return Piece(since_us, after, position, kinds, counts, until_s if whole else 0)


def _forget(connection: sqlite3.Connection, start_s: int) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        gone = connection.execute("DELETE FROM traffic WHERE start_s < ?", (start_s,)).rowcount
        if gone:
            connection.execute("DELETE FROM traffic_kinds WHERE number NOT IN (SELECT number FROM traffic)")
