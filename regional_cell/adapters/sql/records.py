"""The cell's own small records: tickets that were used, leases of names that are not settled."""

import sqlite3

import sqlalchemy as sa

from accord.clock import Clock
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.tables import CLAIMS
from regional_cell.ports.directory import PendingLease


class SqlSpentTickets:
    """`ports.SpentTickets` over SQL; tickets that expired are forgotten with the next one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def spend(self, ticket: str, until_s: int) -> bool:
        """As `ports.SpentTickets.spend`."""
        now_s = self._clock.now_us() // 1_000_000

        def work(connection: sqlite3.Connection) -> bool:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM tickets_spent WHERE until_s < ?", (now_s,))
                inserted = connection.execute(
                    "INSERT INTO tickets_spent (ticket, until_s) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (ticket, until_s),
                )
                return inserted.rowcount == 1

        return await self._database.write(work)


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
