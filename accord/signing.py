"""Ed25519 keys and the ring of public ones: who may sign what, and when.

Every signature of ours is over "colink/v1/" + purpose + 0x00 + payload, so that none serves two purposes.

Invariants
    1. A key signs for its own cell and its purposes only, and only within its time.
    2. A withdrawn key proves nothing; a `verify_only` key signs no more and proves what it signed.
    3. A ring is replaced as a whole; a set with a fault in it leaves the old one standing.
    4. Nothing is signed with a key that the ring does not hold as active now: who reads the ring could not
       prove it.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accord.errors import InvalidError, KeyUnavailableError

KeyState = Literal["active", "verify_only", "withdrawn"]
KEY_STATES: tuple[KeyState, ...] = ("active", "verify_only", "withdrawn")
"""A key goes through them in this order."""

_PURPOSE = re.compile(r"[a-z][a-z0-9_.]{0,39}", re.ASCII)


def key_id_of(public: bytes) -> str:
    """First 8 bytes of SHA-256 of the public key, in hex."""
    return hashlib.sha256(public).hexdigest()[:16]


def _message(purpose: str, payload: bytes) -> bytes:
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError("a purpose is a lower-case word")
    return b"colink/v1/" + purpose.encode("ascii") + b"\0" + payload


def verify_signature(public: bytes, purpose: str, payload: bytes, signature: bytes) -> bool:
    """Whether `signature` is the key's over this payload for this purpose."""
    return verify_plain(public, _message(purpose, payload), signature)


def verify_plain(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the key's Ed25519 signature over exactly `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class SigningKey:
    """An Ed25519 private key. Its seed never appears in `repr`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public)

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = os.urandom) -> "SigningKey":
        return cls.from_seed(random(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of a 32-byte seed; another length is a `ValueError`."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def seed(self) -> bytes:
        """The secret itself, for the key file alone."""
        return self._private.private_bytes_raw()

    def sign(self, purpose: str, payload: bytes) -> bytes:
        """64 bytes over "colink/v1/" + purpose + 0x00 + payload."""
        return self._private.sign(_message(purpose, payload))

    def sign_plain(self, message: bytes) -> bytes:
        """64 bytes over `message` as it is: for formats of others, such as signed notes."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"


@dataclass(frozen=True, slots=True)
class RingKey:
    """A public key that a cell (or the directory) signs with.

    Args:
        cell: who signs; purposes: what for, or "*".
        not_before_s, not_after_s: unix seconds between which it may sign; what it signed then is proven for
            as long as the key is in the ring and not withdrawn.
        state: a `verify_only` key signs no more and proves as before.
    """

    cell: str
    purposes: frozenset[str] | Literal["*"]
    key_id: str
    public: bytes
    not_before_s: int
    not_after_s: int
    state: KeyState = "active"

    def may(self, purpose: str) -> bool:
        return self.purposes == "*" or purpose in self.purposes


class KeyRing:
    """The public keys that are known, by key id; replaced as a whole, never edited."""

    def __init__(self, keys: Iterable[RingKey] = ()) -> None:
        self._keys: dict[str, RingKey] = {}
        self.version = 0
        self.replace(keys)

    def replace(self, keys: Iterable[RingKey]) -> None:
        """Take the new set; `version` rises, so that kept proofs are dropped.

        Raises:
            InvalidError: a key id that is not its key's, or one key id twice. The old set stays.
        """
        fresh: dict[str, RingKey] = {}
        for key in keys:
            if key.key_id != key_id_of(key.public) or key.key_id in fresh:
                raise InvalidError(field="key_id", why="not the key's own, or twice", cell=key.cell)
            fresh[key.key_id] = key
        self._keys = fresh
        self.version += 1

    def find(self, key_id: str) -> RingKey | None:
        return self._keys.get(key_id)

    def keys(self) -> tuple[RingKey, ...]:
        return tuple(self._keys.values())


def later_state(held: RingKey | None, told: RingKey) -> RingKey:
    """`told`, unless its state is an earlier one than that of the same key as it is held: a state only goes
    forward.
    """
    if held is None or KEY_STATES.index(told.state) >= KEY_STATES.index(held.state):
        return told
    return held


class SigningKeys:
    """The private keys of one signer, and the ring that says which of them may sign.

    Args:
        keys: in the order of preference; ring: as everybody else has it.
        now_s: unix seconds.
    """

    def __init__(self, keys: Sequence[SigningKey], ring: KeyRing, now_s: Callable[[], int]) -> None:
        self._keys, self._ring, self._now_s = tuple(keys), ring, now_s

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        return self._keys

    def replace(self, keys: Sequence[SigningKey]) -> None:
        """Take other keys; what the old ones signed is proven by the ring."""
        self._keys = tuple(keys)

    def current(self) -> SigningKey:
        """The first key that is active in the ring, within its time. KeyUnavailableError: there is none."""
        now_s = self._now_s()
        for key in self._keys:
            known = self._ring.find(key.key_id)
            if (
                known is not None
                and known.state == "active"
                and known.not_before_s <= now_s <= known.not_after_s
            ):
                return key
        raise KeyUnavailableError(key="signing")
