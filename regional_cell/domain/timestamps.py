"""`ts`: the identity of a message in its conversation, 10 digits of seconds, a dot, 6 digits of microseconds.

Inside it is an integer of microseconds; no float is ever made of it.
"""

import re

_FORM = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?", re.ASCII)
US_MAX = 10_000_000_000 * 1_000_000 - 1


def format_ts(at_us: int) -> str:
    """The text of a time in microseconds, `1700000000.000100`; zero is `0000000000.000000`."""
    return f"{at_us // 1_000_000:010d}.{at_us % 1_000_000:06d}"


def parse_ts(text: str) -> int | None:
    """Microseconds of a `ts`, also of a number that lost its last zeros (`1700000000.0001`); None when
    malformed.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))
