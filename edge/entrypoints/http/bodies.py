"""What a request carries: its token, its body within bounds, and for `api.test` its arguments.

Invariants
    1. At most `PREFIX_BYTES` of a body are read before the token is known.
    2. A body is never larger than its limit in memory; a larger one is refused, not cut.
    3. Nobody waits longer than `PIECE_S_MAX` for the next piece of a body.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from accord.errors import InvalidError
from accord.runtime.metrics import Receive, Scope
from edge.entrypoints.http.protocol import BODY

PREFIX_BYTES = 64 * 1024
PIECE_S_MAX = 30.0
FIELDS_MAX = 1_000
FORM, MULTIPART, JSON, TEXT = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
    "text/plain",
)
TYPES = (FORM, MULTIPART, JSON, TEXT)


class TooLargeError(Exception):
    """The body is larger than the limit."""


class ClientGoneError(Exception):
    """The client left before its request was complete."""


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


def bearer(scope: Scope) -> str:
    """The token of `Authorization: Bearer`, or an empty text."""
    kind, _, token = header(scope, b"authorization").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def query_token(query: bytes) -> str:
    """The token in a query string, or an empty text."""
    return _form_token(query) if b"token=" in query else ""


def body_token(content_type: str, prefix: bytes) -> str:
    """The token in the first part of a form or multipart body, or an empty text."""
    if b"token" not in prefix:
        return ""
    kind, boundary = split_type(content_type)
    if kind == FORM:
        return _form_token(prefix)
    if kind == MULTIPART and boundary:
        fields = MultipartFields(boundary)
        fields.feed(prefix)
        return fields.texts.get("token", "")
    return ""


def _form_token(data: bytes) -> str:
    for pair in data.split(b"&"):
        if pair.startswith(b"token="):
            return next((value for _, value in parse_qsl(pair.decode("latin-1"))), "")
    return ""


def split_type(content_type: str) -> tuple[str, bytes]:
    """Media type in lower case and the boundary, if any."""
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    return kind.decode("latin-1").strip(), options.get(b"boundary", b"")


class Body:
    """The body of one request, read as needed.

    Args:
        limit: bytes beyond which it is refused.
    """

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._data = bytearray()
        self.done = False
        length = header(scope, b"content-length")
        self.too_large = length.isdigit() and int(length) > limit
        if length == "0" or not (length or header(scope, b"transfer-encoding")):
            self.done = True
        elif (data := scope.get(BODY)) is not None:
            # It came with the head: nothing has to be waited for.
            self._data += data
            self.done = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it, and will not be."""
        return self.done and not self._data

    async def prefix(self) -> bytes:
        """At most a little over `PREFIX_BYTES` from the start."""
        await self._read(PREFIX_BYTES)
        return bytes(self._data)

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            TooLargeError, ClientGoneError
        """
        await self._read(self._limit)
        return bytes(self._data)

    async def _read(self, enough: int) -> None:
        if self.too_large:
            raise TooLargeError
        while not self.done and len(self._data) <= enough:
            try:
                async with asyncio.timeout(PIECE_S_MAX):
                    message = await self._receive()
            except TimeoutError:
                raise InvalidError(field="body", why="too slow", api="request_timeout") from None
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self._data += message.get("body", b"")
            self.done = not message.get("more_body", False)
        if len(self._data) > self._limit:
            raise TooLargeError


# --- multipart -----------------------------------------------------------------------------------


class MultipartFields:
    """Reads multipart bytes as they come: text parts are kept, bytes of the first file part are handed on.

    Raises:
        InvalidError: a boundary that is none.
    """

    def __init__(self, boundary: bytes) -> None:
        self.texts: dict[str, str] = {}
        self.file_seen = False
        self._file: list[bytes] = []
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._part = bytearray()
        self._kind = ""
        # Some clients begin with an empty line before the first boundary.
        self._begun = False
        callbacks: Any = {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_ends,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise _malformed() from None

    def feed(self, data: bytes) -> list[bytes]:
        """Take more bytes; the pieces of the first file part among them.

        Raises:
            InvalidError: not multipart of that boundary.
        """
        if not self._begun:
            data = data.lstrip(b"\r\n")
            self._begun = bool(data)
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed() from None
        pieces, self._file = self._file, []
        return pieces

    def _part_begins(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""
        self._part = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        # Some clients give a file its name in another form only, or none, others type their texts.
        is_file = b"filename" in options or b"filename*" in disposition
        is_file = is_file or not self._headers.get(b"content-type", b"text/plain").startswith(b"text/plain")
        self._kind = "text" if not is_file else "other" if self.file_seen else "file"
        self.file_seen = self.file_seen or is_file

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._kind == "file":
            self._file.append(data[start:end])
        elif self._kind == "text":
            self._part += data[start:end]

    def _part_ends(self) -> None:
        if self._kind == "text" and len(self.texts) < FIELDS_MAX:
            self.texts[self._field] = self._part.decode("utf-8", "replace")


def _malformed() -> InvalidError:
    return InvalidError(field="body", why="malformed multipart", api="invalid_form_data")


async def first_file(boundary: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Bytes of the first file part. Raises InvalidError when there is none."""
    fields = MultipartFields(boundary)
    async for chunk in chunks:
        for piece in fields.feed(chunk):
            yield piece
    if not fields.file_seen:
        raise InvalidError(field="body", why="no file part", api="invalid_form_data")


# --- arguments of api.test -----------------------------------------------------------------------


def arguments(query: bytes, content_type: str, body: bytes) -> dict[str, object]:
    """Query and body as one object, the body winning; every encoding of the public API.

    Raises:
        InvalidError: with the code of the public API.
    """
    found: dict[str, object] = dict(_pairs(query))
    kind, boundary = split_type(content_type)
    if body and not content_type:
        raise InvalidError(field="body", why="no content type", api="missing_post_type")
    if body and kind not in TYPES:
        raise InvalidError(field="body", why="content type", api="invalid_post_type")
    if kind == JSON and body.strip():
        found |= _json_object(body)
    elif kind == FORM:
        found |= _pairs(body)
    elif kind == MULTIPART and body:
        fields = MultipartFields(boundary)
        fields.feed(body)
        found |= fields.texts
    found.pop("token", None)
    return found


def _pairs(data: bytes) -> Iterable[tuple[str, str]]:
    try:
        return parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise InvalidError(field="body", why="too many fields", api="invalid_form_data") from None


def _json_object(body: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidError(field="body", why="malformed JSON", api="invalid_json") from None
    if not isinstance(value, dict):
        raise InvalidError(field="body", why="not an object", api="json_not_object")
    return {key: item for key, item in value.items() if item is not None}
