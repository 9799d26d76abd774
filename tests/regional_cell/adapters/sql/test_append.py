"""The SQL store under faults: full disks, broken syncs, a fence that is gone, content that was swapped."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from accord.errors import KeyUnavailableError, NotReadyError, OutcomeUnknownError, StorageFullError
from regional_cell.adapters.sql.append import Appender
from regional_cell.adapters.sql.database import Checkpointer, Database, connect
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.domain.changes import Put
from regional_cell.domain.errors import IntegrityError
from regional_cell.domain.events import SealedEvent
from regional_cell.ports.log import Behind, Written
from tests.regional_cell.stores import C1, T1, T2, U1, Store, Writer, open_resident, sql_store, sql_url


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = sql_store(tmp_path)
    await open_resident(made)
    yield made
    made.close()


def file_of(tmp_path: Path) -> sqlite3.Connection:
    """A connection of an operator who edits rows."""
    return connect(tmp_path / "cell.db")


def at_rest(tmp_path: Path) -> bytes:
    """All bytes of the store's files."""
    return b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


async def test_a_full_disk_writes_nothing_and_says_so(store: Store, tmp_path: Path) -> None:
    database = Database(sql_url(tmp_path))
    log = SqlLog(database, store.sealer)
    writer = Writer(store)
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(StorageFullError):
        await log.append([writer.post("x" * 100_000)])
    assert await store.log.read(T1, 0, 9) == []
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await log.append([Writer(store).post()]) == [Written()]
    database.close()


async def test_a_busy_store_is_not_ready_and_nothing_is_written(store: Store, tmp_path: Path) -> None:
    database = Database(sql_url(tmp_path))
    await database.write(lambda connection: connection.execute("PRAGMA busy_timeout = 50").fetchone())
    with file_of(tmp_path) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotReadyError):
            await SqlLog(database, store.sealer).append([Writer(store).post()])
        rival.execute("ROLLBACK")
    rival.close()
    assert await SqlLog(database, store.sealer).append([Writer(store).post()]) == [Written()]
    database.close()


class TornCommit(Appender):
    """Loses its connection at COMMIT, as with a failed sync; the transaction may or may not have reached the
    disk.
    """

    landed = False

    def _commit(self) -> None:
        self._connection.execute("COMMIT" if self.landed else "ROLLBACK")
        raise OutcomeUnknownError(store="sql")


@pytest.mark.parametrize("landed", [True, False])
async def test_after_a_torn_commit_the_store_goes_on_with_what_is_there(
    store: Store, tmp_path: Path, landed: bool
) -> None:
    class Torn(TornCommit):
        pass

    Torn.landed = landed
    database = Database(sql_url(tmp_path))
    with pytest.raises(OutcomeUnknownError):
        await SqlLog(database, store.sealer, Torn).append([Writer(store).post()])
    outcome = await SqlLog(database, store.sealer).append([Writer(store).post()])
    assert outcome == [Behind() if landed else Written()]
    assert len(await store.log.read(T1, 0, 9)) == 1
    database.close()


async def test_an_error_of_commit_is_an_unknown_outcome(store: Store, tmp_path: Path) -> None:
    class Failing:
        """A connection whose COMMIT fails; everything else is real."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def execute(self, text: str, *parameters: Any) -> sqlite3.Cursor:
            if text == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return self._connection.execute(text, *parameters)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    connection = file_of(tmp_path)
    with pytest.raises(OutcomeUnknownError):
        Appender(Failing(connection), store.sealer).append([Writer(store).post()])  # type: ignore[arg-type]
    connection.close()
    assert await store.log.read(T1, 0, 9) == []


class WithoutFence(Appender):
    """An appender that moves the head without comparing anything."""

    def fence(self, resident: str, epoch: int, expected: int, events: Sequence[SealedEvent]) -> Any:
        values = (events[-1].sequence, events[-1].at_us, resident)
        statement = "UPDATE residents SET head = ?, clock_us = ? WHERE resident = ? RETURNING 1"
        return self._connection.execute(statement, values).fetchone()


async def test_without_the_fence_the_promises_break(store: Store, tmp_path: Path) -> None:
    database = Database(sql_url(tmp_path))
    log = SqlLog(database, store.sealer, WithoutFence)
    # A stale epoch and a gap pass, which the suite of promises refuses.
    assert await log.append([Writer(store, epoch=9).post()]) == [Written()]
    assert await log.append([Writer(store, head=5).post()]) == [Written()]
    assert [entry.sequence for entry in await log.read(T1, 0, 9)] == [1, 6]
    database.close()


@pytest.mark.parametrize("column", ["sealed", "commitment"])
async def test_bytes_swapped_between_rows_do_not_open(store: Store, tmp_path: Path, column: str) -> None:
    writer = Writer(store)
    await store.log.append([writer.post("one"), writer.post("two")])
    with file_of(tmp_path) as operator:
        rows = operator.execute(f"SELECT {column} FROM events ORDER BY sequence").fetchall()  # noqa: S608
        for sequence, (value,) in zip((2, 1), rows, strict=True):
            operator.execute(f"UPDATE events SET {column} = ? WHERE sequence = ?", (value, sequence))  # noqa: S608
    operator.close()
    for entry in await store.log.read(T1, 0, 9):
        with pytest.raises(IntegrityError):
            store.sealer.open_event(entry)


async def test_an_event_moved_to_another_resident_does_not_open(store: Store, tmp_path: Path) -> None:
    await open_resident(store, T2)
    await store.log.append([Writer(store).post("mine"), Writer(store, T2).post("theirs")])
    with file_of(tmp_path) as operator:
        key_id, sealed, commitment = operator.execute(
            "SELECT key_id, sealed, commitment FROM events WHERE resident = ?", (T2,)
        ).fetchone()
        operator.execute(
            "UPDATE events SET key_id = ?, sealed = ?, commitment = ? WHERE resident = ?",
            (key_id, sealed, commitment, T1),
        )
    operator.close()
    entry = (await store.log.read(T1, 0, 9))[0]
    with pytest.raises(KeyUnavailableError):
        store.sealer.open_event(entry)
    own = replace(entry, key_id=(await store.log.residents())[0].key_id)
    with pytest.raises(IntegrityError):
        store.sealer.open_event(own)


async def test_content_moved_to_another_row_does_not_open(store: Store, tmp_path: Path) -> None:
    writer = Writer(store)
    change = Put("users", (U1,), {"content": {"name": "ada"}})
    await store.log.append([writer.share("AuditNoted", {}, changes=(change,))])
    with file_of(tmp_path) as operator:
        operator.execute("UPDATE users SET user = 'U000000000009'")
    operator.close()
    with pytest.raises(IntegrityError):
        await store.views.rows(T1, "users")


async def test_nothing_of_content_rests_in_the_open(store: Store, tmp_path: Path) -> None:
    writer = Writer(store)
    change = Put("users", (U1,), {"content": {"name": "a-canary-name"}})
    shares = [writer.post("a-canary-text"), writer.share("AuditNoted", {}, changes=(change,))]
    assert await store.log.append(shares) == [Written()] * 2
    data = at_rest(tmp_path)
    assert C1.encode() in data
    assert b"a-canary" not in data


async def test_only_the_checkpointer_copies_the_log_back(store: Store, tmp_path: Path) -> None:
    async def every(text: str) -> list[Any]:
        database = store.log._database  # type: ignore[attr-defined]
        written = await database.write(lambda connection: connection.execute(text).fetchone()[0])
        read = await database.read(lambda connection: connection.exec_driver_sql(text).scalar())
        return [written, read]

    assert await every("PRAGMA wal_autocheckpoint") == [0, 0]
    assert (await every("PRAGMA synchronous"))[0] == 2
    assert (await every("PRAGMA journal_mode"))[0] == "wal"
    writer, checkpointer = Writer(store), Checkpointer(sql_url(tmp_path))
    assert await asyncio.to_thread(checkpointer.run) == (0, 0)
    await store.log.append([writer.post()])
    pages, copied = await asyncio.to_thread(checkpointer.run)
    assert pages == copied > 0
    # What is copied whole is never copied again: a commit that begins the log anew must not meet a copy.
    assert await asyncio.to_thread(checkpointer.run) == (0, 0)
    await store.log.append([writer.post()])
    assert (await asyncio.to_thread(checkpointer.run))[0] > 0
    checkpointer.close()


async def test_a_restarted_log_does_not_grow_and_loses_nothing(store: Store, tmp_path: Path) -> None:
    database = store.log._database  # type: ignore[attr-defined]
    writer, checkpointer = Writer(store), Checkpointer(sql_url(tmp_path))
    sizes = []
    for _ in range(6):
        for _ in range(20):
            await store.log.append([writer.post("x" * 2_000)])
        await asyncio.to_thread(checkpointer.run)
        # Somebody always commits before the copy is whole, so the log never starts anew by itself.
        await store.log.append([writer.post()])
        assert await database.restart_log()
        sizes.append(os.stat(f"{database.path}-wal").st_size)
    checkpointer.close()
    assert max(sizes) < 2 * sizes[0], sizes
    assert len(await store.log.read(T1, 0, 1_000)) == 126


async def test_readers_cannot_write(store: Store) -> None:
    database = store.log._database  # type: ignore[attr-defined]
    with pytest.raises(NotReadyError):
        await database.read(lambda connection: connection.exec_driver_sql("DELETE FROM events"))


def test_another_engine_is_refused_until_it_has_an_adapter() -> None:
    with pytest.raises(NotReadyError):
        Database("postgresql://localhost/cell")
