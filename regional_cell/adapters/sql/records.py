"""The cell's own small records: tickets that were used, leases of names that are not settled."""

import asyncio
import sqlite3
from functools import partial

import sqlalchemy as sa

from accord.clock import Clock
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.tables import CLAIMS, TICKETS_SPENT
from regional_cell.ports.directory import PendingLease

_INSERT_TICKET = "INSERT INTO tickets_spent (ticket, until_s) VALUES (?, ?) ON CONFLICT DO NOTHING"


class SqlSpentTickets:
    """`ports.SpentTickets` over SQL: those that come while one transaction is synced share the next.

    Tickets that expired are forgotten with the next one. What waits is bounded by the sockets being opened.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[tuple[str, int, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def spend(self, ticket: str, until_s: int) -> bool:
        """As `ports.SpentTickets.spend`."""
        fresh: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((ticket, until_s, fresh))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        return await fresh

    async def is_spent(self, ticket: str) -> bool:
        """As `ports.SpentTickets.is_spent`."""
        table, now_s = TICKETS_SPENT, self._clock.now_us() // 1_000_000
        statement = sa.select(table.c.ticket).where(table.c.ticket == ticket, table.c.until_s >= now_s)
        found = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return found is not None

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            now_s = self._clock.now_us() // 1_000_000
            rows = [(ticket, until_s) for ticket, until_s, _ in batch]
            try:
                answers = await self._database.write(partial(_spend, rows=rows, now_s=now_s))
            except Exception as error:
                for _, _, fresh in batch:
                    if not fresh.done():
                        fresh.set_exception(error)
                continue
            for (_, _, fresh), answer in zip(batch, answers, strict=True):
                if not fresh.done():
                    fresh.set_result(answer)
        self._writing = None


def _spend(connection: sqlite3.Connection, rows: list[tuple[str, int]], now_s: int) -> list[bool]:
    """Whether each was unspent, in order: of two equal ones the first."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM tickets_spent WHERE until_s < ?", (now_s,))
        return [connection.execute(_INSERT_TICKET, row).rowcount == 1 for row in rows]


class SqlPendingLeases:
    """`ports.PendingLeases` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, lease: PendingLease) -> None:
        """As `ports.PendingLeases.note`."""
        values = (lease.lease, " ".join(lease.residents), lease.at_s)
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO claims (lease, residents, at_s) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values
            )
        )

    async def settled(self, lease: str) -> None:
        """As `ports.PendingLeases.settled`."""
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM claims WHERE lease = ?", (lease,))
        )

    async def pending(self) -> list[PendingLease]:
        """As `ports.PendingLeases.pending`, the oldest first."""
        statement = sa.select(CLAIMS).order_by(CLAIMS.c.at_s, CLAIMS.c.lease)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [PendingLease(row.lease, tuple(row.residents.split()), row.at_s) for row in rows]
