"""A store whose log grew past its index on a disk without a byte is opened all the same."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from accord.errors import StorageFullError
from regional_cell.adapters.sql import database, reserve

DISK_MIB = 64
ROW_BYTES = 16_000
# As many pages of 4 KiB as a piece of the index tells of, and more.
LOG_BYTES = 5_000 * 4_096
KILLED = 9


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if sys.platform != "linux":
        pytest.skip("a small disk needs root on Linux")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(tmp_path)], capture_output=True
    )
    if made.returncode != 0:
        pytest.skip("a small disk needs root on Linux")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte."""
    with (folder / "balloon").open("wb", buffering=0) as balloon, contextlib.suppress(OSError):
        while True:
            balloon.write(bytes(4_096))


def put(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO rows VALUES (randomblob(?))", (ROW_BYTES,))


def write_a_long_log(path: Path) -> None:
    """Leave a long log that is begun anew: what comes needs no room in it."""
    connection = database.connect(path)
    connection.execute("CREATE TABLE rows (value BLOB)")
    while path.with_name("cell.db-wal").stat().st_size < LOG_BYTES:
        put(connection)
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.execute("DELETE FROM rows")
    put(connection)


def write_until_full(path: Path) -> None:
    """Open it as a cell does, whose index is short then, fill the disk and write until it refuses."""
    store = database.Database(f"sqlite:///{path}")
    asyncio.run(store.write(put))
    # While somebody reads, a writer that is closed does not take the log with it.
    asyncio.run(store.read_plain(lambda connection: connection.execute("SELECT 1 FROM rows").fetchone()))
    fill(path.parent)
    with pytest.raises(StorageFullError):
        asyncio.run(write_on(store))


async def write_on(store: database.Database) -> None:
    """Until it refuses."""
    while True:
        await store.write(put)


def in_a_process_that_is_killed(work: Callable[[Path], None], path: Path) -> None:
    def end() -> None:
        work(path)
        os.kill(os.getpid(), KILLED)

    process = get_context("fork").Process(target=end)
    process.start()
    process.join()
    assert process.exitcode == -KILLED


@pytest.mark.parametrize("kept", [True, False])
def test_a_store_opens_on_a_disk_without_a_byte(
    disk: Path, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "INDEX_WAIT_S", 0.01)
    path = disk / "cell.db"
    in_a_process_that_is_killed(write_a_long_log, path)
    if not kept:
        monkeypatch.setattr(reserve, "keep", lambda store: None)
    in_a_process_that_is_killed(write_until_full, path)
    if kept:
        connection = database.connect(path)
        assert connection.execute("SELECT count(*) FROM rows").fetchone()[0] > 1
        connection.close()
    else:
        with pytest.raises(sqlite3.OperationalError):
            database.connect(path)


def test_a_reserve_that_was_written_by_half_is_made_whole(tmp_path: Path) -> None:
    kept = tmp_path / "cell.db-reserve"
    kept.write_bytes(b"half")
    reserve.keep(tmp_path / "cell.db")
    assert kept.stat().st_size == reserve.RESERVE_BYTES
    whole = kept.read_bytes()
    reserve.keep(tmp_path / "cell.db")
    assert kept.read_bytes() == whole
    reserve.give_up(tmp_path / "cell.db")
    assert not kept.exists()
