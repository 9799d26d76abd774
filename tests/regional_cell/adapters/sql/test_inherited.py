"""What a process finds in the log is written again, whoever else writes meanwhile."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from accord.errors import NotReadyError, StorageFullError
from regional_cell.adapters.sql import inherited
from regional_cell.adapters.sql.database import connect
from regional_cell.adapters.sql.inherited import write_again
from regional_cell.adapters.sql.schema_version import SchemaError, require_current
from tests.regional_cell.stores import T1, Writer, open_resident, sql_store, sql_url

WRITTEN = 60


async def test_who_writes_meanwhile_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inherited, "PIECE_BYTES", 65_536)
    store, path = sql_store(tmp_path), tmp_path / "cell.db"
    await open_resident(store)
    writer, connection = Writer(store), connect(path)
    ended = asyncio.Event()

    async def again() -> int:
        times = 0
        while not ended.is_set():
            await asyncio.to_thread(write_again, connection, path)
            await asyncio.sleep(0.001)
            times += 1
        return times

    writing_again = asyncio.create_task(again())
    for turn in range(WRITTEN):
        await store.log.append([writer.post("x" * 2_000)])
        if turn % 20 == 10:
            # From here on the log is written from its start.
            await store.log._database.restart_log()  # type: ignore[attr-defined]
    ended.set()
    assert await writing_again > 0
    connection.close()
    store.close()
    copy = sql_store(tmp_path)
    assert len(await copy.log.read(T1, 0, 1_000)) == WRITTEN
    copy.close()


@pytest.mark.parametrize(("number", "kind"), [(errno.EIO, NotReadyError), (errno.ENOSPC, StorageFullError)])
async def test_a_disk_that_refuses_is_told_and_nobody_starts_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    store, path = sql_store(tmp_path), tmp_path / "cell.db"
    await open_resident(store)
    before = (tmp_path / "cell.db-wal").read_bytes()
    require_current(sql_url(tmp_path))

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    connection = connect(path)
    with pytest.raises(kind):
        write_again(connection, path)
    with pytest.raises(SchemaError, match="cannot be synced"):
        require_current(sql_url(tmp_path))
    assert (tmp_path / "cell.db-wal").read_bytes() == before
    assert not connection.in_transaction
    connection.close()
    store.close()
