"""Every crossing stands in two books that an auditor can verify offline; without its book a cell lets nothing
cross, and its own people chat on.
"""

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy import verify_ledger
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.waiting import until

CELLS = ("de-fra", "us-iad")


def search(demo: RunningDemo, word: str = "plan") -> dict[str, dict[str, Any]]:
    """A search by the visitor in globex; states by cell."""
    with Plain(demo.edge("iad"), demo.visitor()[1]["token"]) as plain:
        return {row["cell"]: row for row in plain.done("ext.search", query=word)["cells"]}


@pytest.fixture
def booked(permitted: RunningDemo) -> RunningDemo:
    """The federation after a search that crossed and was answered."""

    def answered() -> bool:
        return search(permitted)["de-fra"]["state"] in ("complete", "partial", "empty")

    until(answered, 30, "the German cell answers", every_s=0.5)
    return permitted


@pytest.fixture
def copies(booked: RunningDemo, tmp_path: Path) -> Path:
    """The books and keys of the federation, as an auditor is handed them."""
    for cell in CELLS:
        source = Path(booked.cell(cell)["data_dir"]) / "ledger"
        shutil.copytree(source, tmp_path / "cells" / cell / "data" / "ledger")
    shutil.copyfile(booked.data_dir / "ledger-keys.json", tmp_path / "ledger-keys.json")
    return tmp_path


def verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit status and answer of the verifier."""
    status = verify_ledger.main(["verify", "--data", str(folder), "--json"])
    return status, json.loads(capsys.readouterr().out)


def flip(path: Path, place: int) -> None:
    """Change one bit of one byte."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def test_the_books_of_a_running_federation_verify(booked: RunningDemo) -> None:
    said = booked.companion("ledger", "verify")
    assert said["ok"] is True
    assert said["findings"] == []
    assert said["pairs"] >= 2, "both legs of the search are in both books"
    assert {book["name"] for book in said["books"]} == set(CELLS)
    assert all(book["entries"] == book["checkpoint"] for book in said["books"])


@pytest.mark.parametrize("cell", CELLS)
def test_a_flipped_byte_of_any_entry_is_named_with_its_entry(
    copies: Path, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    assert verified(copies, capsys)[0] == 0
    book = copies / "cells" / cell / "data" / "ledger" / "book" / "000000.jsonl"
    begin = 0
    for number, line in enumerate(book.read_bytes().splitlines(keepends=True)):
        if number < 8:
            place = begin + len(line) // 2
            flip(book, place)
            status, said = verified(copies, capsys)
            assert status == 1
            assert (cell, number) in {(found["book"], found["entry"]) for found in said["findings"]}
            flip(book, place)
        begin += len(line)
    assert verified(copies, capsys)[0] == 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["checkpoint", "tile/0/**/*", "tile/entries/**/*"])
def test_a_flipped_byte_of_any_other_file_is_found(
    copies: Path, capsys: pytest.CaptureFixture[str], cell: str, kind: str
) -> None:
    folder = copies / "cells" / cell / "data" / "ledger"
    files = [path for path in folder.glob(kind) if path.is_file()]
    # Tiles of an earlier size are left behind; those of the checkpoint are the widest.
    path = max(files, key=lambda file: file.stat().st_size)
    for place in {0, path.stat().st_size // 2, path.stat().st_size - 1}:
        flip(path, place)
        status, said = verified(copies, capsys)
        assert status == 1, f"{kind} at {place}"
        assert {found["book"] for found in said["findings"]} == {cell}
        if kind != "checkpoint":
            assert all(isinstance(found["entry"], int) for found in said["findings"])
        flip(path, place)
    assert verified(copies, capsys)[0] == 0


def test_an_entry_that_one_book_lacks_is_named_in_the_other(
    copies: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The German book is lost: every leg lacks its other side, an hour later."""
    shutil.rmtree(copies / "cells" / "de-fra" / "data" / "ledger" / "book")
    status, said = verified(copies, capsys)
    assert status == 1
    assert ("de-fra", "tree") in {(found["book"], found["check"]) for found in said["findings"]}
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 3_600)
    _, said = verified(copies, capsys)
    pairing = [found for found in said["findings"] if found["check"] == "pairing"]
    assert pairing
    assert {found["book"] for found in pairing} == {"us-iad"}


@contextmanager
def broken(demo: RunningDemo, cell: str) -> Iterator[Path]:
    """A cell that was started on a book with one changed byte; afterwards on the true book again."""
    book = Path(demo.cell(cell)["data_dir"]) / "ledger" / "book" / "000000.jsonl"
    demo.companion("kill", cell)
    flip(book, 40)
    demo.companion("start", cell)
    try:
        yield book
    finally:
        demo.companion("kill", cell)
        flip(book, 40)
        demo.companion("start", cell)


@pytest.mark.parametrize("cell", CELLS)
def test_with_a_broken_book_nothing_crosses_and_local_chat_goes_on(booked: RunningDemo, cell: str) -> None:
    workspace = {"de-fra": "acme", "us-iad": "globex"}[cell]
    edge = booked.edge(cell.partition("-")[2])
    person, channel = booked.person(workspace), booked.workspace(workspace)["channels"]["general"]
    word = "zq" + uuid.uuid4().hex[:16]
    with broken(booked, cell) as book:
        before = book.read_bytes()
        with Plain(edge, person["token"]) as plain:
            until(lambda: plain.call("auth.test").status == 200, 60, "the edge reaches the cell", every_s=0.5)
            ts = plain.done("chat.postMessage", channel=channel, text=f"the {word} plan")["ts"]
            read = plain.done("conversations.history", channel=channel, limit=1)["messages"]
            assert [message["ts"] for message in read] == [ts]
            found = until(
                lambda: plain.done("search.messages", query=word)["messages"]["matches"], 15, "indexed"
            )
            assert [match["ts"] for match in found] == [ts]
        for _ in range(3):
            states = search(booked, word)
            assert states["de-fra"]["state"] == "unavailable"
            assert states["us-iad"]["state"] in ("complete", "empty")
        assert book.read_bytes() == before, "nothing is added to a book that does not hold"
    until(
        lambda: search(booked, word)["de-fra"]["state"] in ("complete", "empty"),
        30,
        "searches cross again",
        every_s=0.5,
    )
    assert booked.companion("ledger", "verify", check=False)["findings"] == []
