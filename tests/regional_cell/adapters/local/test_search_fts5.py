"""The search index in a file that several processes of a cell share."""

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from accord.errors import NotReadyError
from regional_cell.adapters.local.search_fts5 import READERS, Fts5Index
from regional_cell.ports.search import Document, IndexQuery
from tests.regional_cell.stores import C1, T1, U1

QUERY = IndexQuery((), (C1,))


async def test_processes_that_start_at_once_share_one_file(tmp_path: Path) -> None:
    for turn in range(5):
        path = tmp_path / f"{turn}.db"
        indexes = [Fts5Index(path) for _ in range(6)]
        await asyncio.gather(*(index.open() for index in indexes))
        for number, index in enumerate(indexes, 1):
            await index.index(T1, number, [Document(C1, number, U1, "word")], [])
        for index in indexes:
            assert [hit.ts for hit in await index.search(T1, QUERY)] == [6, 5, 4, 3, 2, 1]
        for index in indexes:
            await index.close()


async def test_a_file_that_is_in_use_is_not_taken_for_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "search.db"
    first = Fts5Index(path)
    await first.open()
    await first.index(T1, 1, [Document(C1, 1, U1, "word")], [])

    def locked(self: Fts5Index) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(Fts5Index, "_connect", locked)
        second = Fts5Index(path)
        with pytest.raises(NotReadyError):
            await second.open()
    assert path.exists()
    assert len(await first.search(T1, QUERY)) == 1
    await first.close()


async def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    path.write_bytes(b"no database at all" * 400)
    index = Fts5Index(path)
    await index.open()
    assert await index.position(T1) == 0
    await index.close()


async def test_a_file_that_is_damaged_while_it_is_used_is_made_anew(tmp_path: Path) -> None:
    """Who reads or writes notices; the next write has an empty index."""
    path = tmp_path / "search.db"
    index = Fts5Index(path)
    await index.open()
    await index.index(T1, 400, [Document(C1, number, U1, f"word {number}") for number in range(1, 400)], [])
    assert len(await index.search(T1, QUERY)) == 399
    for file in (path, tmp_path / "search.db-wal"):
        with file.open("r+b") as damaged:
            damaged.write(b"\xff" * file.stat().st_size)
    positions, found = [], []
    for _ in range(3 * READERS):
        with suppress(NotReadyError):
            positions.append(await index.position(T1))
        with suppress(NotReadyError):
            found.append([hit.ts for hit in await index.search(T1, QUERY)])
        with suppress(NotReadyError):
            await index.index(T1, 1, [Document(C1, 1, U1, "word")], [])
    assert positions[-1] == 1
    assert found[-1] == [1]
    await index.close()


async def test_what_could_not_be_opened_is_opened_by_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    path.mkdir()
    index = Fts5Index(path)
    for attempt in (index.open(), index.position(T1), index.index(T1, 1, [], [])):
        with pytest.raises(NotReadyError):
            await attempt
    path.rmdir()
    await index.index(T1, 1, [Document(C1, 1, U1, "word")], [])
    assert await index.position(T1) == 1
    await index.close()
