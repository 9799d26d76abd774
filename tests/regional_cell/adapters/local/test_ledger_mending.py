"""Tiles that a power cut took are made again by the next start; what was changed otherwise stays changed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.ledger import leaf_hash
from accord.tiles import WIDTH, tile_path, tiles_between
from regional_cell.adapters.local.ledger_mending import mend_tiles
from tests.regional_cell.adapters.local.test_ledger_book import entries, open_book, require_sound


def tiles(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (folder / "tile").rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [1, 200, WIDTH, 2 * WIDTH + 60])
def test_a_start_makes_again_what_was_cut_off(tmp_path: Path, size: int) -> None:
    open_book(tmp_path).append(entries(size))
    before = tiles(tmp_path)
    assert len(before) >= 2
    for number, path in enumerate(before):
        path.write_bytes(b"") if number % 2 else path.unlink()
    book = open_book(tmp_path)
    assert tiles(tmp_path) == before
    assert book.append(entries(1)) == size
    require_sound(tmp_path, size + 1)


def test_a_tile_that_says_something_else_is_left_to_auditors(tmp_path: Path) -> None:
    open_book(tmp_path).append(entries(3))
    path = next(iter(tiles(tmp_path)))
    other = path.read_bytes()[::-1]
    path.write_bytes(other)
    open_book(tmp_path)
    assert path.read_bytes() == other


@settings(max_examples=5, deadline=None)
@given(st.integers(1, WIDTH * WIDTH + 3 * WIDTH), st.data())
def test_tiles_of_every_level_come_from_those_below(
    tmp_path_factory: pytest.TempPathFactory, size: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tree")

    def leaves_of(n: int) -> list[bytes]:
        return [index.to_bytes(64, "big") for index in range(WIDTH * n, min(size, WIDTH * (n + 1)))]

    def put(name: str, content: bytes) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    mend_tiles(folder, size, leaves_of, put)
    whole = tiles(folder)
    for level, n, width in tiles_between(0, size):
        assert len(whole[folder / tile_path(level, n, width)]) == 32 * width
    assert whole[folder / tile_path(0, 0, min(size, WIDTH))][:32] == leaf_hash(bytes(64))
    lost = data.draw(st.lists(st.sampled_from(sorted(whole)), min_size=1, max_size=9, unique=True))
    for path in lost:
        path.unlink()
    mend_tiles(folder, size, leaves_of, put)
    assert tiles(folder) == whole
