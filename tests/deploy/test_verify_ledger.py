"""The offline verifier: what holds is confirmed, and any change of any byte of a book is found."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from accord.signing import SigningKey
from deploy.verify_ledger import main, signature_holds, verify
from regional_cell.adapters.local.ledger_book import Book
from regional_cell.domain.transfers import Entry

LATE_S = 10_000.0
HERE, THERE = "de-fra", "us-iad"


def line(side: str, phase: str, leg: str = "query", transfer: str = "t-1", **more: object) -> Entry:
    """An entry of a search from us-iad to de-fra."""
    shown: dict[str, object] = {
        "v": 1, "at_us": 1_000_000, "transfer_id": transfer, "leg": leg, "side": side, "phase": phase,
        "op": "process", "classes": ["message_body"], "items": 1, "bytes": 5, "payload_root": "00" * 32,
        "purpose": "search", "bundle_version": 7, "source": {"name": THERE}, "destination": {"name": HERE},
    }  # fmt: skip
    return Entry({**shown, **more}, {"workspace": "T000000000001"})


def write(folder: Path, books: dict[str, list[Entry]]) -> dict[str, str]:
    """Books with these entries; the public keys."""
    keys = {}
    for name, entries in books.items():
        key = SigningKey.from_seed(name.encode().ljust(32, b"."))
        book = Book(folder / name / "data" / "ledger", f"{name}.demo/ledger", key, lambda count: b"s" * count)
        for entry in entries:
            book.append([entry])
        keys[name] = key.public.hex()
    return keys


def agreeing() -> dict[str, list[Entry]]:
    return {
        HERE: [line("credit", "result")],
        THERE: [line("debit", "intent", items=0, bytes=0), line("debit", "result")],
    }


def findings(folder: Path, keys: dict[str, str]) -> list[tuple[str, str, int | None]]:
    books, _, _ = verify([folder / name / "data" / "ledger" for name in sorted(keys)], keys, LATE_S)
    return [(finding.book, finding.check, finding.entry) for book in books for finding in book.findings]


def test_books_that_agree_hold(tmp_path: Path) -> None:
    keys = write(tmp_path, agreeing())
    books, agreed, elsewhere = verify([tmp_path / name / "data" / "ledger" for name in keys], keys, LATE_S)
    assert [book.findings for book in books] == [[], []]
    assert (agreed, elsewhere) == (1, 0)


def test_every_single_changed_byte_is_found(tmp_path: Path) -> None:
    keys = write(tmp_path, agreeing())
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]
    assert len(files) >= 8
    for path in files:
        data = path.read_bytes()
        for place in range(len(data)):
            path.write_bytes(data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :])
            assert findings(tmp_path, keys), f"{path.name} at {place}"
        path.write_bytes(data)
    assert findings(tmp_path, keys) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [],
    ],
)
def test_dropped_reordered_and_added_lines_are_found(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    keys = write(tmp_path, agreeing())
    path = tmp_path / THERE / "data" / "ledger" / "book" / "000000.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert any(book == THERE for book, _, _ in findings(tmp_path, keys))


def test_a_second_history_under_another_key_is_found(tmp_path: Path) -> None:
    keys = write(tmp_path, agreeing())
    shutil.rmtree(tmp_path / HERE)
    fork = Book(
        tmp_path / HERE / "data" / "ledger",
        f"{HERE}.demo/ledger",
        SigningKey.from_seed(b"x" * 32),
        os.urandom,
    )
    fork.append([line("credit", "result")])
    assert (HERE, "signature", None) in findings(tmp_path, keys)


def test_a_missing_checkpoint_and_a_missing_key_are_found(tmp_path: Path) -> None:
    keys = write(tmp_path, agreeing())
    books, _, _ = verify([tmp_path / HERE / "data" / "ledger"], {}, LATE_S)
    assert [finding.check for finding in books[0].findings] == ["signature"]
    (tmp_path / HERE / "data" / "ledger" / "checkpoint").unlink()
    assert (HERE, "signature", None) in findings(tmp_path, keys)


@pytest.mark.parametrize(
    ("books", "found"),
    [
        ({HERE: [], THERE: [line("debit", "intent"), line("debit", "result")]}, (THERE, 1)),
        ({HERE: [line("credit", "result")], THERE: [line("debit", "intent")]}, (HERE, 0)),
        ({HERE: [line("credit", "result", bytes=6)], THERE: agreeing()[THERE]}, (HERE, 0)),
        ({HERE: [line("credit", "result", payload_root="11" * 32)], THERE: agreeing()[THERE]}, (HERE, 0)),
        ({HERE: [line("credit", "result")] * 2, THERE: agreeing()[THERE]}, (HERE, 1)),
        ({HERE: [line("credit", "result")], THERE: [line("debit", "result")]}, (THERE, 0)),
    ],
)
def test_legs_that_do_not_agree_are_found(
    tmp_path: Path, books: dict[str, list[Entry]], found: tuple[str, int]
) -> None:
    keys = write(tmp_path, books)
    assert [(book, entry) for book, check, entry in findings(tmp_path, keys) if check == "pairing"] == [found]


def test_what_was_aborted_needs_no_other_side(tmp_path: Path) -> None:
    entries = [line("debit", "intent"), line("debit", "result"), line("debit", "aborted", why="timed_out")]
    keys = write(tmp_path, {HERE: [], THERE: entries})
    assert findings(tmp_path, keys) == []


def test_the_command_says_how_it_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = write(tmp_path / "cells", agreeing())
    (tmp_path / "ledger-keys.json").write_text(json.dumps(keys))
    assert main(["verify", "--data", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == 1
    book = tmp_path / "cells" / HERE / "data" / "ledger" / "book" / "000000.jsonl"
    book.write_bytes(book.read_bytes().replace(b"search", b"export"))
    assert main(["verify", "--data", str(tmp_path)]) == 1
    assert "entry 0" in capsys.readouterr().out
    assert main(["verify", "--data", str(tmp_path / "nothing")]) == 2


def test_signatures_of_the_published_vectors_hold() -> None:
    """RFC 8032, section 7.1, test 2."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert signature_holds(public, b"\x72", signature)
    assert not signature_holds(public, b"\x73", signature)
    assert not signature_holds(public, b"\x72", signature[:-1])
