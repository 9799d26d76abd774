"""Files: one upload in the offered length, seen by those who may, and by others as if there were none."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord.errors import ConflictError, InvalidError, NotFoundError, TokenInvalidError
from accord.ids import new_id
from regional_cell.adapters.local.files import LocalFiles
from regional_cell.adapters.memory.views import MemoryViews
from regional_cell.services.files import Files, Offer
from tests.regional_cell.services.search.federation import CHANNEL, PRIVATE, TestedCell, two_cells
from tests.regional_cell.stores import post

TEXT = b"first line\nsecond line\n" + b"more\n" * 10


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 7):
        yield data[start : start + 7]


def files_of(cell: TestedCell, folder: Path) -> Files:
    store = LocalFiles(folder / "files", cell.sealer)
    return Files(cell.commits, MemoryViews(cell.store), store, cell.tokens, new_id, 1_000)


async def upload(files: Files, cell: TestedCell, data: bytes = TEXT, name: str = "notes.txt") -> str:
    url, file = await files.offer(cell.caller(), Offer(name, len(data)), "http://edge", None)
    start, _, ticket = url.rpartition("/")
    assert start == f"http://edge/upload/{cell.workspace}"
    assert await files.store(cell.workspace, ticket, chunks(data)) == len(data)
    with pytest.raises(ConflictError):
        await files.store(cell.workspace, ticket, chunks(data))
    return file


async def test_a_file_goes_up_once_and_down_for_those_who_may_see_it(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=False) as (cell, _):
        files, ann, bob = files_of(cell, tmp_path), cell.caller(), cell.caller(1)
        file = await upload(files, cell)
        stored = await files.require_readable(ann, file)
        assert b"".join([piece async for piece in files.read(stored, 0, None)]) == TEXT
        assert b"".join([piece async for piece in files.read(stored, 6, 4)]) == TEXT[6:10]
        for unknown in (file, "F00000000000Z"):
            with pytest.raises(NotFoundError) as refused:
                await files.require_readable(bob, unknown)
            assert refused.value.api == "file_not_found"
        await files.complete(ann, [(file, "Notes")], [CHANNEL], None)
        await cell.commits.commit(cell.workspace, post("see", CHANNEL, ann.user, files=[file]), principal="")
        assert (await files.require_readable(bob, file)).sha256 == stored.sha256
        card = (await files.cards(await cell.commits.state(cell.workspace), [file], "http://edge", bob))[file]
        assert (card["title"], card["filetype"], card["size"], card["channels"]) == (
            "Notes", "text", len(TEXT), [CHANNEL],
        )  # fmt: skip
        assert (card["lines"], card["lines_more"], card["preview"].splitlines()[0]) == (12, 7, "first line")


async def test_shares_that_the_viewer_may_not_know_of_are_not_told(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=False) as (cell, _):
        files, ann, bob = files_of(cell, tmp_path), cell.caller(), cell.caller(1)
        file = await upload(files, cell)
        await cell.commits.commit(cell.workspace, post("x", PRIVATE, bob.user, files=[file]), principal="")
        state = await cell.commits.state(cell.workspace)
        assert (await files.cards(state, [file], "", ann))[file]["groups"] == []
        assert (await files.cards(state, [file], "", bob))[file]["groups"] == [PRIVATE]


@pytest.mark.parametrize("data", [b"", b"x" * 9, b"x" * 11])
async def test_another_length_than_offered_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    async with two_cells(tmp_path, permitted=False) as (cell, _):
        files = files_of(cell, tmp_path)
        url, file = await files.offer(cell.caller(), Offer("a.bin", 10), "http://edge", None)
        with pytest.raises(InvalidError):
            await files.store(cell.workspace, url.rpartition("/")[2], chunks(data))
        with pytest.raises(NotFoundError):
            await files.complete(cell.caller(), [(file, "")], [], None)
        assert await files.store(cell.workspace, url.rpartition("/")[2], chunks(b"x" * 10)) == 10


async def test_tickets_of_others_and_files_of_others_are_refused(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=False) as (cell, other):
        files = files_of(cell, tmp_path)
        url, file = await files.offer(cell.caller(), Offer("a.bin", 3), "http://edge", None)
        ticket = url.rpartition("/")[2]
        with pytest.raises(TokenInvalidError):
            await files.store(other.workspace, ticket, chunks(b"abc"))
        with pytest.raises(TokenInvalidError):
            await files.store(cell.workspace, ticket[:-3] + "AAA", chunks(b"abc"))
        await files.store(cell.workspace, ticket, chunks(b"abc"))
        with pytest.raises(NotFoundError):
            await files.complete(cell.caller(1), [(file, "mine now")], [], None)
        with pytest.raises(InvalidError):
            await files.offer(cell.caller(), Offer("a.bin", 1_001), "http://edge", None)
        assert os.listdir(tmp_path / "files")
