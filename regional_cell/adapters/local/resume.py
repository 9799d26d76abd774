"""Sealing of resume tokens with a key derived from the cell's wrapping key: readable by this cell's
processes only.
"""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accord.encoding import b64url, unb64url
from accord.errors import InvalidError

NONCE_BYTES = 12
_PLACE = b"colink/resume/v1"


class ResumeSealer:
    """Keeps the promises of `ports.ResumeSeal` with AES-256-GCM and random nonces.

    Args:
        cell_key: 32 bytes, of which the sealing key is derived.
    """

    def __init__(self, cell_key: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._aead = AESGCM(HKDF(hashes.SHA256(), 32, None, _PLACE).derive(cell_key))
        self._random = random

    def seal(self, payload: bytes) -> str:
        """See `ports.ResumeSeal`."""
        nonce = self._random(NONCE_BYTES)
        return b64url(nonce + self._aead.encrypt(nonce, payload, _PLACE))

    def open(self, text: str) -> bytes | None:
        """See `ports.ResumeSeal`."""
        try:
            data = unb64url(text)
            return self._aead.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _PLACE)
        except (InvalidError, InvalidTag, ValueError):
            return None
