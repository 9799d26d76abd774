"""Keys that rest in files of the secrets folder, and may be exchanged while a process runs.

A file holds 64 hex digits a line, at most `KEYS_MAX` lines, the key in use first. The others are known: they
open what was sealed under them, or wait for their turn.

Invariants
    1. A file is taken as a whole or not at all: one that is gone, empty or malformed leaves the process with
       what it has.
    2. Nothing of a key is ever logged.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from accord.runtime.logs import get_logger

KEYS_MAX = 8
BYTES_MAX = KEYS_MAX * 65
_KEYS = re.compile(rb"[0-9a-f]{64}(\n[0-9a-f]{64})*")


def parse_keys(data: bytes) -> tuple[bytes, ...]:
    """The keys of a file, 32 bytes each, as they stand. Anything else, and a key twice, is a `ValueError`."""
    text = data.rstrip(b"\n")
    if len(text) > BYTES_MAX or not _KEYS.fullmatch(text):
        raise ValueError(f"not 64 hex digits a line, at most {KEYS_MAX} lines")
    keys = tuple(bytes.fromhex(line.decode("ascii")) for line in text.split(b"\n"))
    if len(keys) > KEYS_MAX or len(set(keys)) < len(keys):
        raise ValueError(f"a key twice, or more than {KEYS_MAX}")
    return keys


def format_keys(keys: Sequence[bytes]) -> bytes:
    """The bytes of a file with these keys."""
    return b"\n".join(key.hex().encode("ascii") for key in keys) + b"\n"


class KeyFile:
    """One file, looked at again and again.

    Args:
        purpose: a word for the log.
        keys: as they were read at the start; renewed: is given all keys whenever they are others.
        count: is told `taken` or `refused` (purpose, outcome).
    """

    def __init__(
        self,
        path: Path,
        purpose: str,
        keys: Sequence[bytes],
        renewed: Callable[[tuple[bytes, ...]], None],
        count: Callable[[str, str], None] = lambda purpose, outcome: None,
    ) -> None:
        self._path, self._purpose, self._renewed, self._count = path, purpose, renewed, count
        self._keys, self._refused = tuple(keys), ""

    def look(self) -> None:
        """Read it once, and take what can be taken."""
        try:
            keys = parse_keys(self._path.read_bytes())
        except OSError as error:
            self._refuse(error.strerror or "not readable")
        except ValueError as error:
            self._refuse(str(error))
        else:
            self._refused = ""
            if keys != self._keys:
                self._keys = keys
                self._renewed(keys)
                self._count(self._purpose, "taken")
                get_logger().info("keys_renewed", purpose=self._purpose, count=len(keys))

    def _refuse(self, why: str) -> None:
        if why != self._refused:
            self._count(self._purpose, "refused")
            get_logger().warning("keys_refused", purpose=self._purpose, why=why)
        self._refused = why
