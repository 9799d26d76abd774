"""ControlledChannel: searches of other cells.

Only processes of other admitted cells may call (entrypoints/allow.py).
"""

from collections.abc import AsyncIterator
from typing import Any

from accord.errors import PeerRefusedError
from accord.runtime.rpc_server import current_peer
from accord.wire.cell.v1 import channel_pb2 as wire
from accord.wire.cell.v1 import channel_pb2_grpc as stubs
from regional_cell.domain.search_exchange import Ask, Part
from regional_cell.domain.transfers import header_of
from regional_cell.services.search.answering import Answering
from regional_cell.services.search.quarantine import Quarantine


class ChannelService(stubs.ControlledChannelServicer):
    """The servicer."""

    def __init__(self, answering: Answering, quarantine: Quarantine) -> None:
        self._answering, self._quarantine = answering, quarantine

    async def Search(self, request: wire.SearchRequest, context: Any) -> AsyncIterator[wire.SearchResponse]:
        """Answer a search, part by part. Errors as `Answering.answer`, and OverloadedError."""
        peer = current_peer().node
        with self._quarantine.watch(peer):
            ask, query = _ask(request), request.query
            if not request.HasField("leg"):
                raise PeerRefusedError(why="no leg", peer=peer)
            leg = request.leg
            header = header_of({field.name: getattr(leg, field.name) for field in leg.DESCRIPTOR.fields})
            parts = self._answering.answer(peer, ask, header, query)
            try:
                async for part in parts:
                    yield _response(part)
            finally:
                await parts.aclose()


def _ask(request: wire.SearchRequest) -> Ask:
    context = request.context
    return Ask(
        context.principal,
        context.resident,
        tuple(request.workspaces),
        request.organisation,
        request.first_answer_ms,
        request.tail_ms,
        request.count,
        request.sort,
        request.ascending,
        request.highlight,
        request.mode,
        request.viewer_country,
        request.viewer_relation,
        context.request_id,
    )


def _response(part: Part) -> wire.SearchResponse:
    response = wire.SearchResponse(
        workspace=part.workspace,
        hits=[wire.SearchHit(item_id=hit.item_id, match=hit.match) for hit in part.hits],
        summary=part.summary,
    )
    if part.header is not None:
        response.leg.CopyFrom(wire.Leg(**part.header.to_leg()))
    if part.refusal is not None:
        told = part.refusal
        response.refusal.CopyFrom(wire.SearchRefusal(rule=told.rule, text=told.text, decision=told.decision))
    return response
