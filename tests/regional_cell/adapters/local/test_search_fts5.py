"""The search index in a file that several processes of a cell share."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from accord.errors import NotReadyError
from regional_cell.adapters.local.search_fts5 import Fts5Index
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
