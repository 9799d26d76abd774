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
from regional_cell.ports.traffic import Counted, KindCount, KindDifference, Piece
from residency_policies.traffic import KINDS_MAX

_ADD = (
    "INSERT INTO traffic (number, start_s, shadow, flows, position) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (number, start_s, shadow)"
    " DO UPDATE SET flows = flows + excluded.flows, position = excluded.position"
)
_ADD_DIFFERENCE = (
    "INSERT INTO traffic_differences (number, start_s, shadow, data_class, what, rule, flows, position)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number, start_s, shadow, data_class)"
    " DO UPDATE SET flows = flows + excluded.flows, position = excluded.position"
)
_BEGIN = "INSERT INTO traffic_state (only_one, since_us, numbers, position, until_s) VALUES (1, ?, 0, 0, 0)"
_COUNTS = (
    "SELECT number, start_s, shadow, flows, position FROM traffic"
    " WHERE position > ? ORDER BY position LIMIT ?"
)
_DIFFERENCES = (
    "SELECT number, start_s, shadow, data_class, what, rule, flows, position FROM traffic_differences"
    " WHERE position > ? ORDER BY position LIMIT ?"
)
_STATE = "SELECT since_us, numbers, position, until_s FROM traffic_state"


class SqlTraffic:
    """`ports.TrafficStore` over SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Sequence[Counted], now_us: int) -> None:
        """As `ports.TrafficStore.add`."""
        await self._database.write(partial(_add, counts=counts, now_us=now_us))

    async def piece(self, after: int, counts_max: int) -> Piece:
        """As `ports.TrafficStore.piece`."""
        return await self._database.read_plain(partial(_piece, after=after, counts_max=counts_max))

    async def forget_before(self, start_s: int) -> None:
        """As `ports.TrafficStore.forget_before`."""
        await self._database.write(partial(_forget, start_s=start_s))


def _add(connection: sqlite3.Connection, counts: Sequence[Counted], now_us: int) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        state = connection.execute(_STATE).fetchone()
        if state is None:
            connection.execute(_BEGIN, (now_us,))
            state = (now_us, 0, 0, 0)
        _, numbers, position, _ = state
        kept = connection.execute("SELECT count(*) FROM traffic_kinds").fetchone()[0]
        for one in counts:
            number = _number(connection, one.kind) if one.kind else 0
            if number is None and kept < KINDS_MAX:
                numbers, kept = numbers + 1, kept + 1
                number = numbers
                connection.execute(
                    "INSERT INTO traffic_kinds (kind, number) VALUES (?, ?)", (one.kind, number)
                )
            position += 1
            place = (number or 0, one.start_s, one.shadow)
            connection.execute(_ADD, (*place, one.flows, position))
            # Of flows that are not kept apart nobody could tell of whom they are.
            for difference in one.differences if number else ():
                position += 1
                connection.execute(_ADD_DIFFERENCE, (*place, *difference, one.flows, position))
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
    counts = connection.execute(_COUNTS, (after, counts_max)).fetchall()
    differences = connection.execute(_DIFFERENCES, (after, counts_max)).fetchall()
    places = sorted(row[-1] for row in (*counts, *differences))
    whole = len(places) < counts_max
    position = max(last, after) if whole else places[counts_max - 1]
    found = tuple(KindCount(*row[:-1]) for row in counts if row[-1] <= position)
    changed = tuple(KindDifference(*row[:-1]) for row in differences if row[-1] <= position)
    kinds: dict[int, bytes] = {}
    for number in sorted({it.number for it in found if it.number} | {it.number for it in changed}):
        of_number = "SELECT kind FROM traffic_kinds WHERE number = ?"
        kinds[number] = bytes(connection.execute(of_number, (number,)).fetchone()[0])
    return Piece(since_us, after, position, kinds, found, until_s if whole else 0, changed)


def _forget(connection: sqlite3.Connection, start_s: int) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM traffic_differences WHERE start_s < ?", (start_s,))
        gone = connection.execute("DELETE FROM traffic WHERE start_s < ?", (start_s,)).rowcount
        if gone:
            connection.execute("DELETE FROM traffic_kinds WHERE number NOT IN (SELECT number FROM traffic)")
