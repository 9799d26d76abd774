"""The hunter: looks for byte strings in everything that rests in a folder, packed or not.

It reads files raw (free pages, write-ahead logs and torn tails included), SQLite files by their rows too, and
whatever is packed inside (gzip, zlib, bzip2, xz, zip, base64, hexadecimal), three layers deep.

Invariants
    1. A needle is found wherever its bytes stand in a file, at any offset.
    2. Nothing is changed: databases are copied before they are opened.
"""

import base64
import bz2
import io
import lzma
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

DEPTH_MAX = 3
COPIES_MAX = 4
UNPACKED_BYTES_MAX = 16 * 1024 * 1024
SQLITE = b"SQLite format 3\0"
_WORD = 8
_CHUNK = 4096
_PIECE = 256 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(rb"[0-9a-fA-F]{32,}")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")

Label = TypeVar("Label")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Find(Generic[Label]):
    """A needle that was found.

    Attributes:
        place: file below the folder; for rows `<file>:<table>.<column>`; `(name)` for the file's name itself.
        layers: what it was packed in, outermost first.
    """

    place: str
    label: Label
    layers: tuple[str, ...] = ()


class Hunter(Generic[Label]):
    """Looks for many needles at once, at about 25 MB a second whatever their number.

    Args:
        needles: byte strings of 8 bytes or more, with what to report for each.
    """

    def __init__(self, needles: Mapping[bytes, Label]) -> None:
        self._by_word: dict[int, list[bytes]] = {}
        self._labels = dict(needles)
        for needle in needles:
            if len(needle) < _WORD:
                raise ValueError("a needle has at least 8 bytes")
            self._by_word.setdefault(int.from_bytes(needle[:_WORD], sys.byteorder), []).append(needle)
        self._words = frozenset(self._by_word)
        self._longest = max(map(len, needles), default=0)

    def in_folder(self, folder: Path) -> list[Find[Label]]:
        """Everything below a folder, names of files included."""
        found: list[Find[Label]] = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            found += self.in_file(path, path.relative_to(folder).as_posix())
        return found

    def in_file(self, path: Path, place: str) -> list[Find[Label]]:
        """One file: its name, its bytes, its rows. One that a process has just replaced is gone."""
        found = self.in_bytes(place.encode(), f"{place} (name)")
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return found
        found += self.in_bytes(data, place)
        if data.startswith(SQLITE):
            for column, values in columns_of(path).items():
                found += self.in_bytes(values, f"{place}:{column}")
        return found

    def in_bytes(self, data: bytes, place: str, layers: tuple[str, ...] = ()) -> list[Find[Label]]:
        """Some bytes and what is packed in them."""
        found = [Find(place, label, layers) for label in self.labels_in(data)]
        if len(layers) < DEPTH_MAX:
            for layer, inner in unpacked(data):
                found += self.in_bytes(inner, place, (*layers, layer))
        return found

    def labels_in(self, data: bytes) -> list[Label]:
        """What stands in the bytes as they are, each label once."""
        found: dict[Label, None] = {}
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE + self._longest]
            for needle in self._candidates(piece):
                if needle in piece:
                    found[self._labels[needle]] = None
        return list(found)

    def _candidates(self, piece: bytes) -> Iterator[bytes]:
        """Needles whose first word stands in the piece, at whatever offset."""
        words: set[int] = set()
        whole = memoryview(piece)
        for shift in range(min(_WORD, len(piece))):
            count = (len(piece) - shift) // _WORD
            if count:
                words |= self._words.intersection(whole[shift : shift + count * _WORD].cast("Q"))
        for word in words:
            yield from self._by_word[word]


def columns_of(path: Path) -> dict[str, bytes]:
    """Every column of every table of a SQLite file, `<table>.<column>` to its values, one after the other.

    A number stands in decimal digits. Rows that only the write-ahead log has are read too.
    """
    return _with_copy(path, _columns)


def rows_of(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a query over a copy of a SQLite file."""
    return _with_copy(path, lambda connection: connection.execute(statement, values).fetchall())


def _with_copy(path: Path, work: Callable[[sqlite3.Connection], Value]) -> Value:
    """Read a copy, so that the file of a process is not touched. One torn by a checkpoint is copied again."""
    for left in reversed(range(COPIES_MAX)):
        with tempfile.TemporaryDirectory() as aside:
            copy = Path(aside) / "copy.db"
            for suffix in ("", "-wal"):
                source = Path(f"{path}{suffix}")
                if source.exists():
                    shutil.copyfile(source, f"{copy}{suffix}")
            connection = sqlite3.connect(copy)
            try:
                return work(connection)
            except sqlite3.DatabaseError:
                if not left:
                    raise
            finally:
                connection.close()
        time.sleep(0.2)
    raise AssertionError("unreachable")


def _columns(connection: sqlite3.Connection) -> dict[str, bytes]:
    connection.text_factory = bytes
    found: dict[str, list[bytes]] = {}
    names = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    for name, sql in names:
        table = name.decode()
        if sql and sql.upper().startswith(b"CREATE VIRTUAL"):
            continue  # its rows stand in tables of their own
        rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names come from the schema
        labels = [f"{table}.{column[0]}" for column in rows.description]
        for row in rows:
            for label, value in zip(labels, row, strict=True):
                if value is not None:
                    found.setdefault(label, []).append(value if isinstance(value, bytes) else b"%a" % value)
    return {label: b"\0".join(values) for label, values in found.items()}


def unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What is packed in some bytes, begun at any offset: (how, the bytes)."""
    for place in _places(data, (b"\x1f\x8b\x08",)):
        yield from _inflated("gzip", data, place, 31)
    for place in _places(data, _ZLIB):
        yield from _inflated("zlib", data, place, 15)
    for place in _places(data, (b"BZh",)):
        yield from _decompressed("bzip2", bz2.BZ2Decompressor(), data[place:])
    for place in _places(data, (b"\xfd7zXZ\0",)):
        yield from _decompressed("xz", lzma.LZMADecompressor(), data[place:])
    for place in _places(data, (b"PK\x03\x04",)):
        yield from _zipped(data[place:])
    # Runs are taken together: a log has many, all short.
    yield from _joined("hex", (part for match in _HEX.finditer(data) for part in _from_hex(match[0])))
    yield from _joined("base64", (_from_base64(match[0]) for match in _BASE64.finditer(data)))


def _joined(name: str, parts: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    inner = b"\0".join(parts)
    if inner:
        yield name, inner


def _places(data: bytes, marks: Iterable[bytes]) -> Iterator[int]:
    for mark in marks:
        place = data.find(mark)
        while place >= 0:
            yield place
            place = data.find(mark, place + 1)


def _inflated(name: str, data: bytes, place: int, window: int) -> Iterator[tuple[str, bytes]]:
    """What comes out up to the end or to the first damage: most beginnings are none."""
    inflater, inner = zlib.decompressobj(window), bytearray()
    try:
        while not inflater.eof and place < len(data) and len(inner) < UNPACKED_BYTES_MAX:
            inner += inflater.decompress(data[place : place + _CHUNK])
            place += _CHUNK
    except zlib.error:
        pass
    if inner:
        yield name, bytes(inner)


def _decompressed(
    name: str, how: bz2.BZ2Decompressor | lzma.LZMADecompressor, data: bytes
) -> Iterator[tuple[str, bytes]]:
    try:
        inner = how.decompress(data, UNPACKED_BYTES_MAX)
    except (OSError, EOFError, lzma.LZMAError):
        return
    if inner:
        yield name, inner


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                yield "zip", entry.filename.encode()
                if entry.file_size <= UNPACKED_BYTES_MAX:
                    yield "zip", archive.read(entry)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, OSError):
        return


def _from_hex(run: bytes) -> Iterator[bytes]:
    for start in (0, 1):
        text = run[start : start + (len(run) - start) // 2 * 2]
        yield bytes.fromhex(text.decode())


def _from_base64(run: bytes) -> bytes:
    text = run.rstrip(b"=").translate(_TO_BASE64)
    return base64.b64decode(text[: len(text) - len(text) % 4])
