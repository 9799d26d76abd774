"""The chain of the route journal."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.identity import KeyRing, RingKey, SigningKey
from accord.routes import CHAIN_START, route_record_hash, sign_route, verify_route

KEY = SigningKey.from_seed(bytes(range(32)))
ENTRY = RingKey("directory", frozenset({"routes"}), KEY.key_id, KEY.public, 0, 2**40)
RING = KeyRing([ENTRY])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_a_record_proves_its_place_and_its_bytes(previous: bytes, delta: bytes) -> None:
    signature = sign_route(KEY, previous, delta)
    assert verify_route(RING, KEY.key_id, previous, delta, signature)
    other = bytes([previous[0] ^ 1]) + previous[1:]
    assert not verify_route(RING, KEY.key_id, other, delta, signature)
    assert not verify_route(RING, KEY.key_id, previous, delta + b"\0", signature)
    assert not verify_route(RING, KEY.key_id, previous, delta, bytes(64))


def test_the_hash_is_sha_256_over_predecessor_delta_and_signature() -> None:
    signature = sign_route(KEY, CHAIN_START, b"delta")
    expected = hashlib.sha256(bytes(32) + b"delta" + signature).digest()
    assert route_record_hash(CHAIN_START, b"delta", signature) == expected


def test_only_a_living_key_for_routes_proves_anything() -> None:
    signature = sign_route(KEY, CHAIN_START, b"delta")
    for entry in (
        replace(ENTRY, state="withdrawn"),
        replace(ENTRY, purposes=frozenset({"bundle"})),
    ):
        assert not verify_route(KeyRing([entry]), KEY.key_id, CHAIN_START, b"delta", signature)
    assert not verify_route(RING, "0" * 16, CHAIN_START, b"delta", signature)
    assert not verify_route(RING, KEY.key_id, b"short", b"delta", signature)
    assert verify_route(
        KeyRing([replace(ENTRY, state="verify_only")]), KEY.key_id, CHAIN_START, b"delta", signature
    )


def test_parts_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        route_record_hash(b"short", b"delta", bytes(64))
    with pytest.raises(ValueError, match="64 bytes"):
        route_record_hash(CHAIN_START, b"delta", b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        sign_route(KEY, b"", b"delta")
