"""Bytes that are signed and hashed: canonical JSON and unpadded base64url, one form per value.

Invariants
    1. `canonical_json(parse_canonical(data)) == data` for every `data` that parses.
    2. What does not re-encode to itself is refused: blanks, unsorted or repeated keys, floats, needless
       escapes, base64 with padding or stray bits.
"""

import base64
import binascii
import json
from typing import NoReturn

from accord.errors import InvalidError

DEPTH_MAX = 64
INTEGER_MAX = 2**63 - 1

_encode = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def canonical_json(obj: object) -> bytes:
    """One value, one sequence of bytes: keys sorted by code point, no blanks, ASCII, 64-bit integers only.

    Raises:
        InvalidError: floats, other types, keys that are no text, lone surrogates, nesting beyond
            `DEPTH_MAX`.
    """
    _check(obj, DEPTH_MAX)
    return _encode(obj).encode("ascii")


def parse_canonical(data: bytes, max_bytes: int) -> object:
    """The value of canonical JSON.

    Raises:
        InvalidError: longer than `max_bytes`, no JSON, or JSON in any other than its canonical form.
    """
    if len(data) > max_bytes:
        raise InvalidError(field="json", why="too long", bytes_max=max_bytes)
    try:
        obj = _decode(data.decode("ascii"))
    except (ValueError, RecursionError):
        raise InvalidError(field="json", why="not canonical") from None
    if canonical_json(obj) != data:
        raise InvalidError(field="json", why="not canonical")
    return obj


def b64url(data: bytes) -> str:
    """Base64 with the URL alphabet and without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """The bytes of `b64url`.

    Raises:
        InvalidError: padding, other characters, or bits that the encoder would not have set.
    """
    try:
        encoded = text.encode("ascii")
        data = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise InvalidError(field="base64", why="not base64url") from None
    if b64url(data) != text:
        raise InvalidError(field="base64", why="not canonical")
    return data


def _refuse_number(text: str) -> NoReturn:
    raise ValueError("not an integer")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode


def _check(obj: object, depth: int) -> None:
    if isinstance(obj, str):
        if not obj.isascii():
            _check_text(obj)
    elif obj is None or isinstance(obj, bool):
        return
    elif isinstance(obj, int):
        if not -INTEGER_MAX <= obj <= INTEGER_MAX:
            raise InvalidError(field="json", why="integer beyond 64 bits")
    elif depth == 0:
        raise InvalidError(field="json", why="nested too deep")
    elif isinstance(obj, dict):
        for key, value in obj.items():
            if not isinstance(key, str):
                raise InvalidError(field="json", why="key is no text")
            _check_text(key)
            _check(value, depth - 1)
    elif isinstance(obj, list | tuple):
        for value in obj:
            _check(value, depth - 1)
    else:
        raise InvalidError(field="json", why=f"type {type(obj).__name__} has no canonical form")


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidError(field="json", why="lone surrogate") from None
