"""The ledger's bytes: published vectors, proofs of every small tree, checkpoints."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import InvalidError
from accord.ledger import (
    EMPTY_ROOT,
    NoteKey,
    checkpoint_text,
    consistency_proof,
    cosign,
    inclusion_proof,
    leaf_data,
    leaf_hash,
    new_nodes,
    node_hash,
    open_checkpoint,
    payload_root,
    reader,
    root_at,
    root_of,
    sign_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from accord.signing import SigningKey, verify_plain

# The leaves and roots with which implementations of Certificate Transparency are tested (RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(bytes([n])) for n in range(70)]
KEY = SigningKey.from_seed(bytes(range(32)))
WITNESS = SigningKey.from_seed(bytes([1]) * 32)
ORIGIN = "de-fra.demo/ledger"
LOG_KEY = NoteKey(ORIGIN, KEY.public, "log")
WITNESS_KEY = NoteKey("us-iad.demo/witness", WITNESS.public, "witness")
NOTE = sign_checkpoint(checkpoint_text(ORIGIN, 8, bytes.fromhex(ROOTS[8])), KEY)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_published_for_rfc_6962(size: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert root_of(hashes).hex() == ROOTS[size]
    assert root_at(size, reader(hashes)).hex() == ROOTS[size]


def test_the_published_inclusion_and_consistency_proofs_come_out() -> None:
    hash_at = reader([leaf_hash(leaf) for leaf in LEAVES])
    assert [hash.hex() for hash in inclusion_proof(0, 8, hash_at)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [hash.hex() for hash in consistency_proof(6, 8, hash_at)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_proof_does_not_end_below_the_root() -> None:
    hash_at, root = reader(HASHES[:8]), _naive_root(HASHES[:8])
    assert not verify_inclusion(HASHES[0], 0, 9, inclusion_proof(0, 8, hash_at), root)
    assert not verify_consistency(4, 9, _naive_root(HASHES[:4]), root, consistency_proof(4, 8, hash_at))


def _naive_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    split = max(2**n for n in range(10) if 2**n < len(hashes))
    return node_hash(_naive_root(hashes[:split]), _naive_root(hashes[split:]))


@pytest.mark.parametrize("size", [*range(1, 18), 33, 64, 70])
def test_every_leaf_is_proven_and_no_other(size: int) -> None:
    hashes = HASHES[:size]
    hash_at, root = reader(hashes), _naive_root(hashes)
    assert root_at(size, hash_at) == root
    for index in range(size):
        proof = inclusion_proof(index, size, hash_at)
        assert verify_inclusion(hashes[index], index, size, proof, root)
        assert not verify_inclusion(HASHES[69] if size < 70 else HASHES[0][::-1], index, size, proof, root)
        assert not verify_inclusion(hashes[index], index, size, [*proof, root], root)
        assert not verify_inclusion(hashes[index], size, size, proof, root)
        if proof:
            assert not verify_inclusion(hashes[index], index ^ 1, size, proof, root)
            assert not verify_inclusion(hashes[index], index, size, proof[:-1], root)


@pytest.mark.parametrize("new", [*range(18), 33, 64, 70])
def test_every_beginning_is_proven_and_no_other(new: int) -> None:
    hash_at, new_root = reader(HASHES[:new]), _naive_root(HASHES[:new])
    for old in range(new + 1):
        proof, old_root = consistency_proof(old, new, hash_at), _naive_root(HASHES[:old])
        assert verify_consistency(old, new, old_root, new_root, proof)
        assert not verify_consistency(old, new, old_root[::-1], new_root, proof)
        assert not verify_consistency(old, new, old_root, new_root, [*proof, new_root])
        if 0 < old < new:
            assert not verify_consistency(old, new, old_root, new_root[::-1], proof)
            assert not verify_consistency(old, new, old_root, new_root, proof[:-1])
            assert not verify_consistency(old, new, old_root, new_root, [])


@given(st.integers(0, 9), st.integers(0, 9), st.lists(st.binary(max_size=33), max_size=6))
def test_made_up_proofs_prove_nothing(first: int, second: int, proof: list[bytes]) -> None:
    hash_at, root = reader(HASHES[:9]), _naive_root(HASHES[:9])
    good = inclusion_proof(first, 9, hash_at) if first < 9 else None
    assert verify_inclusion(HASHES[first], first, 9, proof, root) == (proof == good)
    if 0 < first < 9:
        good = consistency_proof(first, 9, hash_at)
        assert verify_consistency(first, 9, _naive_root(HASHES[:first]), root, proof) == (proof == good)
    assert not verify_inclusion(HASHES[0], second + 9, 9, proof, root)


@given(st.integers(1, 70))
def test_appending_adds_the_nodes_that_were_missing(size: int) -> None:
    nodes: dict[tuple[int, int], bytes] = {}
    for index in range(size):
        for level, place, hash in list(new_nodes(index, HASHES[index], lambda *at: nodes[at])):
            assert (level, place) not in nodes
            nodes[level, place] = hash
    assert root_at(size, lambda *at: nodes[at]) == _naive_root(HASHES[:size])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(InvalidError):
        inclusion_proof(index, size, reader(HASHES[:3]))
    with pytest.raises(InvalidError):
        consistency_proof(4, 3, reader(HASHES[:3]))


def test_the_bytes_of_a_leaf_are_fixed() -> None:
    salt = bytes(range(32))
    data = leaf_data({"op": "search", "items": 2}, {"workspace": "T000000000001"}, salt)
    assert data[:32] == hashlib.sha256(b'{"items":2,"op":"search"}').digest()
    assert data[32:] == hashlib.sha256(salt + b'{"workspace":"T000000000001"}').digest()
    assert leaf_hash(data) == hashlib.sha256(b"\x00" + data).digest()
    with pytest.raises(ValueError, match="32"):
        leaf_data({}, {}, b"")


def test_the_bytes_of_a_payload_root_are_fixed() -> None:
    salt = b"s" * 16
    inner = hashlib.sha256(salt + b"message_body\x00C1/1.2\x00" + hashlib.sha256(b"hi").digest()).digest()
    assert payload_root(salt, [("message_body", "C1/1.2", b"hi")]) == hashlib.sha256(b"\x00" + inner).digest()
    assert payload_root(salt, []) == EMPTY_ROOT
    one, two = ("message_body", "1", b"a"), ("message_body", "2", b"b")
    assert payload_root(salt, [one, two]) != payload_root(salt, [two, one])


def test_a_published_signed_note_is_proven() -> None:
    # The example of the signed note format, golang.org/x/mod/sumdb/note.
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    text = "If you think cryptography is the answer to your problem,\n"
    text += "then you don't know what your problem is.\n"
    line = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert NoteKey("PeterNeumann", public, "log").hash == line[:4] == bytes.fromhex("c74f20a3")
    assert verify_plain(public, text.encode(), line[4:])


def test_the_bytes_of_a_checkpoint_are_fixed() -> None:
    body = f"{ORIGIN}\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    line = base64.b64encode(LOG_KEY.hash + KEY.sign_plain(body.encode())).decode()
    assert f"{body}\n\u2014 {ORIGIN} {line}\n" == NOTE
    assert (
        hashlib.sha256(NOTE.encode()).hexdigest()
        == "6b678316a06d28c21637a4f45094742019609a60616ae8f40490aefd195c084f"
    )


def test_the_bytes_of_a_cosignature_are_fixed() -> None:
    body = NOTE.partition("\n\n")[0] + "\n"
    signed = WITNESS.sign_plain(b"cosignature/v1\ntime 1700000000\n" + body.encode())
    line = base64.b64encode(WITNESS_KEY.hash + (1_700_000_000).to_bytes(8, "big") + signed).decode()
    assert cosign(NOTE, WITNESS, WITNESS_KEY.name, 1_700_000_000) == f"\u2014 {WITNESS_KEY.name} {line}\n"


def test_a_checkpoint_names_the_witnesses_that_are_proven() -> None:
    note = NOTE + cosign(NOTE, WITNESS, WITNESS_KEY.name, 1_700_000_000)
    checkpoint = open_checkpoint(note, [LOG_KEY, WITNESS_KEY])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) == (ORIGIN, 8, ROOTS[8])
    assert checkpoint.witnesses == ((WITNESS_KEY.name, 1_700_000_000),)
    assert open_checkpoint(note, [LOG_KEY]).witnesses == ()


def test_a_witness_alone_makes_no_checkpoint() -> None:
    alone = NOTE.partition("\n\n")[0] + "\n\n" + cosign(NOTE, WITNESS, WITNESS_KEY.name, 1)
    with pytest.raises(InvalidError):
        open_checkpoint(alone, [LOG_KEY, WITNESS_KEY])


def test_another_logs_key_signs_no_checkpoint_of_ours() -> None:
    foreign = NoteKey("us-iad.demo/ledger", WITNESS.public, "log")
    note = sign_checkpoint(checkpoint_text(ORIGIN, 8, EMPTY_ROOT), WITNESS, foreign.name)
    with pytest.raises(InvalidError):
        open_checkpoint(note, [LOG_KEY, foreign])


@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_no_changed_checkpoint_is_proven(place: int, char: str) -> None:
    changed = NOTE[:place] + char + NOTE[place + 1 :]
    if changed != NOTE:
        with pytest.raises(InvalidError):
            open_checkpoint(changed, [LOG_KEY, WITNESS_KEY])


@given(st.text(max_size=80), st.integers(0, len(NOTE)))
def test_any_text_is_refused_with_a_declared_error(text: str, cut: int) -> None:
    for hostile in (text, text + "\n\n" + text + "\n", NOTE[:cut] + text + "\n\u2014 x y\n", NOTE * 300):
        with pytest.raises(InvalidError) as refused:
            open_checkpoint(hostile, [LOG_KEY])
        assert refused.value.metadata["field"] == "checkpoint"
