"""One batch, one transaction: look-ups, fence, events, views, sync.

Invariants
    1. Either the fenced update, the events and their views of a share are written, or nothing of it.
    2. The fence is one statement inside the transaction: epoch, life cycle and head are compared where they
       are moved.
    3. A share that the database refuses fails alone; the others are written again without it, each by itself.
    4. After an error of COMMIT the end is not known: it is said so, and the connection is not used again.
       Only where there was no room is it known: what ends a transaction is written last.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from accord.errors import ColinkError, NotReadyError, OutcomeUnknownError, StorageFullError
from regional_cell.adapters.rows import pieces, source
from regional_cell.adapters.shares import Rows, behind, by_resident, required, sift
from regional_cell.adapters.sql.tables import METADATA
from regional_cell.adapters.sql.writes import insert_many, write_changes
from regional_cell.domain.changes import Key
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.state import OPEN
from regional_cell.ports.log import Append, Outcome, Sealer, Unfit, Unmet, Written

FENCE = (
    "UPDATE residents SET head = :expected + :n,"
    " clock_us = CASE WHEN clock_us + :n > :now_us THEN clock_us + :n ELSE :now_us END"
    " WHERE resident = :resident AND epoch = :epoch AND state = 'open' AND head = :expected"
    " RETURNING clock_us"
)
_AT_HEAD = "SELECT 1 FROM residents WHERE resident = ? AND epoch = ? AND state = ? AND head = ?"

_UNFIT = (
    sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError,
    OverflowError, ValueError, TypeError, KeyError,
)  # fmt: skip


class Appender:
    """Writes batches over one connection, in the one thread that owns it.

    Args:
        connection: in autocommit mode (`isolation_level=None`).
    """

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def append(self, shares: Sequence[Append]) -> list[Outcome]:
        """As `ports.Log.append`. Raises NotReadyError and StorageFullError (nothing written),
        OutcomeUnknownError.
        """
        try:
            return self._transaction(shares, alone=False)
        except _UNFIT:
            return self._transaction(shares, alone=True)

    def _transaction(self, shares: Sequence[Append], *, alone: bool) -> list[Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = self._each_alone(shares) if alone else self._together(shares)
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error) and not isinstance(error, _UNFIT):
                raise refused(error) from error
            raise
        if any(isinstance(outcome, Written) for outcome in outcomes):
            self._commit()
        else:
            self._roll_back()
        return outcomes

    def _commit(self) -> None:
        commit(self._connection)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _together(self, shares: Sequence[Append]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        for resident, positions in by_resident(shares).items():
            chosen = [shares[position] for position in positions]
            outcomes.update(zip(positions, self._admit(resident, chosen), strict=True))
        passed = [share for position, share in enumerate(shares) if isinstance(outcomes[position], Written)]
        self._write(passed)
        return [outcomes[position] for position in range(len(shares))]

    def _each_alone(self, shares: Sequence[Append]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        failed: set[str] = set()
        for share in shares:
            outcome = Unmet() if share.resident in failed else self._alone(share)
            outcomes.append(outcome)
            if not isinstance(outcome, Written):
                failed.add(share.resident)
        return outcomes

    def _alone(self, share: Append) -> Outcome:
        self._connection.execute("SAVEPOINT share")
        try:
            outcome = self._admit(share.resident, [share])[0]
            if isinstance(outcome, Written):
                self._write([share])
        except _UNFIT as error:
            self._connection.execute("ROLLBACK TO share")
            outcome = Unfit(type(error).__name__)
        self._connection.execute("RELEASE share")
        return outcome

    def _admit(self, resident: str, shares: Sequence[Append]) -> list[Outcome]:
        """Look up, sift, and pass the fence for what is left."""
        outcomes = sift(shares, self._found(resident, shares), self._required(resident, shares))
        passed = [
            share for share, outcome in zip(shares, outcomes, strict=True) if isinstance(outcome, Written)
        ]
        expected = shares[0].events[0].sequence - 1
        if passed:
            row = self.fence(
                resident, shares[0].epoch, expected, [event for one in passed for event in one.events]
            )
        else:
            row = self._connection.execute(_AT_HEAD, (resident, shares[0].epoch, OPEN, expected)).fetchone()
        return behind(outcomes) if row is None else outcomes

    def fence(self, resident: str, epoch: int, expected: int, events: Sequence[SealedEvent]) -> Any:
        """Move head and clock if epoch, life cycle and head are still those decided against; None if they
        are not.
        """
        parameters = {
            "resident": resident, "epoch": epoch, "expected": expected,
            "n": len(events), "now_us": events[-1].at_us,
        }  # fmt: skip
        return self._connection.execute(FENCE, parameters).fetchone()

    def _write(self, shares: Sequence[Append]) -> None:
        events = [event for share in shares for event in share.events]
        insert_many(self._connection, "events", [event_row(event) for event in events])
        write_changes(self._connection, self._sealer, [(share.resident, share.changes) for share in shares])
        self._count({(one.resident, topic): number for one in events for topic, number in one.topics})

    def _count(self, topics: dict[tuple[str, str], int]) -> None:
        rows = [(resident, topic, number) for (resident, topic), number in topics.items()]
        insert_many(self._connection, "topics", rows, replace=True)

    def _found(self, resident: str, shares: Sequence[Append]) -> dict[tuple[str, str], int]:
        keys = [share.client_msg_id for share in shares if share.client_msg_id is not None]
        columns = ("user", "client_msg_id")
        rows = self._look_up("messages", columns, (*columns, "sequence"), resident, keys)
        return {(row[0], row[1]): row[2] for row in rows}

    def _required(self, resident: str, shares: Sequence[Append]) -> Rows:
        rows: Rows = dict.fromkeys(required(shares))
        for view in {view for view, _ in rows}:
            keys = tuple(column.name for column in METADATA.tables[view].primary_key.columns)[1:]
            columns = {
                name
                for share in shares
                for require in share.requires
                if require.view == view
                for name in require.columns or {}
            }
            if "content" in columns or not columns <= set(METADATA.tables[view].columns.keys()):
                raise ValueError("unknown column")
            names = (*keys, *sorted(columns - set(keys)))
            wanted = [key for found, key in rows if found == view]
            for row in self._look_up(view, keys, names, resident, wanted):
                rows[view, tuple(row[: len(keys)])] = dict(zip(names, row, strict=True))
        return rows

    def _look_up(
        self, table: str, by: tuple[str, ...], names: tuple[str, ...], resident: str, keys: Sequence[Key]
    ) -> Iterator[tuple[Any, ...]]:
        if not by:
            keys = keys[:1] and [(1,)]
        for length, values in pieces(keys):
            text = _lookup(table, by, names, length)
            yield from self._connection.execute(text, [*values, resident])


def commit(connection: sqlite3.Connection) -> None:
    """Raises StorageFullError (nothing written), OutcomeUnknownError."""
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if code_of(error) == sqlite3.SQLITE_FULL:
            raise StorageFullError(store="sql") from error
        raise OutcomeUnknownError(store="sql") from error


def code_of(error: sqlite3.Error) -> int:
    """The primary result code of the driver's error; 0 when it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def refused(error: sqlite3.Error) -> ColinkError:
    """The typed error for a transaction that was rolled back: nothing was written."""
    # Without room for the shared index of the log it is an error of input and output.
    no_index = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHMSIZE
    if no_index or code_of(error) == sqlite3.SQLITE_FULL:
        return StorageFullError(store="sql")
    return NotReadyError(store="sql", why=getattr(error, "sqlite_errorname", "") or type(error).__name__)


def event_row(event: SealedEvent) -> tuple[Any, ...]:
    """An entry in the order of the table's columns."""
    topics = " ".join([f"{topic}:{number}" for topic, number in event.topics])
    return (
        event.resident, event.sequence, event.epoch, event.kind, event.schema, event.at_us, event.principal,
        event.key_id, event.sealed, event.commitment, topics,
    )  # fmt: skip


@cache
def _lookup(table: str, by: tuple[str, ...], names: tuple[str, ...], rows: int) -> str:
    """Rows by key, driven from the keys so that each costs one descent in the index."""
    match = "".join(f" AND found.{name} = wanted.column{index}" for index, name in enumerate(by, 1))
    columns = ", ".join(f"found.{name}" for name in names) or "1"
    return (
        f"SELECT {columns} FROM ({source(max(len(by), 1), rows)}) AS wanted"  # noqa: S608
        f" CROSS JOIN {table} AS found ON found.resident = ?{match}"
    )
