"""What a cell says of the room it has."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from regional_cell.adapters.directory.room import COUNT_S, DataRoom


def test_the_room_is_what_disk_and_settings_leave_and_files_are_counted_now_and_then(tmp_path: Path) -> None:
    (tmp_path / "files" / "a").mkdir(parents=True)
    (tmp_path / "files" / "a" / "one").write_bytes(b"x" * 600)
    (tmp_path / "cell.db").write_bytes(b"x" * 100)
    now_s = 0.0
    room, capped = (DataRoom(tmp_path, bytes_max, lambda: now_s) for bytes_max in (0, 1000))
    seen, told = room.look(), capped.look()
    assert seen is not None
    assert told is not None
    assert seen.held_bytes == told.held_bytes == 700
    assert 1000 < seen.free_bytes <= shutil.disk_usage(tmp_path).total
    assert told.free_bytes == 300
    (tmp_path / "cell.db").write_bytes(b"x" * 500)
    now_s = COUNT_S - 1
    assert capped.look() == told
    now_s = COUNT_S
    full = capped.look()
    assert full is not None
    assert (full.free_bytes, full.held_bytes) == (0, 1100)


def test_what_goes_away_while_files_are_counted_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "going").mkdir()
    (tmp_path / "cell.db").write_bytes(b"x" * 100)
    look = os.scandir

    def late(folder: Path) -> Any:
        if folder.name == "going":
            raise FileNotFoundError
        return look(folder)

    monkeypatch.setattr(os, "scandir", late)
    room = DataRoom(tmp_path, 0).look()
    assert room is not None
    assert room.held_bytes == 100


def test_a_folder_that_cannot_be_read_has_no_known_room(tmp_path: Path) -> None:
    assert DataRoom(tmp_path / "gone", 0).look() is None
