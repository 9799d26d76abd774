"""Doors of file bytes: upload by ticket, download by token. Bytes stream both ways and are never held whole.

Invariants
    1. Transit is decided before a byte of a body is read.
    2. What is downloaded never runs in a page: attachment, no sniffing, a sandbox.
"""

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from accord.errors import (
    ColinkError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    TokenInvalidError,
    TokenMissingError,
)
from accord.ids import check_id, new_uuid
from edge.domain.enforcement import FILE_TRANSIT
from edge.entrypoints.http.app import refusal
from edge.entrypoints.http.bodies import MULTIPART, bearer, first_file, split_type
from edge.ports import Cells, FileChunk, FileRequest
from edge.services.calls import Calls
from edge.services.tokens import Tokens

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})", re.ASCII)
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}", re.ASCII)


class FileDoor:
    """Routes `/upload/...` and `/files-pri/...`.

    Args:
        bytes_max: of a file.
        cookie: name of the cookie that may hold the token of a download.
    """

    def __init__(
        self,
        calls: Calls,
        tokens: Tokens,
        cells: Cells,
        *,
        bytes_max: int,
        cookie: str,
        country: Callable[[], str],
    ) -> None:
        self._calls, self._tokens, self._cells = calls, tokens, cells
        self._bytes_max, self._cookie, self._country = bytes_max, cookie, country

    def mount(self, web: FastAPI) -> None:
        web.add_api_route("/upload/{team}/{ticket}", self.upload, methods=["POST"], response_model=None)
        for path in ("/files-pri/{name}", "/files-pri/{name}/{rest:path}"):
            web.add_api_route(path, self.download, methods=["GET"], response_model=None)

    async def upload(self, request: Request, team: str, ticket: str) -> Response:
        """Bytes under an upload ticket: the body itself, or the first file part of a multipart one."""
        if self._tokens.resident_of(ticket, "upload") != team:
            raise TokenInvalidError(why="made for another workspace")
        placement, cell = await self._calls.admit(team, FILE_TRANSIT)
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._bytes_max + 64 * 1024:
            return refusal(InvalidError(field="body", why="file too large"))
        chunks = self._limited(request.stream())
        kind, boundary = split_type(request.headers.get("content-type", ""))
        if kind == MULTIPART and boundary:
            chunks = first_file(boundary, chunks)
        message = FileRequest(
            "", team, placement.epoch, new_uuid(), ticket=ticket, viewer_country=self._country()
        )
        try:
            stored = await self._cells.upload(cell, message, chunks)
        except ClientDisconnect:
            raise OutcomeUnknownError() from None
        return PlainTextResponse(f"OK - {stored}")

    async def _limited(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._bytes_max + 64 * 1024:
                raise InvalidError(field="body", why="file too large")
            if chunk:
                yield chunk

    async def download(self, request: Request, name: str, rest: str = "") -> Response:
        """Bytes of a file that the token's user may see; one range of it when asked."""
        token = bearer(request.scope) or request.cookies.get(self._cookie, "")
        if not token:
            raise TokenMissingError()
        claims = self._tokens.verify(token)
        team, _, file = name.partition("-")
        try:
            check_id(team, "T", "E")
            check_id(file, "F")
        except InvalidError:
            raise NotFoundError(thing="file") from None
        if team != claims.resident:
            raise NotFoundError(thing="file")
        placement, cell = await self._calls.admit(claims.resident, FILE_TRANSIT)
        offset, length = _range(request.headers.get("range", ""))
        message = FileRequest(
            token,
            claims.resident,
            placement.epoch,
            new_uuid(),
            file=file,
            offset=offset,
            length=length,
            viewer_country=self._country(),
        )
        chunks = self._cells.download(cell, message)
        first = await anext(chunks, None)
        if first is None:
            raise NotFoundError(thing="file")
        return _answer(first, chunks, offset, length, ranged=bool(offset or length))


def _range(text: str) -> tuple[int, int]:
    """Offset and length of one plain range; (0, 0), that is all, for anything else."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return 0, 0
    first = int(match[1])
    if not match[2]:
        return first, 0
    return (first, int(match[2]) - first + 1) if int(match[2]) >= first else (0, 0)


def _answer(
    first: FileChunk, chunks: AsyncIterator[FileChunk], offset: int, length: int, *, ranged: bool
) -> Response:
    total = first.bytes_total
    size = min(length or total, max(0, total - offset))
    name = quote(first.name or "file", safe="")
    kind = first.content_type if _TYPE.fullmatch(first.content_type) else "application/octet-stream"
    headers = {
        "content-type": kind,
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "accept-ranges": "bytes",
    }
    if ranged:
        if size == 0:
            return Response(b"", 416, {"content-range": f"bytes */{total}"})
        headers["content-range"] = f"bytes {offset}-{offset + size - 1}/{total}"

    async def data() -> AsyncIterator[bytes]:
        yield first.data
        try:
            async for chunk in chunks:
                yield chunk.data
        except ColinkError:
            # The status line is gone: a body shorter than promised tells the client.
            return

    return StreamingResponse(data(), 206 if ranged else 200, headers)
