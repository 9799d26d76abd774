"""The book: what was booked stays, what was torn goes, and a contradiction takes no entry."""

import errno
import multiprocessing
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.encoding import parse_canonical, unb64url
from accord.errors import LedgerUnavailableError
from accord.ledger import NoteKey, leaf_data, leaf_hash, open_checkpoint, root_of
from accord.signing import SigningKey
from regional_cell.adapters.local.ledger_book import Book
from regional_cell.domain.transfers import Entry

ORIGIN, KEY = "de-fra.demo/ledger", SigningKey.from_seed(b"k" * 32)


def open_book(folder: Path) -> Book:
    return Book(folder, ORIGIN, KEY, lambda count: b"s" * count)


def entries(count: int, word: str = "x") -> list[Entry]:
    return [Entry({"n": number, "word": word}, {"who": word}) for number in range(count)]


def require_sound(folder: Path, size: int) -> None:
    """The checkpoint signs exactly the lines in the files."""
    lines = b"".join(path.read_bytes() for path in sorted((folder / "book").glob("*.jsonl"))).splitlines()
    assert len(lines) == size
    hashes = []
    for line in lines:
        fields = parse_canonical(line, 1 << 20)
        assert isinstance(fields, dict)
        hashes.append(leaf_hash(leaf_data(fields["open"], fields["sealed"], unb64url(fields["salt"]))))
    note = open_checkpoint((folder / "checkpoint").read_text(), [NoteKey(ORIGIN, KEY.public, "log")])
    assert (note.size, note.root) == (size, root_of(hashes))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 120), st.booleans()), min_size=1, max_size=6))
def test_any_mix_of_appends_and_starts_gives_one_sound_book(steps: list[tuple[int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), 0
        book = open_book(folder)
        for count, again in steps:
            assert book.append(entries(count)) == size
            size += count
            if again:
                book = open_book(folder)
                assert book.size == size
        require_sound(folder, size)


def test_a_crash_between_line_and_checkpoint_loses_nothing(tmp_path: Path) -> None:
    open_book(tmp_path).append(entries(2))
    note = (tmp_path / "checkpoint").read_bytes()
    open_book(tmp_path).append(entries(1))
    (tmp_path / "checkpoint").write_bytes(note)
    assert open_book(tmp_path).size == 3
    require_sound(tmp_path, 3)


def test_a_torn_last_line_is_dropped_and_the_book_goes_on(tmp_path: Path) -> None:
    open_book(tmp_path).append(entries(2))
    path = tmp_path / "book" / "000000.jsonl"
    path.write_bytes(path.read_bytes() + b'{"open":{"n":9')
    book = open_book(tmp_path)
    assert not book.broken
    assert book.append(entries(1)) == 2
    require_sound(tmp_path, 3)


@pytest.mark.parametrize("change", ["line", "cut", "note", "order"])
def test_a_book_that_contradicts_its_checkpoint_takes_no_entry(tmp_path: Path, change: str) -> None:
    open_book(tmp_path).append([*entries(1, "a"), *entries(1, "b")])
    path, note = tmp_path / "book" / "000000.jsonl", tmp_path / "checkpoint"
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    if change == "line":
        path.write_bytes(data.replace(b'"a"', b'"c"'))
    elif change == "cut":
        path.write_bytes(lines[0])
    elif change == "order":
        path.write_bytes(lines[1] + lines[0])
    else:
        note.write_text(note.read_text().replace("\n2\n", "\n1\n"))
    book = open_book(tmp_path)
    assert book.broken
    before = path.read_bytes()
    with pytest.raises(LedgerUnavailableError):
        book.append(entries(1))
    assert path.read_bytes() == before


def test_an_entry_that_has_no_canonical_form_leaves_no_trace(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    with pytest.raises(LedgerUnavailableError):
        book.append([*entries(1), Entry({"share": 0.5}, {})])
    assert book.append(entries(1)) == 0
    require_sound(tmp_path, 1)


def _append_many(folder: str, word: str) -> None:
    book = open_book(Path(folder))
    for _ in range(15):
        book.append(entries(2, word))


def test_two_processes_write_one_book(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_append_many, args=(str(tmp_path), word)) for word in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(40)
        assert worker.exitcode == 0
    require_sound(tmp_path, 60)


class _Failing:
    """Calls of the files' module that run out of room from the n-th sync or replacement on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self._left, self.full = after, True
        monkeypatch.setattr(os, "fsync", self._wrap(os.fsync))
        monkeypatch.setattr(Path, "replace", self._wrap(Path.replace))

    def _wrap(self, real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            self._left -= 1
            if self.full and self._left < 0:
                raise OSError(errno.ENOSPC, "full")
            return real(*arguments)

        return call


@pytest.mark.parametrize("after", range(9))
@pytest.mark.parametrize("size", [3, 254])
def test_a_full_disk_books_nothing_and_is_forgotten_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, after: int
) -> None:
    """Wherever it fails: no entry of a refused append is covered, unless the checkpoint was in place."""
    book = open_book(tmp_path)
    book.append(entries(size))
    disk = _Failing(monkeypatch, after)
    try:
        assert book.append(entries(4, "y")) == size
        size += 4
    except LedgerUnavailableError:
        pass
    with suppress(LedgerUnavailableError):
        book.append(entries(1, "z"))
    started_full = open_book(tmp_path)
    disk.full = False
    if book.broken:
        assert "checkpoint" in book.broken
        size += 4
    else:
        assert book.append(entries(2)) == size
        size += 2
    assert started_full.append(entries(1)) == size
    require_sound(tmp_path, size + 1)
