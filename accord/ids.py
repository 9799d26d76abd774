"""Ids: type letters and twelve random characters; no place, no time and no count can be read from one.

Invariants
    1. An id is its prefix followed by 12 characters of `ALPHABET` (60 random bits), so its kind is known
       from its text. The constants are the exceptions: `USLACKBOT`, and the system
       roles `Rl0` + one character.
    2. An id never changes, not even when its resident moves to another cell.
    3. Uniqueness is the store's business (a conflict draws again), not this module's.
"""

import os
import re
from collections.abc import Callable

from accord.errors import InvalidError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY_CHARACTERS = 12
SECRET_CHARACTERS = 28

RESIDENT_PREFIXES = ("T", "E", "P")
USLACKBOT = "USLACKBOT"

KINDS: dict[str, str] = {
    "T": "workspace",
    "E": "organisation",
    "P": "person",
    "U": "user",
    "C": "channel",
    "G": "group_dm",
    "D": "dm",
    "F": "file",
    "B": "bot",
    "A": "app",
    "S": "user_group",
    "Rm": "reminder",
    "Bk": "bookmark",
    "Q": "scheduled",
    "V": "view",
    "R": "call",
    "I": "invite",
    "Rl": "role",
    "Xf": "profile_field",
    "Ev": "event",
    "H": "hold",
    "Re": "relocation",
}
"""Prefix to the name of the kind."""

_ID = re.compile(rf"([A-Z][a-z]?)[{ALPHABET}]{{{BODY_CHARACTERS}}}", re.ASCII)
_SECRET = re.compile(rf"[{ALPHABET}]{{{SECRET_CHARACTERS}}}", re.ASCII)
_SYSTEM_ROLE = re.compile(r"Rl0[0-9A-Z]", re.ASCII)


def new_id(prefix: str, random: Callable[[int], bytes] = os.urandom) -> str:
    """Draw a new id.

    Args:
        prefix: one of `KINDS`; anything else is an error of the caller (`ValueError`).
        random: gives n random bytes.
    """
    if prefix not in KINDS:
        raise ValueError("unknown id prefix")
    bits = int.from_bytes(random(8), "big")
    return prefix + "".join(ALPHABET[bits >> (5 * place) & 31] for place in range(BODY_CHARACTERS))


def new_secret(random: Callable[[int], bytes] = os.urandom) -> str:
    """Draw the secret of a link: 28 characters of `ALPHABET` (140 random bits), safe in a path."""
    return "".join(ALPHABET[byte & 31] for byte in random(SECRET_CHARACTERS))


def is_secret(text: str) -> bool:
    """Whether a text has the form of a link's secret; whether it opens anything, a home cell knows."""
    return _SECRET.fullmatch(text) is not None


def new_uuid(random: Callable[[int], bytes] = os.urandom) -> str:
    """A random (version 4) UUID in its usual text form; no time can be read from it."""
    drawn = random(16).hex()
    # 4 says random, 8 to b the usual layout; `uuid.UUID` would take three times as long.
    layout = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{layout}{drawn[17:20]}-{drawn[20:]}"


def kind_of(id: str) -> str | None:
    """The prefix of a well-formed id, or None for any other text."""
    if id == USLACKBOT:
        return "U"
    match = _ID.fullmatch(id)
    if match is not None and match[1] in KINDS:
        return match[1]
    return "Rl" if _SYSTEM_ROLE.fullmatch(id) else None


def check_id(id: str, *prefixes: str) -> str:
    """The same id, proven well formed and of one of the given kinds (any kind when none is given).

    Raises:
        InvalidError: the text is no such id; the text itself is not repeated in the error.
    """
    kind = kind_of(id)
    if kind is None or (prefixes and kind not in prefixes):
        raise InvalidError(field="id", why="not an id of kind " + ("|".join(prefixes) or "any"))
    return id
