"""Sealing of events and short content with the resident's data key, in this process.

Bytes
    event:   nonce (12) + AES-256-GCM(payload; "colink/event/v2" 0x00 resident 0x00 sequence, epoch, schema,
    time (8 bytes each) kind 0x00 principal) content: key id (8) + nonce (12) + AES-256-GCM(JSON;
    "colink/content/v1" 0x00 resident 0x00 view 0x00 key as JSON) payload: JSON with sorted keys and no
    blanks, with 16 random bytes `salt` in hexadecimal digits among its members

Invariants
    1. Sealed bytes open in their own place only; anywhere else, and under another epoch, schema, time or
       principal, they raise IntegrityError.
    2. The commitment is SHA-256 of the payload, salt included: it proves the payload and gives nothing away.
    3. After a resident's log has named another current key, nothing is sealed before that one was looked up.
    4. A nonce is random and used once: a data key seals fewer than 2^32 values (a resident's log is far
       smaller).
"""

import hashlib
import os
import struct
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accord.errors import InvalidError, KeyUnavailableError
from regional_cell.adapters.local.keys import KEY_BYTES, NONCE_BYTES, CellKeys
from regional_cell.domain.changes import Key
from regional_cell.domain.errors import IntegrityError
from regional_cell.domain.events import Event, SealedEvent

SALT = "salt"
SALT_BYTES = 16
KEY_ID_BYTES = 8
OPENED_MAX = 4_096
ROTATED = "KeyRotated"

_EVENT = b"colink/event/v2\0"
_CONTENT = b"colink/content/v1\0"
_sha256 = hashlib.sha256
_numbers = struct.Struct(">4q").pack


class _DataKey:
    __slots__ = ("aead", "event_place", "key_id", "raw")

    def __init__(self, resident: str, key_id: str, raw: bytes) -> None:
        self.key_id = key_id
        self.raw = raw
        self.aead = AESGCM(raw)
        self.event_place = _EVENT + resident.encode() + b"\0"


class LocalSealer:
    """Holds unwrapped data keys: about 300 bytes for each resident in use since the process started.

    Args:
        keys: wraps data keys with the cell's key.
        random: gives n random bytes.
        find: (id, wrapped key) of a stored key of a resident, of the current one without an id.
    """

    def __init__(
        self,
        keys: CellKeys,
        random: Callable[[int], bytes] = os.urandom,
        find: Callable[[str, str | None], tuple[str, bytes] | None] = lambda resident, key_id: None,
    ) -> None:
        self._keys = keys
        self._random = random
        self._find = find
        self._current: dict[str, _DataKey] = {}
        self._all: dict[tuple[str, str], _DataKey] = {}
        # What was opened last, by place, with the very entry: another at that place is opened anew.
        self._opened: dict[tuple[str, int], tuple[SealedEvent, dict[str, Any]]] = {}

    def new_key(self, resident: str) -> tuple[str, bytes]:
        """Draw a data key, hold it as the current one; gives (key id, wrapped key)."""
        key_id, wrapped = self.draw(resident)
        self.admit(resident, key_id, wrapped)
        return key_id, wrapped

    def draw(self, resident: str) -> tuple[str, bytes]:
        """As `ports.keys.DataKeySource.draw`."""
        key_id, raw = self._random(KEY_ID_BYTES).hex(), self._random(KEY_BYTES)
        return key_id, self._keys.wrap(resident, key_id, raw)

    def forget(self, resident: str) -> None:
        """As `ports.keys.DataKeySource.forget`."""
        self._current.pop(resident, None)

    def admit(self, resident: str, key_id: str, wrapped: bytes, *, current: bool = True) -> None:
        """Unwrap and hold a stored key. Raises IntegrityError."""
        if (resident, key_id) not in self._all:
            raw = self._keys.unwrap(resident, key_id, wrapped)
            self._hold(resident, _DataKey(resident, key_id, raw), current=current)
        elif current:
            self._current[resident] = self._all[resident, key_id]

    def holds(self, resident: str) -> bool:
        """Whether the resident's current key is here."""
        return resident in self._current

    def seal_event(self, event: Event) -> SealedEvent:
        """Add a salt, encode, seal for this place, commit. Raises InvalidError for a payload that is no
        JSON.
        """
        key = self._key(event.resident)
        random = self._random(NONCE_BYTES + SALT_BYTES)
        nonce = random[:NONCE_BYTES]
        if SALT in event.payload:
            raise InvalidError(field="payload", why="has a member named salt")
        payload = _encode({**event.payload, SALT: random[NONCE_BYTES:].hex()})
        place = _event_place(key, event)
        return SealedEvent(
            event.resident, event.sequence, event.epoch, event.kind, event.schema, event.at_us,
            event.principal, key.key_id, nonce + key.aead.encrypt(nonce, payload, place),
            _sha256(payload).digest(), event.topics,
        )  # fmt: skip

    def open_event(self, sealed: SealedEvent) -> Event:
        """The event. Raises IntegrityError for swapped, changed or redacted bytes; KeyUnavailableError."""
        resident, sequence = sealed.resident, sealed.sequence
        if sealed.sealed is None:
            raise IntegrityError(thing="event", resident=resident, sequence=sequence, why="redacted")
        key, kept = self._key(resident, sealed.key_id), self._opened.get((resident, sequence))
        if kept is not None and kept[0] == sealed:
            return _event(sealed, kept[1])
        try:
            payload = key.aead.decrypt(
                sealed.sealed[:NONCE_BYTES],
                sealed.sealed[NONCE_BYTES:],
                _event_place(key, sealed),
            )
        except (InvalidTag, ValueError, struct.error):
            raise IntegrityError(thing="event", resident=resident, sequence=sequence) from None
        if _sha256(payload).digest() != sealed.commitment:
            raise IntegrityError(thing="commitment", resident=resident, sequence=sequence)
        members: dict[str, Any] = orjson.loads(payload)
        members.pop(SALT, None)
        if len(self._opened) >= OPENED_MAX:
            self._opened.pop(next(iter(self._opened)), None)
        self._opened[resident, sequence] = sealed, members
        if sealed.kind == ROTATED:
            self.forget(resident)
        return _event(sealed, members)

    def seal_content(self, resident: str, view: str, key: Key, content: Mapping[str, Any]) -> bytes:
        """Seal the content of one row."""
        data_key = self._key(resident)
        nonce = self._random(NONCE_BYTES)
        sealed = data_key.aead.encrypt(nonce, _encode(dict(content)), _content_place(resident, view, key))
        return bytes.fromhex(data_key.key_id) + nonce + sealed

    def open_content(self, resident: str, view: str, key: Key, sealed: bytes) -> dict[str, Any]:
        """The content of one row. Raises IntegrityError; KeyUnavailableError."""
        start, end = KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES
        data_key = self._key(resident, sealed[:start].hex())
        try:
            content = data_key.aead.decrypt(
                sealed[start:end], sealed[end:], _content_place(resident, view, key)
            )
        except (InvalidTag, ValueError):
            raise IntegrityError(thing="content", resident=resident, view=view) from None
        members: dict[str, Any] = orjson.loads(content)
        return members

    def derive(self, resident: str, purpose: str, key_id: str | None = None) -> tuple[str, bytes]:
        """(id of the data key, 32 bytes derived from it for one purpose), for the stores of this room
        alone.
        """
        data_key = self._key(resident, key_id)
        info = b"colink/derive/v1\0" + resident.encode() + b"\0" + purpose.encode()
        return data_key.key_id, HKDF(hashes.SHA256(), KEY_BYTES, None, info).derive(data_key.raw)

    def _hold(self, resident: str, key: _DataKey, *, current: bool) -> None:
        self._all[resident, key.key_id] = key
        if current:
            self._current[resident] = key

    def _key(self, resident: str, key_id: str | None = None) -> _DataKey:
        key = self._current.get(resident)
        if key is None or (key_id is not None and key.key_id != key_id):
            key = self._all.get((resident, key_id)) if key_id is not None else None
        return key or self._stored(resident, key_id)

    def _stored(self, resident: str, key_id: str | None) -> _DataKey:
        """A key that another process drew. Raises KeyUnavailableError, IntegrityError."""
        found = self._find(resident, key_id)
        if found is None:
            raise KeyUnavailableError(resident=resident)
        self.admit(resident, *found, current=key_id is None)
        return self._all[resident, found[0]]


def _event(sealed: SealedEvent, members: dict[str, Any]) -> Event:
    return Event(
        sealed.resident, sealed.sequence, sealed.epoch, sealed.kind, sealed.schema, sealed.at_us,
        sealed.principal, members, sealed.topics,
    )  # fmt: skip


def _encode(members: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise InvalidError(field="payload", why="no JSON") from None


def _event_place(key: _DataKey, event: Event | SealedEvent) -> bytes:
    numbers = _numbers(event.sequence, event.epoch, event.schema, event.at_us)
    return b"%b%b%b\0%b" % (key.event_place, numbers, event.kind.encode(), event.principal.encode())


def _content_place(resident: str, view: str, key: Key) -> bytes:
    return _CONTENT + resident.encode() + b"\0" + view.encode() + b"\0" + orjson.dumps(key)
