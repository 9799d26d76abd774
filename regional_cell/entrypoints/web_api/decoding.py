"""Request decoding: every encoding that clients send comes to one map of argument names to texts.

A JSON string stands for itself; numbers, booleans, lists and objects stand as their JSON text, which is
what form clients
send; null is absent. So one set of argument decoders serves all, numbers never pass through floats, and
calls of different
clients are equal when they mean the same.

Invariants
    1. The body wins over the query; later entries win over earlier ones.
    2. Every failure is an InvalidError with the public code; nothing of the input is in it.
    3. The `token` argument is dropped: it was read before.
"""

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from accord.errors import InvalidError

Texts = dict[str, str]

FIELDS_MAX = 1_000
JSON_TYPE = "application/json"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "text/plain"})
MULTIPART_TYPE = "multipart/form-data"
_NAME = re.compile(r"[A-Za-z0-9_.:\-\[\]]{1,200}")
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1"})
_json_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_json_text = msgspec.json.Decoder(str)


def decode(content_type: str, query: bytes, body: bytes) -> Texts:
    """All arguments of a call.

    Raises:
        InvalidError: `invalid_json` `json_not_object` `invalid_form_data` `invalid_charset`
        `invalid_post_type`
            `missing_post_type` `invalid_arg_name`.
    """
    texts = dict(_form(query, "utf-8")) if query else {}
    if body.strip(b" \r\n\t"):
        media_type, charset, boundary = _media(content_type)
        if media_type == JSON_TYPE:
            texts.update(_json(body, charset))
        elif media_type in FORM_TYPES:
            texts.update(_form(body, charset))
        elif media_type == MULTIPART_TYPE:
            texts.update(_multipart(body, boundary, charset))
        else:
            raise _refused("invalid_post_type" if media_type else "missing_post_type")
    texts.pop("token", None)
    if not all(map(_NAME.fullmatch, texts)):
        raise _refused("invalid_arg_name")
    return texts


@lru_cache(maxsize=1_000)
def _media(content_type: str) -> tuple[str, str, bytes]:
    """Media type in lower case, charset as Python names it, boundary."""
    kind, options = parse_options_header(content_type) if content_type else (b"", {})
    charset = _charset(options.get(b"charset", b""))
    return kind.decode("latin-1").strip().lower(), charset, options.get(b"boundary", b"")


def _charset(name: bytes) -> str:
    if not name:
        return "utf-8"
    try:
        found = codecs.lookup(name.decode("ascii").strip().strip("\"'")).name
    except (LookupError, ValueError):
        found = ""
    if found not in _CHARSETS:
        raise _refused("invalid_charset")
    return found


def _json(body: bytes, charset: str) -> Iterable[tuple[str, str]]:
    try:
        if charset != "utf-8":
            body = body.decode(charset).encode()
        members = _json_members.decode(body)
        return [(name, text) for name, raw in members.items() if (text := _json_argument(raw)) is not None]
    except msgspec.ValidationError:
        raise _refused("json_not_object") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _refused("invalid_json") from None


def _json_argument(raw: msgspec.Raw) -> str | None:
    data = bytes(raw)
    if data[:1] == b'"':
        return _json_text.decode(data)
    return None if data == b"null" else data.decode()


def _form(data: bytes, charset: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            data.strip(b"\r\n").decode(charset), keep_blank_values=True, encoding=charset, errors="strict",
            max_num_fields=FIELDS_MAX,
        )  # fmt: skip
    except (ValueError, UnicodeError):
        raise _refused("invalid_form_data") from None


class _Parts:
    """Collects the text parts of a multipart body; parts with a file name are left to uploads."""

    def __init__(self) -> None:
        self.found: list[tuple[bytes, bytes]] = []
        self.finished = False
        self._field = self._value = self._disposition = b""
        self._data = bytearray()

    def callbacks(self) -> dict[str, object]:
        """For the parser."""
        return {
            "on_part_begin": self._begin, "on_part_data": self._more, "on_part_end": self._end_part,
            "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_end": self._end,
        }  # fmt: skip

    def _begin(self) -> None:
        self._disposition = b""
        self._data = bytearray()
        if len(self.found) >= FIELDS_MAX:
            raise MultipartParseError("too many parts")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _end_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise MultipartParseError("a part has no name")
        if b"filename" not in options:
            self.found.append((options[b"name"], bytes(self._data)))

    def _end(self) -> None:
        self.finished = True


def _multipart(body: bytes, boundary: bytes, charset: str) -> list[tuple[str, str]]:
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
        if not boundary or not parts.finished:
            raise _refused("invalid_form_data")
        return [(name.decode("utf-8"), value.decode(charset)) for name, value in parts.found]
    except (MultipartParseError, ValueError, UnicodeError):
        raise _refused("invalid_form_data") from None


def _refused(code: str) -> InvalidError:
    return InvalidError(api=code, field="request", why=code.replace("_", " "))
