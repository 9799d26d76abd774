"""Hostile bodies: what a JSON object becomes in the hands of somebody who means harm, by class of attack.

The same go to methods, doors, webhooks and sockets; docs/reference/hostile-input.md says which went where.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MALFORMED, OVERSIZED, NESTED, MISENCODED = "malformed", "oversized", "nested", "mis-encoded"
REPLAYED, FOREIGN = "replayed", "foreign"
CLASSES = (MALFORMED, OVERSIZED, NESTED, MISENCODED, REPLAYED, FOREIGN)

# Values of the wrong kind, or at the end of what a number, text or list can be.
STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    2**64,
    10**400,
    1e308,
    "",
    "\0",
    "\u202e\ufeff\uffff",
    "../../etc/passwd",
    "C" * 300,
    "' OR 1=1 --",
    "%00%ff",
    "0.0",
    "9" * 400,
    [],
    {},
    [[]],
    [None],
    {"": {}},
    {"a": [1]},
)
# Depths around the limits of the readers in use: ours of 32, and 254, 1,024 and about 1,000 of libraries.
DEPTHS = (33, 300, 1_500, 50_000)


@dataclass(frozen=True, slots=True)
class Attack:
    """One body; `name` tells it apart within its class."""

    kind: str
    name: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def attacks(fields: Mapping[str, Any], size: int = 200_000) -> Iterator[Attack]:
    """Every attack on a body that would be `fields`. `size`: bytes of an oversized text."""
    whole = json.dumps(fields).encode()
    names = list(fields) or ["x"]
    for name, body in (
        ("nothing", b""),
        ("blanks", b" \r\n\t"),
        ("cut off", whole[:-1] or b"{"),
        ("twice", whole * 2),
        ("a list", b"[1]"),
        ("a text", b'"x"'),
        ("a number", b"1"),
        ("null", b"null"),
        ("not JSON", b"{]"),
        ("NaN", _with(names, b"NaN")),
        ("infinity", _with(names, b"-Infinity")),
        ("1e999", _with(names, b"1e999")),
        ("one key twice", _with(names * 2, b'"x"')),
        ("single quotes", whole.replace(b'"', b"'")),
        ("a control character", _with(names, b'"\x01"')),
        ("0x10", _with(names, b"0x10")),
    ):
        yield Attack(MALFORMED, name, body)
    for value in STRANGE:
        shown = repr(value)[:20]
        yield Attack(MALFORMED, f"all are {shown}", json.dumps(dict.fromkeys(names, value)).encode())
        for name in fields:
            yield Attack(MALFORMED, f"{name} is {shown}", json.dumps({**fields, name: value}).encode())
    yield Attack(OVERSIZED, "texts", _with(names[:1], b'"' + b"x" * size + b'"'))
    yield Attack(OVERSIZED, "a number", _with(names[:1], b"9" * 5_000))
    yield Attack(OVERSIZED, "a list", _with(names[:1], b"[" + b"1," * (size // 2) + b"1]"))
    yield Attack(
        OVERSIZED, "members", json.dumps({**fields, **{f"a{n}": n for n in range(size // 14)}}).encode()
    )
    yield Attack(OVERSIZED, "a name", json.dumps({**fields, "n" * (size // 2): 1}).encode())
    for depth in DEPTHS:
        lists, objects = b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth
        yield Attack(NESTED, f"{depth} lists", lists)
        yield Attack(NESTED, f"{depth} objects", objects)
        yield Attack(NESTED, f"{depth} lists in a member", _beside(fields, names[-1], lists))
        yield Attack(NESTED, f"{depth} objects in every member", _with(names, objects))
        yield Attack(NESTED, f"{depth} objects in an id", _beside(fields, "id", objects))
        yield Attack(NESTED, f"{depth} lists that do not end", _with(names, b"[" * depth)[:-1])
    for name, text in (
        ("bytes that are no UTF-8", b"\xff\xfe"),
        ("an overlong NUL", b"\xc0\x80"),
        ("a raw surrogate", b"\xed\xa0\xbd"),
        ("half a character", b"\xe2\x82"),
        ("a lone surrogate", b"\\ud83d"),
        ("surrogates swapped", b"\\ude00\\ud83d"),
        ("an escaped NUL", b"\\u0000"),
        ("a raw NUL", b"\0"),
        ("an unknown escape", b"\\x41"),
    ):
        yield Attack(MISENCODED, name, _with(names, b'"' + text + b'"'))
        yield Attack(MISENCODED, f"{name} in a name", b'{"' + text + b'":1}')
        yield Attack(MISENCODED, f"{name} in an id", _beside(fields, "id", b'"' + text + b'"'))
    yield Attack(MISENCODED, "a byte order mark", b"\xef\xbb\xbf" + whole)
    for charset in ("utf-16", "utf-32", "utf-7", "cp037"):
        yield Attack(MISENCODED, charset, whole.decode().encode(charset))


def _with(names: list[str], value: bytes) -> bytes:
    return b"{" + b",".join(json.dumps(name).encode() + b":" + value for name in names) + b"}"


def _beside(fields: Mapping[str, Any], name: str, value: bytes) -> bytes:
    """The object with this member more, or instead."""
    members = {key: json.dumps(item).encode() for key, item in fields.items()} | {name: value}
    return b"{" + b",".join(json.dumps(key).encode() + b":" + item for key, item in members.items()) + b"}"
