"""Tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import InvalidError
from accord.ledger import inclusion_proof, leaf_hash, reader, root_at, verify_inclusion
from accord.tiles import (
    entries_path,
    entry_bundle,
    parse_entry_bundle,
    tile_bytes,
    tile_path,
    tile_reader,
    tiles_between,
)

HASHES = [leaf_hash(n.to_bytes(2, "big")) for n in range(700)]


def test_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 5) == "tile/1/000.p/5"
    assert entries_path(273, 112) == "tile/entries/273.p/112"
    with pytest.raises(ValueError, match="256"):
        tile_path(0, 0, 257)


@pytest.mark.parametrize("steps", [(1,), (255, 256, 257), (256, 512), (3, 700), (10, 300, 513)])
def test_a_tree_is_read_back_from_its_tiles(steps: tuple[int, ...]) -> None:
    files: dict[str, bytes] = {}
    old = 0
    for new in steps:
        for level, n, width in tiles_between(old, new):
            files[tile_path(level, n, width)] = tile_bytes(level, n, width, reader(HASHES[:new]))
        old = new
        hash_at = tile_reader(files.__getitem__, new)
        root = root_at(new, reader(HASHES[:new]))
        assert root_at(new, hash_at) == root
        assert verify_inclusion(
            HASHES[new // 2], new // 2, new, inclusion_proof(new // 2, new, hash_at), root
        )


def test_only_what_changed_is_written() -> None:
    assert list(tiles_between(256, 256)) == []
    assert list(tiles_between(255, 257)) == [(0, 0, 256), (0, 1, 1), (1, 0, 1)]


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(InvalidError):
        tile_reader(lambda path: b"x" * 31, 1)(0, 0)
    with pytest.raises(InvalidError):
        tile_reader(lambda path: b"x" * 32, 1)(0, 1)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.binary(max_size=5))
@settings(max_examples=50)
def test_bundles_are_read_back_and_hold_nothing_else(entries: list[bytes], more: bytes) -> None:
    data = entry_bundle(entries)
    assert parse_entry_bundle(data, len(entries)) == entries
    for broken in (data + b"\0" + more, data[:-1]):
        with pytest.raises(InvalidError):
            parse_entry_bundle(broken, len(entries))
