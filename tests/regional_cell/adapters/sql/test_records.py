"""Spent tickets over SQL: each opens one thing once, and many share a transaction."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accord.clock import ManualClock
from accord.errors import ColinkError
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.records import SqlSpentTickets
from regional_cell.adapters.sql.schema_version import migrate
from tests.regional_cell.stores import sql_url


class CountedDatabase(Database):
    """Counts transactions, and may fail one."""

    writes = 0
    fails = False

    async def write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        self.writes += 1
        if self.fails:
            self.fails = False
            work = _fail
        return await super().write(work)


def _fail(connection: sqlite3.Connection) -> Any:
    raise sqlite3.OperationalError("database is locked")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CountedDatabase]:
    migrate(sql_url(tmp_path))
    made = CountedDatabase(sql_url(tmp_path))
    yield made
    made.close()


async def test_a_ticket_is_spent_once_however_many_come_at_once(database: CountedDatabase) -> None:
    spent = SqlSpentTickets(database, ManualClock())
    names = [f"ticket-{number % 300}" for number in range(900)]
    answers = await asyncio.gather(*(spent.spend(name, 2**40) for name in names))
    assert answers == [True] * 300 + [False] * 600
    assert database.writes <= 3
    another = SqlSpentTickets(database, ManualClock())
    assert not await another.spend("ticket-7", 2**40)


async def test_expired_tickets_are_forgotten(database: CountedDatabase) -> None:
    clock = ManualClock()
    spent = SqlSpentTickets(database, clock)
    now_s = clock.now_us() // 1_000_000
    assert await spent.spend("old", now_s + 10)
    clock.advance(20)
    assert await spent.spend("young", now_s + 40)
    rows = await database.write(
        lambda connection: connection.execute("SELECT * FROM tickets_spent").fetchall()
    )
    assert rows == [("young", now_s + 40)]


async def test_a_failed_transaction_opens_nothing_and_the_next_one_goes_on(database: CountedDatabase) -> None:
    spent = SqlSpentTickets(database, ManualClock())
    database.fails = True
    failed = await asyncio.gather(*(spent.spend("a", 2**40) for _ in range(3)), return_exceptions=True)
    assert [isinstance(error, ColinkError) for error in failed] == [True] * 3
    assert await spent.spend("a", 2**40)


async def test_who_gives_up_waiting_takes_nobody_along(database: CountedDatabase) -> None:
    spent = SqlSpentTickets(database, ManualClock())
    waiting = [asyncio.ensure_future(spent.spend(f"t{number}", 2**40)) for number in range(10)]
    await asyncio.sleep(0)
    waiting[3].cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [answer for place, answer in enumerate(answers) if place != 3] == [True] * 9
