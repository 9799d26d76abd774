"""Cursors: where a list goes on, as an opaque text that only its own list accepts.

A cursor holds the last key given, not an offset, so it survives restarts, other processes and changes of the
list.
It is bound to the method, its filters and the caller by a code under a key of the cell.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from accord.encoding import b64url, unb64url
from accord.errors import ColinkError, InvalidError

_CODE_BYTES = 16
CHARS_MAX = 500


class CursorKey:
    """Makes and checks cursors. `keys`: at least 16 secret bytes of the cell each, the same in all its
    processes; the first makes, all check.
    """

    def __init__(self, *keys: bytes) -> None:
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Take other keys."""
        if not keys or min(map(len, keys)) < 16:
            raise ValueError("a cursor key has at least 16 bytes")
        self._keys = tuple(keys)

    def make(self, last: Any, *bound: object) -> str:
        """The cursor after the key `last` (text, integer or a list of them), for the list that `bound`
        names.
        """
        data = msgspec.json.encode(last)
        return b64url(self._code(self._keys[0], data, bound) + data)

    def read(self, cursor: str, *bound: object) -> Any:
        """The key inside. Raises InvalidError (`invalid_cursor`) for anything not made by `make` with the
        same `bound`.
        """
        try:
            if len(cursor) > CHARS_MAX:
                raise _refused()
            raw = unb64url(cursor)
        except ColinkError:
            raise _refused() from None
        code, data = raw[:_CODE_BYTES], raw[_CODE_BYTES:]
        if not data or not any(hmac.compare_digest(code, self._code(key, data, bound)) for key in self._keys):
            raise _refused()
        return msgspec.json.decode(data)

    @staticmethod
    def _code(key: bytes, data: bytes, bound: tuple[object, ...]) -> bytes:
        named = msgspec.json.encode(["cursor/v1", *bound])
        message = len(named).to_bytes(4, "big") + named + data
        return hmac.digest(key, message, hashlib.sha256)[:_CODE_BYTES]


def _refused() -> InvalidError:
    return InvalidError(api="invalid_cursor", field="cursor", why="not a cursor of this list")
