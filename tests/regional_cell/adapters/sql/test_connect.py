"""A cell opens its store on a disk that is full."""

import sqlite3
from pathlib import Path

import pytest

from regional_cell.adapters.sql import database


def failing(times: int, code: int, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The first openings fail with this code; the list tells of every one."""
    opened: list[Path] = []
    real = database._open

    def open_(path: Path) -> sqlite3.Connection:
        opened.append(path)
        if len(opened) > times:
            return real(path)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(database, "_open", open_)
    monkeypatch.setattr(database, "INDEX_WAIT_S", 0.001)
    return opened


@pytest.mark.parametrize("code", database.NO_INDEX)
def test_room_for_the_shared_index_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    opened = failing(3, code, monkeypatch)
    connection = database.connect(tmp_path / "cell.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert len(opened) == 4


def test_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = failing(1_000, sqlite3.SQLITE_IOERR_SHMSIZE, monkeypatch)
    with pytest.raises(sqlite3.OperationalError):
        database.connect(tmp_path / "cell.db")
    assert len(opened) == database.INDEX_TRIES


def test_what_has_another_reason_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = failing(1, sqlite3.SQLITE_CANTOPEN, monkeypatch)
    with pytest.raises(sqlite3.OperationalError):
        database.connect(tmp_path / "cell.db")
    assert len(opened) == 1
