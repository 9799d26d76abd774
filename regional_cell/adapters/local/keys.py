"""Wrapping of residents' data keys with the cell's own keys, which come from the secrets folder.

Invariants
    1. A key of another length than 32 bytes is refused; nothing is made up.
    2. A wrapped key opens only as the key of the same resident under the same id.
    3. The first of the cell's keys wraps; all of them unwrap.
"""

import contextlib
import hmac
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord.errors import KeyUnavailableError
from regional_cell.domain.errors import IntegrityError

KEY_BYTES = 32
NONCE_BYTES = 12


class CellKeys:
    """Wraps and unwraps data keys.

    Args:
        keys: 32 bytes each, known to this cell alone, the one in use first.
    """

    def __init__(self, *keys: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Take other keys. Raises KeyUnavailableError, and keeps what is there."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise KeyUnavailableError(key="cell", why="wrong length")
        self._aeads = {cell_key_id(key): AESGCM(key) for key in keys}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Ids of the cell's keys, the one in use first."""
        return tuple(self._aeads)

    def wrap(self, resident: str, key_id: str, data_key: bytes) -> bytes:
        """Nonce (12 bytes) and AES-256-GCM of the data key, bound to resident and key id."""
        nonce, aead = self._random(NONCE_BYTES), next(iter(self._aeads.values()))
        return nonce + aead.encrypt(nonce, data_key, _place(resident, key_id))

    def unwrap(self, resident: str, key_id: str, wrapped: bytes) -> bytes:
        """The inverse of `wrap`. Raises IntegrityError for bytes wrapped elsewhere or for another place."""
        return self._open(resident, key_id, wrapped)[1]

    def wrapped_under(self, resident: str, key_id: str, wrapped: bytes) -> str:
        """Id of the cell's key under which it rests. Raises IntegrityError as `unwrap`."""
        return self._open(resident, key_id, wrapped)[0]

    def wrap_again(self, resident: str, key_id: str, wrapped: bytes) -> bytes | None:
        """The same data key under the key in use; None when it rests under that already. Raises
        IntegrityError.
        """
        under, raw = self._open(resident, key_id, wrapped)
        return None if under == self.key_ids[0] else self.wrap(resident, key_id, raw)

    def _open(self, resident: str, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        nonce, sealed, place = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _place(resident, key_id)
        for cell_key, aead in self._aeads.items():
            with contextlib.suppress(InvalidTag, ValueError):
                return cell_key, aead.decrypt(nonce, sealed, place)
        raise IntegrityError(thing="data_key", resident=resident, key=key_id)


def cell_key_id(key: bytes) -> str:
    """Its name for operators, 16 hex digits: nothing of the key can be told from it."""
    return hmac.digest(key, b"colink/cell-key/v1", "sha256")[:8].hex()


def sync_folder(folder: Path) -> None:
    """Make names created in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(resident: str, key_id: str) -> bytes:
    return b"colink/wrap/v1\0" + resident.encode() + b"\0" + key_id.encode()
