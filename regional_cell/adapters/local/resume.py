"""Sealing of resume tokens with a key derived from the cell's key in use: readable by this cell's processes
only, and as long as the cell has that key.
"""

import contextlib
import os
from collections.abc import Callable, Sequence

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
        cell_keys: 32 bytes each, of which sealing keys are derived; the first seals, all open.
    """

    def __init__(self, *cell_keys: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self.replace(cell_keys)

    def replace(self, cell_keys: Sequence[bytes]) -> None:
        """Take other keys."""
        self._aeads = [AESGCM(HKDF(hashes.SHA256(), 32, None, _PLACE).derive(key)) for key in cell_keys]

    def seal(self, payload: bytes) -> str:
        """See `ports.ResumeSeal`."""
        nonce = self._random(NONCE_BYTES)
        return b64url(nonce + self._aeads[0].encrypt(nonce, payload, _PLACE))

    def open(self, text: str) -> bytes | None:
        """See `ports.ResumeSeal`."""
        try:
            data = unb64url(text)
        except InvalidError:
            return None
        for aead in self._aeads:
            with contextlib.suppress(InvalidTag, ValueError):
                return aead.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _PLACE)
        return None
