"""File bytes of edges: uploads by ticket, downloads by token, in chunks on a connection of their own.

Invariants
    1. Every chunk is decided about as `file_content` and counted before it is used or sent, for edges in
       other jurisdictions: transit of what comes, transit and disclosure of what is shown.
    2. The caller is proven at the head, and a file that may not be read is as one that does not exist.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from accord.errors import ForbiddenError, InvalidError, PeerRefusedError, TokenInvalidError
from accord.runtime.mtls import PeerName
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.access import has_scope
from regional_cell.domain.enforcement import FILE_DISCLOSE, FILE_TRANSIT
from regional_cell.domain.roles import GUESTS
from regional_cell.entrypoints.allow import edge_of
from regional_cell.entrypoints.gateway.calls import Calls
from regional_cell.ports.sockets import EdgeFacts, EdgePassage
from regional_cell.services.files import Files
from regional_cell.services.tokens import Tokens
from residency_policies.points import Point

CHUNK_BYTES = 256 * 1024
TAKEN, SHOWN = (FILE_TRANSIT,), (FILE_TRANSIT, FILE_DISCLOSE)
EdgeOf = Callable[[str], tuple[str, str] | None]


class FileBytes:
    """`Gateway.Upload` and `Gateway.Download`.

    Args:
        edge: (jurisdiction, region) of an admitted edge.
    """

    def __init__(self, files: Files, calls: Calls, tokens: Tokens, edge: EdgeOf, federation: str) -> None:
        self._files, self._calls, self._tokens = files, calls, tokens
        self._edge, self._federation = edge, federation

    async def upload(
        self, peer: PeerName, requests: AsyncIterator[wire.UploadRequest]
    ) -> wire.UploadResponse:
        """Store what comes. Errors as `Files.store`."""
        first = await anext(requests, None)
        if first is None or not first.ticket:
            raise InvalidError(field="ticket", why="missing")
        context = first.context
        edge = self._facts(peer, context.bundle_version)
        await self._calls.require_home(context.resident, context.epoch)
        passage = self._calls.passage_for(edge)
        chunks = _chunks(first, requests, passage, edge, context.resident)
        return wire.UploadResponse(bytes=await self._files.store(context.resident, first.ticket, chunks))

    async def download(
        self, peer: PeerName, request: wire.DownloadRequest
    ) -> AsyncIterator[wire.DownloadResponse]:
        """What the file is, then its bytes. Errors as `Tokens.caller`, `Files.require_readable`."""
        context = request.context
        edge = self._facts(peer, context.bundle_version)
        await self._calls.require_home(context.resident, context.epoch)
        caller = await self._tokens.caller(context.principal)
        if caller.resident != context.resident:
            raise TokenInvalidError(why="of another resident")
        if not has_scope(caller, "files:read", "files:write"):
            raise ForbiddenError(api="missing_scope", needed="files:read")
        stored = await self._files.require_readable(caller, request.file)
        passage = self._calls.passage_for(edge)
        country, guest = request.viewer_country, caller.role in GUESTS
        _pass(passage, edge, context.resident, 0, SHOWN, country, guest, member=not guest)
        yield wire.DownloadResponse(
            content_type=stored.mimetype, name=stored.name, bytes=stored.size_bytes, sha256=stored.sha256
        )
        async for data in self._files.read(stored, request.offset, request.length or None):
            _pass(passage, edge, context.resident, len(data), SHOWN, country, guest, member=not guest)
            yield wire.DownloadResponse(data=data)

    def _facts(self, peer: PeerName, bundle_version: int) -> EdgeFacts:
        name = edge_of(peer, self._federation)
        known = self._edge(name) if name else None
        if name is None or known is None:
            raise PeerRefusedError(why="no edge", peer=peer.trust_domain)
        return EdgeFacts(name, known[0], known[1], "", "", bundle_version)


async def _chunks(
    first: wire.UploadRequest,
    requests: AsyncIterator[Any],
    passage: EdgePassage | None,
    edge: EdgeFacts,
    resident: str,
) -> AsyncIterator[bytes]:
    """The bytes as they come. They enter from where the edge stands."""
    country = edge.jurisdiction.partition("-")[0]
    _pass(passage, edge, resident, len(first.data), TAKEN, country)
    if first.data:
        yield first.data
    async for request in requests:
        if len(request.data) > 4 * CHUNK_BYTES:
            raise InvalidError(field="data", why="too_large")
        _pass(passage, edge, resident, len(request.data), TAKEN, country)
        if request.data:
            yield request.data


def _pass(
    passage: EdgePassage | None,
    edge: EdgeFacts,
    resident: str,
    size_bytes: int,
    points: tuple[Point, ...],
    country: str,
    guest: bool = False,
    member: bool = False,
) -> None:
    if passage is not None:
        passage.edge_passage(
            edge, resident, size_bytes, points, viewer_country=country, guest=guest, member=member
        )
