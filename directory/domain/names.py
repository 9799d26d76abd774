"""Forms of the texts that the directory keeps: names, codes, tags, addresses.

Invariants
    1. Every text that reaches a store has passed one of these checks: bounded, ASCII, no free prose.
    2. An error names the field and never repeats the text.
"""

import re
from collections.abc import Sequence

from accord.errors import InvalidError

NAMES_RESERVED = frozenset({"directory", "edge", "operator", "localhost"})
"""Planes and roles; no cell or edge may carry one of these names."""

_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){1,39}", re.ASCII)
_CODE = re.compile(r"[A-Z]{2}[A-Z0-9_-]{0,30}", re.ASCII)
_TAG = re.compile(r"[a-z0-9][a-z0-9:_./-]{0,63}", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}:[0-9]{1,5}", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}(?:/[A-Za-z0-9._~/-]{0,255})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+:/-]{0,127}", re.ASCII)

LIST_MAX = 32


def check_name(value: str, field: str) -> str:
    """A name of a cell, edge or region: lower case, digits and single hyphens, 2 to 40 characters."""
    return _check(_NAME, value, field)


def check_code(value: str, field: str) -> str:
    """A code of a jurisdiction (ISO 3166-1, 3166-2 or a named bloc): `DE`, `US-CA`, `EEA`."""
    return _check(_CODE, value, field)


def check_word(value: str, field: str) -> str:
    """A short technical text of ASCII characters: an operator, a software version, a key id."""
    return _check(_WORD, value, field)


def check_url(value: str, field: str) -> str:
    """The http(s) address of an edge, without query or fragment."""
    return _check(_URL, value, field)


def check_addresses(values: Sequence[str]) -> tuple[str, ...]:
    """One to 32 different `host:port`."""
    found = tuple(_check(_ADDRESS, value, "addresses") for value in values)
    if not 0 < len(found) <= LIST_MAX or len(set(found)) != len(found):
        raise InvalidError(field="addresses", why="one to 32 different ones")
    return found


def check_codes(values: Sequence[str], field: str) -> tuple[str, ...]:
    """At most 32 jurisdiction codes, sorted, each once."""
    return _check_list(_CODE, values, field)


def check_tags(values: Sequence[str], field: str) -> tuple[str, ...]:
    """At most 32 tags that policies select by, sorted, each once."""
    return _check_list(_TAG, values, field)


def check_checkpoint(value: str) -> str:
    """A signed note of a ledger, or nothing: at most 4,096 characters in lines of printable text."""
    if len(value) > 4_096 or not all(line.isprintable() for line in value.split("\n")):
        raise InvalidError(field="checkpoint", why="too long, or control characters")
    return value


def _check_list(form: re.Pattern[str], values: Sequence[str], field: str) -> tuple[str, ...]:
    if len(values) > LIST_MAX:
        raise InvalidError(field=field, why="too many", items_max=LIST_MAX)
    return tuple(sorted({_check(form, value, field) for value in values}))


def _check(form: re.Pattern[str], value: str, field: str) -> str:
    if not form.fullmatch(value):
        raise InvalidError(field=field, why="malformed")
    return value
