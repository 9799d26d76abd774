"""The chain of the route journal: what the directory signs, and what every reader checks.

    message of a record = previous hash (32 bytes) + delta          signed with purpose `routes`
    hash of a record    = SHA-256(previous hash + delta + signature)

`delta` is the serialised `RouteDelta`, exactly as received. The previous hash of the first record is 32 zero
bytes (`CHAIN_START`); a node that asks with an empty `last_hash` begins there again.

Invariants
    1. A record proves its place: signed under one predecessor, it verifies after no other.
    2. Nothing of a delta is read before its signature is proven.
"""

import hashlib

from accord.identity import KeyRing, SigningKey, verify_signature

CHAIN_START = bytes(32)
HASH_BYTES = 32
PURPOSE = "routes"


def route_record_hash(previous: bytes, delta: bytes, signature: bytes) -> bytes:
    """SHA-256(previous + delta + signature), 32 bytes: the `previous` of the next record.

    `previous` has 32 bytes and `signature` 64; other lengths are a `ValueError`, since the parts would not be
    told apart.
    """
    if len(signature) != 64:
        raise ValueError("a signature has 64 bytes")
    return hashlib.sha256(_message(previous, delta) + signature).digest()


def sign_route(key: SigningKey, previous: bytes, delta: bytes) -> bytes:
    """64 bytes of the directory's `routes` key over previous + delta."""
    return key.sign(PURPOSE, _message(previous, delta))


def verify_route(keys: KeyRing, key_id: str, previous: bytes, delta: bytes, signature: bytes) -> bool:
    """Whether the key that `key_id` names (16 hex) signed this delta behind this predecessor.

    An unknown or withdrawn key, or one that may not sign `routes`, proves nothing.
    """
    key = keys.find(key_id)
    if key is None or key.state == "withdrawn" or not key.may(PURPOSE) or len(previous) != HASH_BYTES:
        return False
    return verify_signature(key.public, PURPOSE, _message(previous, delta), signature)


def _message(previous: bytes, delta: bytes) -> bytes:
    if len(previous) != HASH_BYTES:
        raise ValueError("a record hash has 32 bytes")
    return previous + delta
