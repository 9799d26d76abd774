"""The cell's own key, in a file, and the wrapping of residents' data keys with it.

Invariants
    1. A cell without its key does not start: nothing is made up. Only provisioning creates the file, once.
    2. The file can be read by its owner alone; wider permissions are refused.
    3. A wrapped key opens only as the key of the same resident under the same id.
"""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord.errors import ConflictError, KeyUnavailableError
from regional_cell.domain.errors import IntegrityError

KEY_BYTES = 32
NONCE_BYTES = 12
FILE_NAME = "cell.key"


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


def create(folder: Path, random: Callable[[int], bytes] = os.urandom) -> None:
    """Draw the cell's key and sync it to disk; for provisioning. Raises ConflictError when there is one
    already.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(what="cell_key") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(random(KEY_BYTES).hex().encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)


def load(folder: Path) -> CellKeys:
    """The cell's key. Raises KeyUnavailableError when the file is missing, malformed or open to others."""
    path = folder / FILE_NAME
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnavailableError(key="cell", why="file can be read by others")
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise KeyUnavailableError(key="cell", why="no key file; provisioning creates it") from None
    except (OSError, ValueError):
        raise KeyUnavailableError(key="cell", why="key file cannot be read") from None
    return CellKeys(key)


def sync_folder(folder: Path) -> None:
    """Make names created in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(resident: str, key_id: str) -> bytes:
    return b"colink/wrap/v1\0" + resident.encode() + b"\0" + key_id.encode()
