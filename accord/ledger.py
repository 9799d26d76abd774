"""The bytes of the ledger: entries, RFC 6962 tree, proofs, roots over payloads, and signed checkpoints.

Pure functions. The tree is read through `hash_at(level, index)`: the hash of the complete subtree over the
leaves index * 2**level up to (index + 1) * 2**level. Where its bytes rest (C2SP tiles) is `accord.tiles`.

Invariants
    1. Leaf SHA-256(0x00 + data), node SHA-256(0x01 + left + right): no leaf is a node.
    2. Complete subtrees never change, so an append only adds `new_nodes`.
    3. A checkpoint counts only with the log's own signature; a bad signature of a known key spoils the note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from accord.encoding import canonical_json
from accord.errors import InvalidError
from accord.signing import SigningKey, verify_plain

HashAt = Callable[[int, int], bytes]

SALT_BYTES = 32
CHECKPOINT_BYTES_MAX = 16 * 1024
SIZE_MAX = 2**63 - 1
PROOF_HASHES_MAX = 64
EMPTY_ROOT = hashlib.sha256(b"").digest()

_ORIGIN = re.compile(r"[!-*,-~]{1,200}", re.ASCII)  # visible ASCII without "+", as signed notes ask of names
_ED25519, _COSIGNATURE = b"\x01", b"\x04"


# --- entries ------------------------------------------------------------------------------------------


def leaf_data(open: dict[str, object], sealed: dict[str, object], salt: bytes) -> bytes:
    """64 bytes: SHA-256(open) + SHA-256(salt + sealed), both as canonical JSON.

    Raises:
        InvalidError: values without a canonical form. A salt of other than 32 bytes is a `ValueError`.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    sealed_hash = hashlib.sha256(salt + canonical_json(sealed)).digest()
    return hashlib.sha256(canonical_json(open)).digest() + sealed_hash


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 + leaf data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 + left + right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def item_commitment(salt: bytes, data_class: str, item_id: str, payload: bytes) -> bytes:
    """SHA-256(transfer salt + class + 0x00 + item id + 0x00 + SHA-256(payload))."""
    if "\0" in data_class or "\0" in item_id:
        raise InvalidError(field="item", why="NUL in a name")
    names = data_class.encode() + b"\0" + item_id.encode() + b"\0"
    return hashlib.sha256(salt + names + hashlib.sha256(payload).digest()).digest()


def payload_root(salt: bytes, items: Iterable[tuple[str, str, bytes]]) -> bytes:
    """RFC 6962 root over the commitments of (data class, item id, payload), in sending order."""
    return root_of([leaf_hash(item_commitment(salt, *item)) for item in items])


# --- tree ------------------------------------------------------------------------------------------


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; of none: SHA-256 of nothing."""
    stack: list[tuple[int, bytes]] = []
    for hash in hashes:
        level = 0
        while stack and stack[-1][0] == level:
            hash = node_hash(stack.pop()[1], hash)
            level += 1
        stack.append((level, hash))
    return _fold([hash for _, hash in stack])


def root_at(size: int, hash_at: HashAt) -> bytes:
    """Root of the first `size` leaves."""
    return _fold([hash_at(level, index) for level, index in _cover(0, size)])


def new_nodes(index: int, leaf: bytes, hash_at: HashAt) -> Iterator[tuple[int, int, bytes]]:
    """The complete nodes (level, index, hash) that the leaf hash at `index` completes, itself first."""
    level, hash = 0, leaf
    yield level, index, hash
    while index & 1:
        hash = node_hash(hash_at(level, index - 1), hash)
        level, index = level + 1, index >> 1
        yield level, index, hash


def reader(hashes: Sequence[bytes]) -> HashAt:
    """`hash_at` over leaf hashes in memory; computes, keeps nothing."""

    def hash_at(level: int, index: int) -> bytes:
        first, last = index << level, (index + 1) << level
        if not 0 <= first < last <= len(hashes):
            raise InvalidError(field="node", why="outside the tree")
        return root_of(hashes[first:last])

    return hash_at


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """Hashes from the leaf's sibling to the root's child (RFC 6962, 2.1.1).

    Raises:
        InvalidError: no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise InvalidError(field="index", why="not in the tree")
    proof: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            proof.append(_root_between(middle, last, hash_at))
            last = middle
        else:
            proof.append(_root_between(first, middle, hash_at))
            first = middle
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX:
        return False
    node, last, hash = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != 32:
            return False
        if node & 1 or node == last:
            hash = node_hash(sibling, hash)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash = node_hash(hash, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and hash == root


def consistency_proof(old: int, new: int, hash_at: HashAt) -> list[bytes]:
    """Hashes that show the tree of `old` leaves to be the beginning of that of `new` (RFC 6962, 2.1.2).

    Raises:
        InvalidError: `old` is beyond `new`.
    """
    if not 0 <= old <= new:
        raise InvalidError(field="size", why="not a beginning")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    first, last, whole = 0, new, True
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            proof.append(_root_between(middle, last, hash_at))
            last = middle
        else:
            proof.append(_root_between(first, middle, hash_at))
            first, whole = middle, False
    if not whole:
        proof.append(_root_between(first, last, hash_at))
    return proof[::-1]


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `old` leaves is the beginning of that of `new` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX + 1:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path or any(len(hash) != 32 for hash in path):
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first_hash = second_hash = path[0]
    for hash in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first_hash, second_hash = node_hash(hash, first_hash), node_hash(hash, second_hash)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second_hash = node_hash(second_hash, hash)
        node, last = node >> 1, last >> 1
    return last == 0 and first_hash == old_root and second_hash == new_root


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _cover(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Complete subtrees (level, index) that cover the leaves from first to last, left to right."""
    while first < last:
        aligned = (first & -first).bit_length() - 1 if first else SIZE_MAX.bit_length()
        level = min(aligned, (last - first).bit_length() - 1)
        yield level, first >> level
        first += 1 << level


def _root_between(first: int, last: int, hash_at: HashAt) -> bytes:
    return _fold([hash_at(level, index) for level, index in _cover(first, last)])


def _fold(hashes: list[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


# --- checkpoints ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that signs checkpoints, as the log itself or as one of its witnesses."""

    name: str
    public: bytes
    role: Literal["log", "witness"]

    @property
    def hash(self) -> bytes:
        """4 bytes: SHA-256(name + newline + signature type + public key), as C2SP signed notes say."""
        kind = _ED25519 if self.role == "log" else _COSIGNATURE
        return hashlib.sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A proven checkpoint: `witnesses` are (name, unix seconds) of the cosignatures that were proven too."""

    origin: str
    size: int
    root: bytes
    witnesses: tuple[tuple[str, int], ...]
    body: str


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The three signed lines: origin, size in decimal, root in base64; ends in a newline."""
    if not _ORIGIN.fullmatch(origin) or not 0 <= size <= SIZE_MAX or len(root) != 32:
        raise ValueError("not a checkpoint")
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign_checkpoint(text: str, key: SigningKey, name: str | None = None) -> str:
    """The signed note of `checkpoint_text`, by the log itself, whose name is the origin unless given."""
    origin = name or text.partition("\n")[0]
    signature = key.sign_plain(text.encode())
    return f"{text}\n{_signature_line(NoteKey(origin, key.public, 'log'), signature)}"


def cosign(note: str, key: SigningKey, name: str, time_s: int) -> str:
    """The `cosignature/v1` line of a witness, to be appended to the note.

    The witness has proven the note and its consistency with the last one it signed before it calls this.
    """
    signature = key.sign_plain(_cosigned(_split_note(note)[0], time_s))
    return _signature_line(NoteKey(name, key.public, "witness"), time_s.to_bytes(8, "big") + signature)


def open_checkpoint(text: str, keys: Iterable[NoteKey]) -> Checkpoint:
    """Prove a signed note.

    Args:
        keys: of the log (its name must be the origin) and of known witnesses; lines of others are ignored.

    Raises:
        InvalidError: malformed, without the log's signature, or with a bad one of a known key.
    """
    known = {(key.name, key.hash): key for key in keys}
    body, lines = _split_note(text)
    origin, size, root = _parse_body(body)
    signed, witnesses = False, dict[str, int]()
    for name, key_hash, signature in map(_parse_line, lines):
        key = known.get((name, key_hash))
        if key is None:
            continue
        if key.role == "log":
            message, time_s = body.encode(), None
        else:
            time_s = int.from_bytes(signature[:8], "big")
            message, signature = _cosigned(body, time_s), signature[8:]
        if len(signature) != 64 or not verify_plain(key.public, message, signature):
            _bad("signature")
        if time_s is not None:
            witnesses[name] = time_s
        elif name == origin:
            signed = True
    if not signed:
        _bad("not signed by the log")
    return Checkpoint(origin, size, root, tuple(sorted(witnesses.items())), body)


def _signature_line(key: NoteKey, signature: bytes) -> str:
    if not _ORIGIN.fullmatch(key.name):
        raise ValueError("not a name for signed notes")
    return f"\u2014 {key.name} {base64.b64encode(key.hash + signature).decode()}\n"


def _cosigned(body: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def _split_note(text: str) -> tuple[str, list[str]]:
    """Body (ends in a newline) and signature lines."""
    if len(text) > CHECKPOINT_BYTES_MAX or not text.endswith("\n"):
        _bad("form")
    body, blank, signatures = text.partition("\n\n")
    lines = signatures.split("\n")[:-1]
    if not blank or not lines or len(lines) > 64:
        _bad("form")
    return body + "\n", lines


def _parse_body(body: str) -> tuple[str, int, bytes]:
    parts = body.split("\n")
    if (
        len(parts) != 4
        or not _ORIGIN.fullmatch(parts[0])
        or not re.fullmatch(r"0|[1-9][0-9]{0,18}", parts[1])
    ):
        _bad("form")
    size, root = int(parts[1]), _unbase64(parts[2])
    if size > SIZE_MAX or len(root) != 32:
        _bad("form")
    return parts[0], size, root


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not _ORIGIN.fullmatch(parts[1]):
        _bad("form")
    data = _unbase64(parts[2])
    if len(data) < 5:
        _bad("form")
    return parts[1], data[:4], data[4:]


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        _bad("base64")
    if base64.b64encode(data).decode() != text:
        _bad("base64")
    return data


def _bad(why: str) -> NoReturn:
    raise InvalidError(field="checkpoint", why=why)
