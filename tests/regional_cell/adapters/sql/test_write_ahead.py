"""Damage in a write-ahead log is told from the end that a power cut or a failed write leaves."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from regional_cell.adapters.sql.write_ahead import FRAME, HEADER, lost_commits

COMMITS, PAGE = 20, 4_096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database whose log holds twenty commits, as a kill leaves it."""
    live, left = tmp_path / "live.db", tmp_path / "left.db"
    connection = sqlite3.connect(live, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (text)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for number in range(COMMITS):
        connection.execute("INSERT INTO t VALUES (?)", (f"{number} " + "x" * 5_000,))
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{live}{suffix}", f"{left}{suffix}")
    connection.close()
    return left


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def change(path: Path, at: int) -> None:
    data = bytearray(log_of(path).read_bytes())
    data[at] ^= 1
    log_of(path).write_bytes(data)


def rows(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])


def test_a_log_that_is_whole_or_not_there_has_lost_nothing(path: Path) -> None:
    assert lost_commits(path) == 0
    assert rows(path) == COMMITS
    log_of(path).unlink(missing_ok=True)
    assert lost_commits(path) == 0


@pytest.mark.parametrize(
    "at", [0, 20, HEADER, HEADER + 20, HEADER + FRAME + 7, HEADER + 9 * (FRAME + PAGE) + 99]
)
def test_a_changed_bit_with_commits_behind_it_is_damage(path: Path, at: int) -> None:
    """The database itself would be opened, and lack them."""
    change(path, at)
    assert lost_commits(path) > 1
    assert rows(path) < COMMITS if at > HEADER else True


@pytest.mark.parametrize("left", [0, HEADER, HEADER + 100])
def test_a_log_that_ends_early_is_what_a_power_cut_leaves(path: Path, left: int) -> None:
    log_of(path).write_bytes(log_of(path).read_bytes()[:left])
    assert lost_commits(path) == 0


def test_a_last_commit_that_was_written_by_half_is_what_a_power_cut_leaves(path: Path) -> None:
    """Its last page came to the disk, one before did not."""
    change(path, len(log_of(path).read_bytes()) - PAGE - 2 * FRAME - 100)
    assert lost_commits(path) == 0
