"""The hunter finds what is planted, in whatever form, and is silent about what only looks like it."""

import base64
import bz2
import gzip
import hashlib
import hmac
import html
import io
import json
import lzma
import random
import sqlite3
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from accord.blind import blind_index
from tests.support.canaries import (
    Canary,
    Form,
    address,
    forms,
    marked_word,
    near_miss,
    needles,
    number,
    phone,
    word,
)
from tests.support.hunt import Hunter, columns_of

KEY = bytes(range(32))
DICE = random.Random(7)
CORE = word(DICE)
BODY = Canary("message", "message_body", f" Bitte {CORE} prüfen ", CORE)
MAIL_CORE = word(DICE)
MAIL = Canary("email", "contact_identifier", f"{MAIL_CORE}@de.example", MAIL_CORE, "email")
PHONE = phone(DICE)
CALL = Canary("phone", "contact_identifier", PHONE, PHONE[3:], "phone")
MARKED = marked_word(DICE)
NAME = Canary("name", "profile_pii", MARKED, MARKED)
DIGITS = number(DICE)
COUNT = Canary("number", "message_body", f"{DIGITS} Stück", DIGITS)
ADDRESS = address(DICE)
PLACE = Canary("address", "activity_log", ADDRESS, ADDRESS)
ALL = (BODY, MAIL, CALL, NAME, COUNT, PLACE)
HUNTER = Hunter(needles(ALL, [KEY]))

Write = Callable[[Canary], bytes]
WAYS: dict[str, Write] = {
    "plain": lambda c: c.value.encode(),
    "lower": lambda c: c.value.lower().encode(),
    "upper": lambda c: c.value.upper().encode(),
    "utf-16": lambda c: c.value.encode("utf-16-le"),
    "utf-16 big": lambda c: c.value.encode("utf-16-be"),
    "utf-32": lambda c: c.value.encode("utf-32-le"),
    "url": lambda c: urllib.parse.quote_plus(c.value).encode(),
    "url twice": lambda c: urllib.parse.quote(urllib.parse.quote(c.value)).encode(),
    "json": lambda c: json.dumps({"text": c.value}).encode(),
    "html": lambda c: "".join(f"&#{ord(char)};" for char in c.value).encode(),
    "html of an error page": lambda c: html.escape(c.value).encode(),
    "repr": lambda c: repr(c.value.encode()).encode(),
    "base64": lambda c: base64.b64encode(c.value.encode()),
    "base64 at another place": lambda c: base64.b64encode(b"x" + c.value.encode()),
    "base64 at the third place": lambda c: base64.urlsafe_b64encode(b"xy" + c.value.encode()),
    "base32": lambda c: base64.b32encode(b"abc" + c.value.encode()),
    "hex": lambda c: c.value.encode().hex().encode(),
    "HEX": lambda c: c.value.encode().hex().upper().encode(),
    "md5": lambda c: hashlib.md5(c.value.strip().encode(), usedforsecurity=False).digest(),
    "sha1": lambda c: hashlib.sha1(c.value.encode(), usedforsecurity=False).hexdigest().encode(),
    "sha256 of the trimmed text": lambda c: hashlib.sha256(c.value.strip().encode()).digest(),
    "sha256 of the lowered text": lambda c: hashlib.sha256(c.value.strip().lower().encode()).digest()[:8],
    "sha512": lambda c: base64.b64encode(hashlib.sha512(c.value.encode()).digest()),
    "blake2": lambda c: hashlib.blake2b(c.value.encode()).hexdigest()[:16].encode(),
    "keyed hash": lambda c: hmac.digest(KEY, c.value.encode(), "sha256"),
    "keyed hash in hex": lambda c: hmac.digest(KEY, c.value.strip().encode(), "sha256").hex().encode(),
    "gzip": lambda c: gzip.compress(c.value.encode()),
    "zlib": lambda c: zlib.compress(c.value.encode(), 1),
    "bzip2": lambda c: bz2.compress(c.value.encode()),
    "xz": lambda c: lzma.compress(c.value.encode()),
    "zip": lambda c: _zip(c.value.encode()),
    "base64 of gzip": lambda c: base64.b64encode(gzip.compress(c.value.encode())),
    "hex of zlib of utf-16": lambda c: zlib.compress(c.value.encode("utf-16-le")).hex().encode(),
}


def _zip(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", data)
    return made.getvalue()


def found(data: bytes) -> set[str]:
    return {find.label.canary for find in HUNTER.in_bytes(data, "here")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("canary", ALL, ids=lambda canary: canary.name)
@pytest.mark.parametrize("before", [b"", b"before\0\0 "])
def test_every_way_of_writing_every_canary_is_found(way: str, canary: Canary, before: bytes) -> None:
    assert found(before + WAYS[way](canary) + b"\nafter it") == {canary.name}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("canary", ALL, ids=lambda canary: canary.name)
def test_a_near_miss_is_not_found(way: str, canary: Canary) -> None:
    other = near_miss(canary)
    assert other.value != canary.value
    assert found(b"before " + WAYS[way](other) + b" after") == set()


@pytest.mark.parametrize("canary", [MAIL, CALL], ids=lambda canary: canary.name)
def test_a_blind_index_is_found_and_told_apart(canary: Canary) -> None:
    index = blind_index(KEY, canary.attribute, canary.value)
    labels = HUNTER.labels_in(b"abc" + index)
    assert labels == [Form(canary.name, "blind index")]
    assert labels[0].is_blind_index
    assert not HUNTER.labels_in(blind_index(bytes(32), canary.attribute, canary.value))


def test_a_telephone_number_is_found_as_people_write_it() -> None:
    assert found(f"Tel. 0{PHONE[3:]}".encode()) == {"phone"}


def test_a_number_and_an_address_are_found_packed() -> None:
    assert found(b"\1" + int(DIGITS).to_bytes(8, "big")) == {"number"}
    assert found(b"\1" + forms_named(PLACE, "packed address")) == {"address"}


def forms_named(canary: Canary, name: str) -> bytes:
    return next(needle for needle, form in forms(canary).items() if form.name == name)


def test_a_canary_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / f"{CORE}.txt").write_bytes(b"")
    finds = HUNTER.in_folder(tmp_path)
    assert [(find.place, find.label.canary) for find in finds] == [(f"uploads/{CORE}.txt (name)", "message")]


def test_rows_of_a_database_are_read_wherever_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("CREATE TABLE notes (n INTEGER, body BLOB)")
    long = b"-" * 4000 + BODY.value.encode() + b"-" * 9000
    writer.execute("INSERT INTO notes VALUES (?, ?)", (int(DIGITS), long))
    writer.execute("INSERT INTO notes VALUES (1, ?)", (gzip.compress(MAIL.value.encode()),))
    places = {(find.place, find.label.canary) for find in HUNTER.in_folder(tmp_path)}
    assert {
        ("store.db:notes.n", "number"),
        ("store.db:notes.body", "message"),
        ("store.db:notes.body", "email"),
    } <= places
    assert ("store.db-wal", "message") in places
    writer.close()
    assert set(columns_of(path)) == {"notes.n", "notes.body"}


def test_rows_that_were_deleted_but_not_overwritten_are_found(tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    writer.execute("PRAGMA secure_delete = OFF")
    writer.execute("CREATE TABLE notes (body TEXT)")
    writer.execute("INSERT INTO notes VALUES (?)", (BODY.value,))
    writer.execute("DELETE FROM notes")
    writer.close()
    assert {find.place for find in HUNTER.in_folder(tmp_path)} == {"store.db"}


def test_noise_raises_nothing() -> None:
    dice = random.Random(11)
    assert not HUNTER.in_bytes(dice.randbytes(2_000_000), "noise")
    assert not HUNTER.in_bytes(b"cnry " * 10_000 + b"example" * 1_000, "words")
    assert not HUNTER.in_bytes(b"", "nothing")


def test_a_form_that_is_too_short_to_be_sure_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        Hunter({b"1234567": "short"})
    assert all(len(needle) >= 8 for needle in forms(CALL, [KEY]))


def test_canaries_that_could_be_taken_for_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="in common"):
        needles([BODY, Canary("other", "message_body", CORE, CORE)])
