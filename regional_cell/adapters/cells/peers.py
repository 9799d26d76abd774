"""Channels to other cells.

Invariants
    1. What is sent is the passage's booked items, to the passage's destination; there is no other way to
       send.
    2. A channel to cell X believes X's certificate authority alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc.aio

from accord.errors import HomeUnreachableError, InvalidError, OutcomeUnknownError
from accord.runtime.delay import DelayLink
from accord.runtime.rpc_client import retire, typed_errors
from accord.wire.cell.v1 import channel_pb2 as wire
from accord.wire.cell.v1 import channel_pb2_grpc as stubs
from accord.wire.common.v1 import common_pb2
from regional_cell.domain.search_exchange import Ask, Hit, Part, Refusal
from regional_cell.domain.transfers import header_of
from regional_cell.ports.crossings import Passage

RULE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX = 200, 500


class CellPeers:
    """`ports.PeerCells`. Close it at the end.

    Args:
        open: (cell, address) to a channel that pins the cell.
        addresses: of an admitted cell; empty when it is not known.
        links: cell or region name to the round trip in ms that is added on the way (demonstrations, tests).
        region_of: region of an admitted cell.
    """

    def __init__(
        self,
        open: Callable[[str, str], grpc.aio.Channel],
        addresses: Callable[[str], Sequence[str]],
        *,
        links: Mapping[str, float] | None = None,
        region_of: Callable[[str], str | None] = lambda cell: None,
    ) -> None:
        self._open, self._addresses = open, addresses
        self._links, self._region_of = dict(links or {}), region_of
        self._channels: dict[tuple[str, str], grpc.aio.Channel] = {}
        self._delays: list[DelayLink] = []
        self._opening = asyncio.Lock()

    async def search(self, passage: Passage, ask: Ask) -> AsyncIterator[Part]:
        """As `ports.PeerCells.search`."""
        channel = await self._channel(passage.destination.name)
        (_, _, query), *more = passage.items
        if more:
            raise InvalidError(field="query", why="more than one item")
        stub: Any = stubs.ControlledChannelStub(channel)
        deadline_s = max(ask.first_answer_ms, ask.tail_ms) / 1000
        call = stub.Search(_request(ask, passage, query), timeout=deadline_s)
        try:
            with typed_errors():
                async for response in call:
                    yield _part(response)
        except OutcomeUnknownError as error:
            if error.metadata.get("status") == grpc.StatusCode.DEADLINE_EXCEEDED.name:
                raise TimeoutError from None
            raise
        finally:
            call.cancel()

    async def warm(self, cells: Sequence[str]) -> None:
        """Connect before the first search has to wait for it. Errors are left to the search."""
        for cell in cells:
            if self._addresses(cell):
                (await self._channel(cell)).get_state(try_to_connect=True)

    def renew(self) -> None:
        """Connect anew; what is under way ends on the old connections."""
        while self._channels:
            retire(self._channels.popitem()[1])

    async def close(self) -> None:
        """Cut what is open."""
        for channel in self._channels.values():
            await channel.close(grace=None)
        for delay in self._delays:
            await delay.stop()

    async def _channel(self, cell: str) -> grpc.aio.Channel:
        addresses = self._addresses(cell)
        if not addresses:
            raise HomeUnreachableError(cell=cell)
        key = (cell, addresses[0])
        async with self._opening:
            if key not in self._channels:
                for old in [old for old in self._channels if old[0] == cell]:
                    await self._channels.pop(old).close(grace=None)
                self._channels[key] = self._open(cell, await self._way(cell, addresses[0]))
        return self._channels[key]

    async def _way(self, cell: str, address: str) -> str:
        """The address, or that of a link that takes its time."""
        round_trip_ms = self._links.get(cell) or self._links.get(self._region_of(cell) or "")
        if not round_trip_ms:
            return address
        host, _, port = address.rpartition(":")
        delay = DelayLink(host, int(port), round_trip_ms)
        self._delays.append(delay)
        return ":".join(str(part) for part in await delay.start())


def _request(ask: Ask, passage: Passage, query: bytes) -> wire.SearchRequest:
    header = passage.header
    context = common_pb2.RequestContext(
        request_id=ask.request_id,
        principal=ask.identity,
        resident=ask.workspace,
        purpose=header.purpose,
        bundle_version=header.bundle_version,
    )
    return wire.SearchRequest(
        context=context,
        leg=wire.Leg(**header.to_leg()),
        query=query,
        workspaces=ask.workspaces,
        organisation=ask.organisation,
        first_answer_ms=ask.first_answer_ms,
        tail_ms=ask.tail_ms,
        count=ask.count,
        sort=ask.sort,
        ascending=ask.ascending,
        highlight=ask.highlighted,
        mode=ask.mode,
        viewer_country=ask.country,
        viewer_relation=ask.relation,
    )


def _part(response: wire.SearchResponse) -> Part:
    header = refusal = None
    if response.HasField("leg"):
        leg = response.leg
        header = header_of({field.name: getattr(leg, field.name) for field in leg.DESCRIPTOR.fields})
    if response.HasField("refusal"):
        told = response.refusal
        refusal = Refusal(
            told.rule[:RULE_CHARACTERS_MAX],
            told.text[:TEXT_CHARACTERS_MAX],
            told.decision[:RULE_CHARACTERS_MAX],
        )
    hits = tuple(Hit(hit.item_id, hit.match) for hit in response.hits)
    return Part(response.workspace, header, hits, response.summary, refusal)
