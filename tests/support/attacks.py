"""Hostile bodies: what a JSON object or a form becomes in the hands of somebody who means harm, by class of
attack.

The same go to methods, doors, webhooks and sockets; docs/reference/hostile-input.md says which went where.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

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
# Bytes that are no text, or not the text that they seem.
NO_TEXTS = (
    ("bytes that are no UTF-8", b"\xff\xfe"),
    ("an overlong NUL", b"\xc0\x80"),
    ("a raw surrogate", b"\xed\xa0\xbd"),
    ("half a character", b"\xe2\x82"),
    ("a raw NUL", b"\0"),
)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


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
        *NO_TEXTS,
        ("a lone surrogate", b"\\ud83d"),
        ("surrogates swapped", b"\\ude00\\ud83d"),
        ("an escaped NUL", b"\\u0000"),
        ("an unknown escape", b"\\x41"),
    ):
        yield Attack(MISENCODED, name, _with(names, b'"' + text + b'"'))
        yield Attack(MISENCODED, f"{name} in a name", b'{"' + text + b'":1}')
        yield Attack(MISENCODED, f"{name} in an id", _beside(fields, "id", b'"' + text + b'"'))
    yield Attack(MISENCODED, "a byte order mark", b"\xef\xbb\xbf" + whole)
    for charset in ("utf-16", "utf-32", "utf-7", "cp037"):
        yield Attack(MISENCODED, charset, whole.decode().encode(charset))


def forms(fields: Mapping[str, Any], size: int = 200_000) -> Iterator[Attack]:
    """Every attack on a form that would be `fields`; those on a JSON object stand in a member of it."""
    names = list(fields) or ["x"]
    members = [(name.encode(), _text(value)) for name, value in fields.items()]
    whole = encode_form(fields)
    for name, body in (
        ("nothing", b""),
        ("line breaks", b"\r\n\r\n"),
        ("no value", b"&".join(name.encode() for name in names)),
        ("no name", b"=x&=y"),
        ("separators", b"&&;;&=&"),
        ("everything twice", whole + b"&" + whole),
        ("an unfinished escape", whole + b"&a=%"),
        ("escapes that are none", whole + b"&a=%zz%u0041"),
        ("escaped separators", whole.replace(b"=", b"%3D").replace(b"&", b"%26")),
        ("a file of a browser", b"--x\r\n\r\n" + whole),
        ("an object", json.dumps(fields).encode()),
        ("brackets", b"&".join(name.encode() + b"[0][__proto__]=1" for name in names)),
    ):
        yield Attack(MALFORMED, name, body)
    for value in STRANGE:
        shown, text = repr(value)[:20], _text(value)
        yield Attack(MALFORMED, f"all are {shown}", _form((name.encode(), text) for name in names))
        for name in fields:
            changed = _form((key, text if key == name.encode() else old) for key, old in members)
            yield Attack(MALFORMED, f"{name} is {shown}", changed)
    for attack in attacks({"x": "y"}, size):
        inside = _form((name.encode(), attack.body) for name in names[:1])
        yield Attack(attack.kind, f"{attack.name}, in a member", inside)
    yield Attack(OVERSIZED, "a text", _form([(names[0].encode(), b"x" * size)]))
    yield Attack(OVERSIZED, "a name", _form([(b"n" * size, b"x")]))
    yield Attack(OVERSIZED, "escapes", names[0].encode() + b"=" + b"%41" * (size // 3))
    yield Attack(OVERSIZED, "members", b"&".join(b"a%d=1" % number for number in range(size // 8)))
    yield Attack(OVERSIZED, "one member many times", b"&".join([names[0].encode() + b"=1"] * (size // 8)))
    for name, text in NO_TEXTS:
        yield Attack(MISENCODED, name, b"&".join(key.encode() + b"=" + text for key in names))
        yield Attack(MISENCODED, f"{name}, escaped", _form((key.encode(), text) for key in names))
        yield Attack(MISENCODED, f"{name} in a name", _form([(text, b"1")]))
    for charset in ("utf-16", "utf-32", "cp037"):
        yield Attack(MISENCODED, charset, whole.decode().encode(charset))


def multiparts(fields: Mapping[str, Any], size: int = 200_000) -> Iterator[Attack]:
    """Every attack on a multipart form, of type `MULTIPART`, that would be `fields`."""
    names = list(fields) or ["x"]
    members = [(name.encode(), _text(value)) for name, value in fields.items()]
    whole = encode_parts(fields)
    for name, body in (
        ("no part", b"--x--\r\n"),
        ("no end", whole.removesuffix(b"--\r\n")),
        ("cut off", whole[: len(whole) // 2]),
        ("another boundary", whole.replace(b"--x", b"--y")),
        ("no line breaks", whole.replace(b"\r\n", b"\n")),
        ("text before", b"preamble\r\n" + whole),
        ("text behind", whole + b"--x\r\n\r\nmore"),
        ("no name", b"--x\r\ncontent-disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        ("no headers", b"--x\r\n\r\n1\r\n--x--\r\n"),
        ("a header without a colon", b"--x\r\ncontent-disposition\r\n\r\n1\r\n--x--\r\n"),
        ("everything twice", _parts(members * 2)),
        ("files", whole.replace(b'"\r\n', b'"; filename="../../x"\r\n')),
        ("a part in a part", _parts((name.encode(), whole) for name in names)),
        ("a form", _form(members)),
        ("an object", json.dumps(fields).encode()),
    ):
        yield Attack(MALFORMED, name, body)
    for value in STRANGE:
        parts = _parts((name.encode(), _text(value)) for name in names)
        yield Attack(MALFORMED, f"all are {repr(value)[:20]}", parts)
    for attack in attacks({"x": "y"}, size):
        inside = _parts((name.encode(), attack.body) for name in names[:1])
        yield Attack(attack.kind, f"{attack.name}, in a part", inside)
    long = b"--x\r\n%b: %b\r\n\r\n1\r\n--x--\r\n"
    yield Attack(OVERSIZED, "a part", _parts([(names[0].encode(), b"x" * size)]))
    yield Attack(OVERSIZED, "a name of a header", long % (b"n" * size, b"x"))
    yield Attack(OVERSIZED, "a header", long % (b"content-disposition", b'form-data; name="' + b"n" * size))
    yield Attack(OVERSIZED, "options", long % (b"content-disposition", b"form-data" + b"; a=b" * (size // 5)))
    yield Attack(OVERSIZED, "parts", _parts((b"a%d" % number, b"1") for number in range(size // 50)))
    for name, text in NO_TEXTS:
        yield Attack(MISENCODED, name, _parts((key.encode(), text) for key in names))
        yield Attack(MISENCODED, f"{name} in a name", _parts([(text, b"1")]))
    for charset in ("utf-16", "cp037"):
        yield Attack(MISENCODED, charset, whole.decode().encode(charset))


def encode_form(fields: Mapping[str, Any]) -> bytes:
    """The body of a form."""
    return _form((name.encode(), _text(value)) for name, value in fields.items())


def encode_parts(fields: Mapping[str, Any]) -> bytes:
    """The body of a multipart form of type `MULTIPART`."""
    return _parts((name.encode(), _text(value)) for name, value in fields.items())


def _text(value: Any) -> bytes:
    """A value as clients write it into a form: a text as it is, anything else as JSON."""
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="surrogatepass")


def _form(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    pairs = (f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in members)
    return "&".join(pairs).encode()


def _parts(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    head = b'--x\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    return b"".join(head % member for member in members) + b"--x--\r\n"


def _with(names: list[str], value: bytes) -> bytes:
    return b"{" + b",".join(json.dumps(name).encode() + b":" + value for name in names) + b"}"


def _beside(fields: Mapping[str, Any], name: str, value: bytes) -> bytes:
    """The object with this member more, or instead."""
    members = {key: json.dumps(item).encode() for key, item in fields.items()} | {name: value}
    return b"{" + b",".join(json.dumps(key).encode() + b":" + item for key, item in members.items()) + b"}"
