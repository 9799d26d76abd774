"""Blind indexes: how a slug, an e-mail address or a telephone number is looked up without being told.

Invariants
    1. `normalise(a, normalise(a, v)) == normalise(a, v)`: everybody who holds the key gets the same index.
    2. An index is personal data in law (identifier_blind) and never enters a snapshot, a watch or a log line.
"""

import hmac
import re
import unicodedata

from accord.errors import InvalidError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def normalise(attribute: str, value: str) -> str:
    """The one form of a name: NFKC, trimmed, lower case; a telephone number E.164.

    Args:
        attribute: `email`, `phone` or `slug`.

    Raises:
        InvalidError: unknown attribute, or a value that cannot be one.
    """
    text = unicodedata.normalize("NFKC", value).strip().lower()
    text = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(text) <= 320 or any(unicodedata.category(char)[0] == "C" for char in text):
        raise InvalidError(field=attribute, why="empty, too long or control characters")
    if attribute == "phone":
        text = re.sub(r"[\s().\-/]", "", text)
        text = "+" + text[2:] if text.startswith("00") else text
        valid = _E164.fullmatch(text) is not None
    elif attribute == "email":
        local, at, domain = text.rpartition("@")
        valid = bool(local and at and domain) and not re.search(r"\s", text)
    elif attribute == "slug":
        valid = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", text, re.ASCII) is not None
    else:
        raise InvalidError(field="attribute", why="unknown")
    if not valid:
        raise InvalidError(field=attribute, why="form")
    return text


def blind_index(key: bytes, attribute: str, value: str) -> bytes:
    """HMAC-SHA256(lookup key, attribute + 0x00 + normalised value): 32 bytes, personal data in law.

    Raises:
        InvalidError: as `normalise`. A key of fewer than 32 bytes is a `ValueError`.
    """
    if len(key) < 32:
        raise ValueError("a lookup key has at least 32 bytes")
    message = attribute.encode("ascii") + b"\0" + normalise(attribute, value).encode("utf-8")
    return hmac.digest(key, message, "sha256")
