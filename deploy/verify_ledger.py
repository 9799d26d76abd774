"""Verify the books of cells offline: `colink ledger verify`. One file, standard library only.

It trusts nothing but the public keys it is given and checks what an auditor would:

    signature   the checkpoint is signed by the cell (Ed25519, C2SP signed note)
    entries     each line is canonical, stands at its sequence, and is what its leaf commits to
    tree        the leaves, in order, have the root that the checkpoint signs (RFC 6962); tiles agree
    pairing     every debit has its credit in the other book, and both say the same

It shares no code with the cell, so that a mistake there cannot hide here.

Exit status: 0 everything holds, 1 something does not (each finding names the book and the entry), 2 refused.
"""

import argparse
import base64
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

TILE = 256
PAIR_S_MAX = 60
AGREE = ("op", "classes", "items", "bytes", "payload_root", "purpose", "bundle_version")


@dataclass(frozen=True)
class Finding:
    """Something that does not hold. `entry` is a sequence, or None where it is about the book as a whole."""

    book: str
    check: str
    entry: int | None
    text: str


@dataclass
class Book:
    """What was read of one book: entries by sequence, and what does not hold."""

    name: str
    size: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def find(self, check: str, entry: int | None, text: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(self.name, check, entry, text))


# --- Ed25519 (RFC 8032, section 5.1.7), for verification only: slow and plain -------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    g, h = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % _P, z * t % _P, y * z % _P, x * t % _P


def _times(scalar: int, point: Point) -> Point:
    made: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            made = _add(made, point)
        point, scalar = _add(point, point), scalar >> 1
    return made


def _point(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    xx = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(xx, (_P + 3) // 8, _P)
    if (x * x - xx) % _P:
        x = x * _I % _P
    if (x * x - xx) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


@lru_cache(maxsize=64)
def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature (64 bytes) of the message is by the key (32 bytes)."""
    if len(public) != 32 or len(signature) != 64 or _BASE is None:
        return False
    key, nonce = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or scalar >= _L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    left, right = _times(scalar, _BASE), _add(nonce, _times(challenge, key))
    same_x = (left[0] * right[2] - right[0] * left[2]) % _P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % _P == 0


# --- one book -------------------------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """Keys sorted, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def name_of(folder: Path) -> str:
    """`de-fra` for `de-fra/ledger`, and for `de-fra/data/ledger` of a demo."""
    cell = folder.parent
    return cell.parent.name if cell.name == "data" else cell.name


def read_book(folder: Path, public: bytes | None) -> Book:
    """Read and check one book by itself. `public` None: no key is known for it, which is a finding."""
    book = Book(name_of(folder))
    root = _check_checkpoint(book, folder, public)
    leaves = [_check_line(book, index, line) for index, line in enumerate(_lines(folder))]
    if len(leaves) < book.size:
        book.find("tree", len(leaves), f"the checkpoint covers {book.size} entries, the book ends here")
    covered = leaves[: book.size]
    hashes = [hashlib.sha256(b"\0" + leaf).digest() for leaf in covered]
    _check_leaf_tiles(book, folder, covered)
    _check_hash_tiles(book, folder, hashes)
    if root is not None and len(covered) == book.size and _root(hashes) != root and not book.findings:
        book.find("tree", None, "the entries do not have the root that the checkpoint signs")
    return book


def _check_checkpoint(book: Book, folder: Path, public: bytes | None) -> bytes | None:
    """Prove the signed note; sets the size. Returns the root, or None when it does not hold."""
    try:
        text = (folder / "checkpoint").read_text(encoding="utf-8")
        body, signatures = text.split("\n\n")
        origin, size, root = body.split("\n")
        book.size = int(size)
        decoded = base64.b64decode(root, validate=True)
        if not signatures.endswith("\n"):
            raise ValueError
        lines = [line.split(" ") for line in signatures[:-1].split("\n")]
    except FileNotFoundError:
        if any((folder / "book").glob("*.jsonl")):
            book.find("signature", None, "there are entries but no checkpoint")
        return None
    except (OSError, UnicodeDecodeError, ValueError):
        book.find("signature", None, "the checkpoint cannot be read")
        return None
    if public is None:
        book.find("signature", None, f"no public key is known for {origin}")
        return None
    key_hash = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    for line in lines:
        try:
            data = base64.b64decode(line[2], validate=True) if line[:2] == ["\u2014", origin] else b""
        except (ValueError, IndexError):
            data = b""
        exact = line[2:] == [base64.b64encode(data).decode()]
        if exact and data[:4] == key_hash and signature_holds(public, (body + "\n").encode(), data[4:]):
            return decoded
    book.find("signature", None, "the checkpoint is not signed by the cell")
    return None


def _lines(folder: Path) -> Iterator[bytes]:
    for file in sorted((folder / "book").glob("*.jsonl")):
        yield from file.read_bytes().splitlines()


def _check_line(book: Book, index: int, line: bytes) -> bytes:
    """Leaf data (64 bytes) of a line; a line that is not an entry is a finding and gives zeros."""
    try:
        fields = json.loads(line)
        shown, sealed, salt = fields["open"], fields["sealed"], fields["salt"]
        raw = base64.urlsafe_b64decode(salt + "=" * (-len(salt) % 4))
        salted = raw + canonical(sealed)
        exact = base64.urlsafe_b64encode(raw).decode().rstrip("=") == salt
        if not exact or canonical(fields) != line or not isinstance(shown, dict):
            book.find("entries", index, "the line is not in canonical form")
        elif shown.get("seq") != index:
            book.find("entries", index, f"the line says it is entry {shown.get('seq')}")
        book.entries.append(shown if isinstance(shown, dict) else {})
        return hashlib.sha256(canonical(shown)).digest() + hashlib.sha256(salted).digest()
    except (ValueError, KeyError, TypeError, RecursionError):
        book.find("entries", index, "the line cannot be read")
        book.entries.append({})
        return bytes(64)


def _tile(folder: Path, level: str, n: int, width: int) -> bytes | None:
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    name = f"tile/{level}/{'/'.join(reversed(groups))}" + ("" if width == TILE else f".p/{width}")
    try:
        return (folder / name).read_bytes()
    except OSError:
        return None


def _tiles(count: int) -> Iterator[tuple[int, int]]:
    for n in range((count + TILE - 1) // TILE):
        yield n, min(TILE, count - n * TILE)


def _check_leaf_tiles(book: Book, folder: Path, leaves: list[bytes]) -> None:
    """What the tree was built over, against what the lines say now: this names a line that was changed."""
    for n, width in _tiles(len(leaves)):
        data = _tile(folder, "entries", n, width)
        if data is None or len(data) != 66 * width:
            last = n * TILE + width - 1
            book.find("tree", n * TILE, f"the leaf data of entries {n * TILE} to {last} are not there")
            continue
        for place in range(width):
            index = n * TILE + place
            if data[66 * place : 66 * place + 66] != b"\0\x40" + leaves[index]:
                book.find("entries", index, "the entry is not what its leaf commits to")


def _check_hash_tiles(book: Book, folder: Path, hashes: list[bytes]) -> None:
    level, row = 0, hashes
    while row:
        for n, width in _tiles(len(row)):
            data = _tile(folder, str(level), n, width)
            for place in range(width):
                index = (n * TILE + place) * TILE**level
                if data is None or data[32 * place : 32 * place + 32] != row[n * TILE + place]:
                    book.find("tree", index, f"the tree has another hash here (level {8 * level})")
                    if data is None:
                        break
        level, row = level + 1, [_root(row[i : i + TILE]) for i in range(0, len(row) - TILE + 1, TILE)]


def _root(hashes: list[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(hashes[:split]) + _root(hashes[split:])).digest()


# --- two books --------------------------------------------------------------------------------------


@dataclass
class Leg:
    """What both books say of one leg of a transfer."""

    debits: list[tuple[Book, int]] = field(default_factory=list)
    credits: list[tuple[Book, int]] = field(default_factory=list)
    intents: list[tuple[Book, int]] = field(default_factory=list)
    aborted: bool = False


def check_pairs(books: list[Book], now_s: float) -> tuple[int, int]:
    """Match debits with credits. Returns (pairs that agree, legs whose other book is not here)."""
    names = {book.name.partition("/")[0] for book in books}
    legs: dict[tuple[str, str], Leg] = {}
    for book in books:
        for index, shown in enumerate(book.entries):
            if shown.get("side") not in ("debit", "credit"):
                continue
            leg = legs.setdefault((str(shown.get("transfer_id")), str(shown.get("leg"))), Leg())
            if shown.get("phase") == "aborted":
                leg.aborted = True
            elif shown.get("phase") == "intent":
                leg.intents.append((book, index))
            else:
                (leg.debits if shown["side"] == "debit" else leg.credits).append((book, index))
    agreed = elsewhere = 0
    for (transfer, name), leg in legs.items():
        if _other_is_absent(leg, names):
            elsewhere += 1
        else:
            agreed += _check_leg(transfer, name, leg, now_s)
    return agreed, elsewhere


def _other_is_absent(leg: Leg, names: set[str]) -> bool:
    for book, index in leg.debits + leg.credits + leg.intents:
        shown = book.entries[index]
        ends = {str(shown.get(end, {}).get("name")) for end in ("source", "destination")}
        if not ends <= names:
            return True
    return False


def _check_leg(transfer: str, name: str, leg: Leg, now_s: float) -> int:
    what = f"transfer {transfer}, leg {name}"
    for entries, side in ((leg.debits, "debit"), (leg.credits, "credit")):
        for book, index in entries[1:]:
            book.find("pairing", index, f"{what}: a second {side}")
    if leg.debits and leg.credits:
        (source, debit), (destination, credit) = leg.debits[0], leg.credits[0]
        if leg.intents == []:
            source.find("pairing", debit, f"{what}: booked without an intent before it")
        differing = [
            key for key in AGREE if source.entries[debit].get(key) != destination.entries[credit].get(key)
        ]
        if differing:
            destination.find(
                "pairing",
                credit,
                f"{what}: differs from entry {debit} of {source.name} in {', '.join(differing)}",
            )
        return 0 if differing else 1
    for book, index in leg.debits + leg.credits or leg.intents:
        late = now_s - book.entries[index].get("at_us", 0) / 1_000_000 > PAIR_S_MAX
        if late and not leg.aborted:
            side = "credit" if leg.debits else "debit"
            book.find("pairing", index, f"{what}: no {side} in the other book after {PAIR_S_MAX} s")
    return 0


# --- command ----------------------------------------------------------------------------------------


def verify(folders: list[Path], keys: dict[str, str], now_s: float) -> tuple[list[Book], int, int]:
    """Check every book and the pairs between them. `keys`: cell name to public key in hex."""
    public = {cell: bytes.fromhex(key) for cell, key in keys.items()}
    books = [read_book(folder, public.get(name_of(folder))) for folder in folders]
    agreed, elsewhere = check_pairs(books, now_s)
    return books, agreed, elsewhere


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="colink ledger", description="Verify the books of cells, offline.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("verify", help="check signatures, entries, trees and pairs of the books")
    check.add_argument("books", nargs="*", type=Path, metavar="BOOK", help="folders: CELL/data/ledger")
    check.add_argument("--data", type=Path, help="data folder of a demo; default: the running one")
    check.add_argument("--keys", type=Path, help="JSON file: cell to public key (DATA/ledger-keys.json)")
    check.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args(arguments)


def _refuse(text: str) -> int:
    sys.stderr.write(f"colink ledger: {text}\n")
    return 2


def main(arguments: list[str]) -> int:
    """Run `ledger verify`. Returns the exit status."""
    given = _arguments(arguments)
    folders, data, keys_file = list(given.books), given.data, given.keys
    if not folders:
        if data is None:
            from deploy.demo import registry  # only an auditor without --data needs the demo's code

            try:
                data = registry.find(None).data_dir
            except registry.NoDemoError as error:
                return _refuse(f"{error}; name the books, or give --data DIR")
        folders = sorted(folder for folder in data.glob("cells/*/data/ledger") if folder.is_dir())
        keys_file = keys_file or data / "ledger-keys.json"
    if not folders or keys_file is None:
        return _refuse("no books found" if not folders else "--keys FILE is needed to prove the checkpoints")
    try:
        keys = json.loads(keys_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _refuse(f"{keys_file} cannot be read")
    books, agreed, elsewhere = verify(folders, keys, time.time())
    findings = [finding for book in books for finding in book.findings]
    if given.json:
        shown = [{"name": book.name, "entries": len(book.entries), "checkpoint": book.size} for book in books]
        told = {"ok": not findings, "pairs": agreed, "elsewhere": elsewhere, "books": shown}
        sys.stdout.write(json.dumps({**told, "findings": [vars(each) for each in findings]}) + "\n")
    else:
        _print(books, agreed, elsewhere, findings)
    return 1 if findings else 0


def _print(books: list[Book], agreed: int, elsewhere: int, findings: list[Finding]) -> None:
    for book in books:
        state = "holds" if not book.findings else f"{len(book.findings)} findings"
        sys.stdout.write(f"{book.name:<12} {len(book.entries):>6} entries, checkpoint {book.size}: {state}\n")
    sys.stdout.write(f"{agreed} legs agree in both books; {elsewhere} with books that are not here\n")
    for finding in findings:
        place = "" if finding.entry is None else f" entry {finding.entry}"
        sys.stdout.write(f"  {finding.book}{place}: {finding.check}: {finding.text}\n")
    sys.stdout.write("verified\n" if not findings else "NOT verified\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
