"""Wrapping of residents' data keys with the cell's own key, which settings read from the secrets folder.

Invariants
    1. A key of another length than 32 bytes is refused; nothing is made up.
    2. A wrapped key opens only as the key of the same resident under the same id.
"""

import os
from collections.abc import Callable
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
        key: 32 bytes, known to this cell alone.
    """

    def __init__(self, key: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        if len(key) != KEY_BYTES:
            raise KeyUnavailableError(key="cell", why="wrong length")
        self._aead = AESGCM(key)
        self._random = random

    def wrap(self, resident: str, key_id: str, data_key: bytes) -> bytes:
        """Nonce (12 bytes) and AES-256-GCM of the data key, bound to resident and key id."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, data_key, _place(resident, key_id))

    def unwrap(self, resident: str, key_id: str, wrapped: bytes) -> bytes:
        """The inverse of `wrap`. Raises IntegrityError for bytes wrapped elsewhere or for another place."""
        try:
            return self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _place(resident, key_id))
        except (InvalidTag, ValueError):
            raise IntegrityError(thing="data_key", resident=resident, key=key_id) from None


def sync_folder(folder: Path) -> None:
    """Make names created in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(resident: str, key_id: str) -> bytes:
    return b"colink/wrap/v1\0" + resident.encode() + b"\0" + key_id.encode()
