"""File bytes in a folder for each resident, sealed in chunks, named by a keyed hash.

Bytes
    file:  "colinkf1" + key id (8) + nonce prefix (7) + chunks
    chunk: AES-256-GCM of at most 256 KiB; nonce = prefix + index (4) + last (1);
           associated data "colink/file/v1" 0x00 resident 0x00 object key

Invariants
    1. A file is seen under its name only when all its bytes were synced; a write that ends early leaves
       nothing.
    2. A chunk opens at its own index of its own file only, and the last one says that it is: cut, swapped or
       appended bytes raise IntegrityError.
    3. Names tell nothing: they are hashes under a key of the resident, and no file is shared between
       residents.
"""

import asyncio
import errno
import hashlib
import hmac
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord.errors import InvalidError, NotFoundError, NotReadyError, StorageFullError
from accord.ids import check_id
from regional_cell.adapters.local.keys import sync_folder
from regional_cell.adapters.local.sealer import KEY_ID_BYTES, LocalSealer
from regional_cell.domain.errors import IntegrityError

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
TAG_BYTES = 16
PREFIX_BYTES = 7
MAGIC = b"colinkf1"
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + PREFIX_BYTES
NAME_BYTES = 20
PARTIAL = ".partial"
_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalFiles:
    """`ports.FileStore` in `root`.

    Args:
        sealer: holds the resident's key, since whoever comes here read the resident's log first.
        threads: how many reads and writes may block at once.
    """

    def __init__(
        self, root: Path, sealer: LocalSealer, random: Callable[[int], bytes] = os.urandom, threads: int = 2
    ) -> None:
        self._root = root
        self._sealer = sealer
        self._random = random
        self._threads = ThreadPoolExecutor(threads, "files")
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def clean(self, before_s: float) -> int:
        """Remove what writes that ended early left behind, last written before `before_s` (unix seconds).

        Other processes may be writing: the bound is older than an upload may last. Gives how many; blocks.
        """
        partial = [path for path in self._root.glob(f"*/*{PARTIAL}") if path.stat().st_mtime < before_s]
        for path in partial:
            path.unlink()
        return len(partial)

    def close(self) -> None:
        """Finish what runs."""
        self._threads.shutdown()

    async def write(
        self, resident: str, file: str, chunks: AsyncIterator[bytes], length: int
    ) -> tuple[str, bytes]:
        """As `ports.FileStore.write`."""
        object_key = self._name(resident, file)
        target = self._folder(resident) / object_key
        draft = await self._run(lambda: _Draft(self._sealer, resident, object_key, target, self._random))
        try:
            taken = 0
            async for piece in chunks:
                taken += len(piece)
                if taken > length:
                    break
                await self._run(partial(draft.add, piece))
            if taken != length:
                raise InvalidError(field="length", why="differs from the bytes sent")
            await self._run(draft.finish)
        except BaseException:
            draft.drop()
            raise
        return object_key, draft.digest()

    async def read(
        self, resident: str, object_key: str, offset: int, length: int | None
    ) -> AsyncIterator[bytes]:
        """As `ports.FileStore.read`."""
        stored = await self._run(
            lambda: _Stored(self._sealer, resident, object_key, self._path(resident, object_key))
        )
        try:
            end = stored.length if length is None else min(stored.length, offset + length)
            position = max(0, offset)
            while position < end or (position == end == 0):
                index, start = divmod(position, CHUNK_BYTES)
                chunk = await self._run(partial(stored.chunk, index))
                piece = chunk[start : start + end - position]
                if not piece:
                    return
                position += len(piece)
                yield piece
        finally:
            stored.close()

    async def purge(self, resident: str, object_key: str) -> None:
        """As `ports.FileStore.purge`."""
        path = self._path(resident, object_key)

        def work() -> None:
            if path.exists():
                path.unlink()
                sync_folder(path.parent)

        await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except FileNotFoundError:
            raise NotFoundError(thing="file") from None
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFullError(store="files") from error
            raise NotReadyError(store="files") from error

    def _folder(self, resident: str) -> Path:
        return self._root / check_id(resident, "T", "E", "P")

    def _path(self, resident: str, object_key: str) -> Path:
        if len(object_key) != 2 * NAME_BYTES or not set(object_key) <= set("0123456789abcdef"):
            raise NotFoundError(thing="file")
        return self._folder(resident) / object_key

    def _name(self, resident: str, file: str) -> str:
        _, key = self._sealer.derive(resident, "file names")
        return hmac.new(key, file.encode(), hashlib.sha256).digest()[:NAME_BYTES].hex()


class _Chunks:
    """Seals and opens the chunks of one file."""

    def __init__(self, key: bytes, prefix: bytes, resident: str, object_key: str) -> None:
        self._aead = AESGCM(key)
        self._prefix = prefix
        self._place = b"colink/file/v1\0" + resident.encode() + b"\0" + object_key.encode()

    def seal(self, index: int, data: bytes, last: bool) -> bytes:
        return self._aead.encrypt(self._nonce(index, last), data, self._place)

    def open(self, index: int, data: bytes, last: bool) -> bytes:
        return self._aead.decrypt(self._nonce(index, last), data, self._place)

    def _nonce(self, index: int, last: bool) -> bytes:
        return self._prefix + index.to_bytes(4, "big") + bytes([last])


class _Draft:
    """A file that is being written, under a name that nobody reads."""

    def __init__(
        self,
        sealer: LocalSealer,
        resident: str,
        object_key: str,
        target: Path,
        random: Callable[[int], bytes],
    ) -> None:
        key_id, key = sealer.derive(resident, "files")
        prefix = random(PREFIX_BYTES)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        self._target = target
        self._path = target.with_name(f"{object_key}.{random(6).hex()}{PARTIAL}")
        self._chunks = _Chunks(key, prefix, resident, object_key)
        self._file = open(self._path, "xb")  # noqa: SIM115 (closed by `finish` or `drop`)
        self._file.write(MAGIC + bytes.fromhex(key_id) + prefix)
        self._pending = bytearray()
        self._index = 0
        self._hash = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Take bytes; whole chunks are sealed and written, the last one stays until `finish`."""
        self._hash.update(piece)
        self._pending += piece
        while len(self._pending) > CHUNK_BYTES:
            self._write(bytes(self._pending[:CHUNK_BYTES]), last=False)
            del self._pending[:CHUNK_BYTES]

    def finish(self) -> None:
        """Write the last chunk, sync, and let the file be seen."""
        self._write(bytes(self._pending), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.rename(self._target)
        sync_folder(self._target.parent)
        sync_folder(self._target.parent.parent)

    def drop(self) -> None:
        """Leave nothing."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def digest(self) -> bytes:
        """SHA-256 of the open bytes."""
        return self._hash.digest()

    def _write(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._chunks.seal(self._index, data, last))
        self._index += 1


class _Stored:
    """A stored file, opened for reading."""

    def __init__(self, sealer: LocalSealer, resident: str, object_key: str, path: Path) -> None:
        self._file: BinaryIO = open(path, "rb")  # noqa: SIM115 (closed by `close`)
        self._resident = resident
        body = path.stat().st_size - HEADER_BYTES
        sealed = CHUNK_BYTES + TAG_BYTES
        self._count = -(-body // sealed)
        self.length = body - self._count * TAG_BYTES
        header = self._file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(MAGIC) or self.length < 0 or self._count < 1:
            self._file.close()
            raise IntegrityError(thing="file", resident=self._resident)
        key_id = header[len(MAGIC) : len(MAGIC) + KEY_ID_BYTES].hex()
        _, key = sealer.derive(resident, "files", key_id)
        self._chunks = _Chunks(key, header[-PREFIX_BYTES:], resident, object_key)

    def chunk(self, index: int) -> bytes:
        """One chunk, opened. Raises IntegrityError."""
        sealed = CHUNK_BYTES + TAG_BYTES
        self._file.seek(HEADER_BYTES + index * sealed)
        try:
            return self._chunks.open(index, self._file.read(sealed), index == self._count - 1)
        except (InvalidTag, ValueError):
            raise IntegrityError(thing="file", resident=self._resident) from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
