"""Files: whole or absent, sealed, and opened in their own place only."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from accord.errors import InvalidError, KeyUnavailableError, NotFoundError
from regional_cell.adapters.local.files import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES, LocalFiles
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.domain.errors import IntegrityError
from tests.regional_cell.stores import CELL_KEY, T1, T2

FILE = "F000000000001"
SEALED = CHUNK_BYTES + TAG_BYTES


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LocalFiles]:
    sealer = LocalSealer(CellKeys(CELL_KEY))
    sealer.new_key(T1)
    sealer.new_key(T2)
    made = LocalFiles(tmp_path / "files", sealer)
    yield made
    made.close()


async def pieces(data: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    """The bytes as a client sends them."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(
    files: LocalFiles, key: str, offset: int = 0, length: int | None = None, resident: str = T1
) -> bytes:
    return b"".join([piece async for piece in files.read(resident, key, offset, length)])


def stored(tmp_path: Path) -> list[Path]:
    """Every file below the store."""
    return sorted(path for path in (tmp_path / "files").rglob("*") if path.is_file())


def content(length: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(length))


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 5])
async def test_what_was_written_is_read(files: LocalFiles, length: int) -> None:
    data = content(length)
    key, digest = await files.write(T1, FILE, pieces(data), length)
    assert digest == hashlib.sha256(data).digest()
    assert await read(files, key) == data


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10), (CHUNK_BYTES - 3, 6), (CHUNK_BYTES + 7, None), (10**9, 5), (5, 0)]
)
async def test_a_range_is_read(files: LocalFiles, offset: int, length: int | None) -> None:
    data = content(2 * CHUNK_BYTES + 100)
    key, _ = await files.write(T1, FILE, pieces(data), len(data))
    end = None if length is None else offset + length
    assert await read(files, key, offset, length) == data[offset:end]


@pytest.mark.parametrize("length", [999, 1001])
async def test_another_length_than_promised_leaves_nothing(
    files: LocalFiles, tmp_path: Path, length: int
) -> None:
    with pytest.raises(InvalidError):
        await files.write(T1, FILE, pieces(content(1000)), length)
    assert stored(tmp_path) == []


async def test_a_client_that_breaks_off_leaves_nothing(files: LocalFiles, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 400_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await files.write(T1, FILE, broken(), 500_000)
    assert stored(tmp_path) == []


async def test_what_a_crash_left_is_cleaned(files: LocalFiles, tmp_path: Path) -> None:
    key, _ = await files.write(T1, FILE, pieces(b"whole"), 5)
    partial = tmp_path / "files" / T1 / f"{key}.abc.partial"
    partial.write_bytes(b"half")
    os.utime(partial, (1000, 1000))
    fresh = partial.with_name("def.partial")
    fresh.write_bytes(b"being written")
    assert files.clean(before_s=2000) == 1
    assert fresh.exists()
    assert not partial.exists()
    assert await read(files, key) == b"whole"


async def test_nothing_rests_in_the_open(files: LocalFiles, tmp_path: Path) -> None:
    data = b"a-canary" * 100
    await files.write(T1, FILE, pieces(data), len(data))
    (path,) = stored(tmp_path)
    assert b"a-canary" not in path.read_bytes()
    assert FILE not in str(path)


async def test_residents_share_no_file(files: LocalFiles, tmp_path: Path) -> None:
    keys = [(await files.write(resident, FILE, pieces(b"same"), 4))[0] for resident in (T1, T2)]
    assert keys[0] != keys[1]
    with pytest.raises(NotFoundError):
        await read(files, keys[0], resident=T2)
    one, two = stored(tmp_path)
    two.write_bytes(one.read_bytes())
    with pytest.raises((IntegrityError, KeyUnavailableError)):
        await read(files, two.name, resident=two.parent.name)


def _cut(data: bytes) -> bytes:
    return data[: HEADER_BYTES + SEALED]


def _swap(data: bytes) -> bytes:
    first, second = HEADER_BYTES, HEADER_BYTES + SEALED
    return data[:first] + data[second : second + SEALED] + data[first:second] + data[second + SEALED :]


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _grow(data: bytes) -> bytes:
    return data + data[HEADER_BYTES : HEADER_BYTES + SEALED]


@pytest.mark.parametrize("change", [_cut, _swap, _flip, _grow, lambda data: data[:5], lambda data: b"x" * 50])
async def test_changed_bytes_do_not_open(files: LocalFiles, tmp_path: Path, change: object) -> None:
    data = content(3 * CHUNK_BYTES)
    key, _ = await files.write(T1, FILE, pieces(data), len(data))
    (path,) = stored(tmp_path)
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(IntegrityError):
        await read(files, key)


async def test_a_file_under_another_name_does_not_open(files: LocalFiles, tmp_path: Path) -> None:
    await files.write(T1, FILE, pieces(b"one"), 3)
    other, _ = await files.write(T1, "F000000000002", pieces(b"two"), 3)
    one, two = stored(tmp_path)
    source = one if two.name == other else two
    (tmp_path / "files" / T1 / other).write_bytes(source.read_bytes())
    with pytest.raises(IntegrityError):
        await read(files, other)


async def test_purging_removes_the_bytes(files: LocalFiles, tmp_path: Path) -> None:
    key, _ = await files.write(T1, FILE, pieces(b"gone"), 4)
    await files.purge(T1, key)
    await files.purge(T1, key)
    assert stored(tmp_path) == []
    with pytest.raises(NotFoundError):
        await read(files, key)


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "A" * 40, "0" * 39])
async def test_a_name_that_is_none_of_ours_is_not_found(files: LocalFiles, key: str) -> None:
    with pytest.raises(NotFoundError):
        await read(files, key)
