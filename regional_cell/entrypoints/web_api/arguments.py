"""Argument decoders: the text of an argument, whatever encoding it came in, to the value that a handler
works with.

A decoder raises ValueError for text that does not fit; `read_arguments` turns that into the method's own
code or into
`invalid_arguments` naming the argument, never its value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from accord.errors import InvalidError
from regional_cell.domain.timestamps import US_MAX, parse_ts

Arguments = Mapping[str, Any]

LIST_MAX = 1_000
DEPTH_MAX = 32
_entries = msgspec.json.Decoder(list[str | int])


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a method.

    Attributes:
        required: must be there and not be empty.
        missing: code when it is not; empty: `invalid_arguments` with a message.
        malformed: code when it cannot be decoded; empty: `invalid_arguments` with a message.
        wanted: what it must be, in words for the message.
        keeps_empty: an empty text is a value; elsewhere it is as good as absent.
    """

    decode: Callable[[str], Any]
    required: bool = False
    missing: str = ""
    malformed: str = ""
    wanted: str = "a string"
    keeps_empty: bool = False


def read_arguments(texts: Mapping[str, str], table: Mapping[str, Argument]) -> dict[str, Any]:
    """Values of the arguments that the method knows; absent and empty ones are left out, unknown ones
    ignored.

    Raises InvalidError: the first code of its own, else `invalid_arguments` with `faults`, one per line.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, argument in table.items():
        text = texts.get(name)
        if text is None or not (text or argument.keeps_empty):
            if argument.required:
                if argument.missing:
                    raise InvalidError(
                        api=argument.missing, field=name, why=f"missing required field: {name}"
                    )
                faults.append(f"missing required field: {name}")
            continue
        try:
            values[name] = argument.decode(text)
        except ValueError:
            if argument.malformed:
                raise InvalidError(api=argument.malformed, field=name, why=f"malformed: {name}") from None
            faults.append(f"must be {argument.wanted} [json-pointer:/{name}]")
    if faults:
        raise InvalidError(field=",".join(faults[:1]), faults="\n".join(faults))
    return values


# --- decoders --------------------------------------------------------------------------------------


def text(value: str) -> str:
    """As it is."""
    return value


def word(value: str) -> str:
    """Without blanks around it; NUL bytes have no place in names."""
    if "\0" in value:
        raise ValueError("NUL")
    return value.strip()


def flag(value: str) -> bool:
    """`1`, `true`, `True` and their opposites; empty is false."""
    lowered = value.strip().lower()
    if lowered in ("1", "true"):
        return True
    if lowered in ("0", "false", ""):
        return False
    raise ValueError("no boolean")


def number(value: str) -> int:
    """A whole number, also as `100.0` is not accepted; at most 15 digits."""
    stripped = value.strip()
    digits = stripped.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise ValueError("no integer")
    return int(stripped)


def moment(value: str) -> int:
    """Microseconds of a `ts`."""
    at_us = parse_ts(value.strip())
    if at_us is None:
        raise ValueError("no timestamp")
    return at_us


def bound(value: str) -> int | None:
    """Microseconds of an end of a range: empty and `0` are open at the old end; `now` is open at the new
    one.
    """
    stripped = value.strip()
    if stripped in ("", "now"):
        return None
    return min(moment(stripped), US_MAX)


def listed(value: str) -> list[str]:
    """A JSON array of strings, or words between commas; blanks trimmed, empty ones dropped."""
    stripped = value.strip()
    if stripped.startswith("["):
        try:
            entries = [str(entry) for entry in _entries.decode(stripped)]
        except msgspec.DecodeError:
            raise ValueError("no list") from None
    elif stripped.startswith("{"):
        raise ValueError("no list")
    else:
        entries = stripped.split(",")
    found = [entry.strip() for entry in entries if entry.strip()]
    if len(found) > LIST_MAX:
        raise ValueError("too long")
    return found


def json_value(value: str) -> Any:
    """Any JSON of bounded depth; empty text is None."""
    if not value.strip():
        return None
    try:
        found = orjson.loads(value)
    except ValueError:
        raise ValueError("no JSON") from None
    _require_shallow(found)
    return found


def json_object(value: str) -> dict[str, Any]:
    """A JSON object of bounded depth; empty text is an empty one."""
    found = json_value(value)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH_MAX):
        deeper: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                deeper.extend(entry.values())
            elif isinstance(entry, list):
                deeper.extend(entry)
        if not deeper:
            return
        level = deeper
    raise ValueError("too deep")
