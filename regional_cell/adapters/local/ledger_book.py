"""The book: a ledger's entries, tree and checkpoint as plain files of one folder.

    book/<n>.jsonl       entries 256 n and up, one canonical JSON object a line: {"open", "salt", "sealed"}
    tile/...             hashes and leaf data as C2SP tiles (`accord.tiles`)
    checkpoint           the newest signed note

Invariants
    1. A line is synced before the checkpoint covers it; tiles and checkpoint can be made again from the
       lines, and the next start makes again what a power cut took of the tiles.
    2. What the newest checkpoint covers never changes; a book that contradicts it is broken and takes no
       entry.
    3. One process writes at a time (file lock); another's lines are read before the next append.

Blocking; not safe for threads. The adapter in `ledger.py` gives it one thread.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from accord.encoding import b64url, canonical_json, parse_canonical, unb64url
from accord.errors import InvalidError, LedgerUnavailableError
from accord.ledger import (
    Checkpoint,
    NoteKey,
    checkpoint_text,
    leaf_data,
    leaf_hash,
    new_nodes,
    open_checkpoint,
    root_at,
    sign_checkpoint,
)
from accord.signing import SigningKey
from accord.tiles import HEIGHT, WIDTH, entries_path, entry_bundle, tile_bytes, tile_path, tiles_between
from regional_cell.adapters.local.keys import sync_folder
from regional_cell.adapters.local.ledger_mending import mend_tiles
from regional_cell.domain.transfers import Entry

LINE_BYTES_MAX = 256 * 1024
SALT_BYTES = 32
CHECKPOINT = "checkpoint"


def book_path(folder: Path, n: int) -> Path:
    """The file of entries 256 n and up."""
    return folder / "book" / f"{n:06d}.jsonl"


class Book:
    """One cell's book. `broken` says why nothing can be appended; empty while all is well."""

    def __init__(self, folder: Path, origin: str, key: SigningKey, random: Callable[[int], bytes]) -> None:
        self.size = 0
        self.broken = ""
        self.note = ""
        self._folder = folder
        self._origin = origin
        self._key = key
        self._random = random
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._leaves: list[bytes] = []
        (folder / "book").mkdir(parents=True, exist_ok=True)
        # A full disk keeps nobody from starting: what could not be written is the next append's to write.
        with suppress(OSError), self._alone():
            self._drop_torn_line()
            self._catch_up()
            if not self.broken:
                mend_tiles(folder, self.size, self._leaves_of, self._put)

    def append(self, entries: Sequence[Entry]) -> int:
        """Write, sync, extend the tree, sign. Gives the sequence of the first entry.

        Raises: LedgerUnavailableError; then no entry of this call is in the book.
        """
        if self.broken:
            raise LedgerUnavailableError(why=self.broken)
        with self._alone():
            try:
                self._catch_up()
                if self.broken:
                    raise LedgerUnavailableError(why=self.broken)
                first = self.size
                lines = [self._line(first + place, entry) for place, entry in enumerate(entries)]
                before = self._write(lines)
            except (OSError, InvalidError) as error:
                raise LedgerUnavailableError(why=type(error).__name__) from error
            try:
                self._extend(data for _, data in lines)
            except OSError as error:
                if not self.broken:
                    self._cut_back(before)
                raise LedgerUnavailableError(why=type(error).__name__) from error
        return first

    def _line(self, index: int, entry: Entry) -> tuple[bytes, bytes]:
        salt = self._random(SALT_BYTES)
        shown: dict[str, Any] = {**entry.open, "seq": index}
        line = canonical_json({"open": shown, "salt": b64url(salt), "sealed": entry.sealed})
        if len(line) > LINE_BYTES_MAX:
            raise InvalidError(field="entry", why="too_long")
        return line, leaf_data(shown, entry.sealed, salt)

    def _write(self, lines: list[tuple[bytes, bytes]]) -> list[tuple[Path, int]]:
        """Append the lines to their files and sync. Gives the lengths before, to which the files are cut
        back on an error.
        """
        index, undo = self.size, list[tuple[Path, int]]()
        try:
            while index < self.size + len(lines):
                n, place = divmod(index, WIDTH)
                chosen = lines[index - self.size : index - self.size + WIDTH - place]
                path = book_path(self._folder, n)
                undo.append((path, path.stat().st_size if path.exists() else 0))
                with path.open("ab") as file:
                    file.write(b"".join(line + b"\n" for line, _ in chosen))
                    file.flush()
                    os.fsync(file.fileno())
                index += len(chosen)
            sync_folder(self._folder / "book")
        except OSError:
            self._cut_back(undo)
            raise
        return undo

    def _cut_back(self, lengths: list[tuple[Path, int]]) -> None:
        for path, length in lengths:
            try:
                os.truncate(path, length)
            except OSError:
                self.broken = "cut back"

    def _extend(self, leaves: Iterable[bytes]) -> None:
        """Take leaf data of lines that are synced into the tree, tile by tile, and sign the new size once all
        tiles are there. On an error the tree is as before, and the book broken where the new size is signed.
        """
        first, nodes, kept = self.size, dict(self._nodes), list(self._leaves)
        try:
            old = first
            for data in leaves:
                self._grow(data)
                if self.size % WIDTH == 0:
                    self._publish(old)
                    old = self.size
            if self.size > old:
                self._publish(old)
            if self.size > first:
                self._sign()
        except OSError as error:
            self.size, self._nodes, self._leaves = first, nodes, kept
            proven = self._proven()
            if proven is not None and proven.size > first:
                # It may not outlast a power cut: whether the lines count is known after the next start.
                self.broken = f"checkpoint: {type(error).__name__}"
            raise

    def _grow(self, data: bytes) -> None:
        for level, index, node in new_nodes(self.size, leaf_hash(data), self._hash_at):
            self._nodes[level, index] = node
        if self.size % WIDTH == 0:
            self._leaves.clear()
            self._forget()
        self._leaves.append(data)
        self.size += 1

    def _publish(self, old: int) -> None:
        """Write the tiles that changed; all new leaves are of one tile."""
        for level, n, width in tiles_between(old, self.size):
            self._put(tile_path(level, n, width), tile_bytes(level, n, width, self._hash_at))
        n, place = divmod(self.size - 1, WIDTH)
        self._put(entries_path(n, place + 1), entry_bundle(self._leaves))

    def _sign(self) -> None:
        root = root_at(self.size, self._hash_at)
        note = sign_checkpoint(checkpoint_text(self._origin, self.size, root), self._key)
        self._put(CHECKPOINT, note.encode(), sync=True)
        self.note = note

    def _put(self, name: str, data: bytes, *, sync: bool = False) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(path.name + ".new")
        with aside.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        aside.replace(path)
        if sync:
            sync_folder(path.parent)
        for narrower in self._narrower(path):
            narrower.unlink()

    @staticmethod
    def _narrower(path: Path) -> list[Path]:
        """Partial tiles that `path` replaces."""
        partial = path.parent if path.parent.suffix == ".p" else path.with_name(path.name + ".p")
        return [file for file in partial.iterdir() if file != path] if partial.is_dir() else []

    def _forget(self) -> None:
        """Keep only the nodes that later ones need: the last of each level, and those of tiles not yet
        full.
        """
        self._nodes = {
            (level, index): node
            for (level, index), node in self._nodes.items()
            if index == (self.size >> level) - 1
            or (level % HEIGHT == 0 and index // WIDTH == (self.size >> level) // WIDTH)
        }

    def _hash_at(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]

    def _catch_up(self) -> None:
        """Take over lines that are in the files but not in memory, as far as the checkpoint bears them
        out.
        """
        proven = self._proven()
        if self.broken or (proven is not None and self.note and proven.size == self.size):
            return
        beyond: list[bytes] = []
        for line in self._lines_from(self.size):
            data = self._read(line)
            if data is None:
                return
            if proven is not None and self.size < proven.size:
                self._grow(data)
            else:
                beyond.append(data)
        if proven is not None:
            if self.size != proven.size or root_at(self.size, self._hash_at) != proven.root:
                self.broken = "the book contradicts its checkpoint"
                return
            self.note = (self._folder / CHECKPOINT).read_text(encoding="utf-8")
        self._extend(beyond)

    def _read(self, line: bytes) -> bytes | None:
        """Leaf data of a line; None once it made the book broken."""
        try:
            fields = parse_canonical(line.removesuffix(b"\n"), LINE_BYTES_MAX)
            if not isinstance(fields, dict):
                raise InvalidError(field="entry", why="form")
            return leaf_data(fields["open"], fields["sealed"], unb64url(fields["salt"]))
        except (InvalidError, KeyError, TypeError, ValueError):
            self.broken = f"an entry after {self.size} cannot be read"
            return None

    def _proven(self) -> Checkpoint | None:
        """The checkpoint on disk; None without one. One that does not hold makes the book broken."""
        try:
            note = (self._folder / CHECKPOINT).read_text(encoding="utf-8")
            return open_checkpoint(note, [NoteKey(self._origin, self._key.public, "log")])
        except FileNotFoundError:
            return None
        except (InvalidError, UnicodeDecodeError):
            self.broken = "the checkpoint does not hold"
            return None

    def _leaves_of(self, n: int) -> list[bytes]:
        data = map(self._read, book_path(self._folder, n).read_bytes().splitlines())
        return [leaf for leaf in data if leaf is not None]

    def _lines_from(self, index: int) -> Iterator[bytes]:
        while (path := book_path(self._folder, index // WIDTH)).exists():
            with path.open("rb") as file:
                lines = file.readlines()[index % WIDTH :]
            yield from lines
            if not lines:
                return
            index += len(lines)

    def _drop_torn_line(self) -> None:
        """Cut off a last line that was never synced in full; nobody was told of it."""
        files = sorted((self._folder / "book").glob("*.jsonl"))
        if files and (data := files[-1].read_bytes()) and not data.endswith(b"\n"):
            os.truncate(files[-1], data.rfind(b"\n") + 1)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / "lock").open("w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
