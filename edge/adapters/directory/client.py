"""The directory over gRPC: whichever of its addresses answers.

Invariants
    1. Only a process of the directory's trust domain is believed.
    2. A watch is one stream to one address; a lost one is begun at the next address.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import grpc.aio

from accord.errors import ColinkError, HomeUnreachableError, InvalidError, OutcomeUnknownError
from accord.ids import new_uuid
from accord.retries import RetryBudget
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_client import call, error_of, open_channel, retire, typed_errors
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from edge.adapters.directory.parsing import parse_placement
from edge.domain.journal import DELTA_BYTES_MAX, Record
from edge.domain.routes import Placement
from edge.ports import LookupIndex, RouteFeed, SignedBundle, SignedOrders

Answer = TypeVar("Answer")


class DirectoryClient:
    """Keeps the promises of `ports.Directory`.

    Args:
        node: name of this edge.
        bundle_version: the version held now, for the context of requests.
    """

    def __init__(
        self,
        node: str,
        addresses: Sequence[str],
        mtls: MtlsFiles,
        trust: Trust,
        trust_domain: str,
        bundle_version: Callable[[], int] = lambda: 0,
    ) -> None:
        self._node = node
        self._bundle_version = bundle_version
        self._open = partial(
            open_channel,
            mtls=mtls,
            trust=trust,
            expect=trust_domain,
            message_bytes_max=DELTA_BYTES_MAX + 65_536,
        )
        self._addresses = addresses
        self._channels = [self._open(address) for address in addresses]
        self._turn = 0
        self._budget = RetryBudget()

    def renew(self) -> None:
        """Go on over new connections; raises PeerRefusedError when the directory is not believed any more."""
        while self._channels:
            retire(self._channels.pop())
        self._channels = [self._open(address) for address in self._addresses]

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close(grace=None)

    def _context(self) -> common_pb2.RequestContext:
        return common_pb2.RequestContext(request_id=new_uuid(), bundle_version=self._bundle_version())

    def _next(self) -> grpc.aio.Channel:
        if not self._channels:
            raise HomeUnreachableError(why="the directory is not believed")
        self._turn = (self._turn + 1) % len(self._addresses)
        return self._channels[self._turn]

    async def _any(
        self, ask: Callable[[grpc.aio.Channel, float], Awaitable[Answer]], deadline_s: float
    ) -> Answer:
        """The answer of the first address that gives one; errors with a reason of the directory's own are
        answers.
        """
        error: ColinkError = HomeUnreachableError()
        self._budget.called()
        for place in range(len(self._channels)):
            if place and not self._budget.spend():
                break
            try:
                return await ask(self._channels[self._turn], deadline_s / len(self._channels))
            except (HomeUnreachableError, OutcomeUnknownError) as failure:
                # The next call begins where this one goes on.
                error = failure
                self._turn = (self._turn + 1) % len(self._addresses)
        raise error

    def watch(self, watch_version: int, last_hash: bytes) -> RouteFeed:
        return _Feed(self._next(), self._node, watch_version, last_hash, self._context)

    async def resolve(self, resident: str, deadline_s: float) -> Placement | None:
        async def ask(channel: grpc.aio.Channel, left_s: float) -> wire.ResolveResponse:
            request = wire.ResolveRequest(context=self._context(), residents=[resident])
            return await call(stubs.DirectoryStub(channel).Resolve, request, left_s)

        answer = await self._any(ask, deadline_s)
        for entry in answer.placements:
            if entry.resident == resident:
                return parse_placement(entry)
        return None

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        async def ask(channel: grpc.aio.Channel, left_s: float) -> wire.FindResponse:
            rows = [wire.BlindIndex(attribute=i.attribute, key_id=i.key_id, index=i.index) for i in indexes]
            request = wire.FindRequest(context=self._context(), indexes=rows)
            return await call(stubs.DirectoryStub(channel).Find, request, left_s)

        return (await self._any(ask, deadline_s)).resident

    async def watch_bundle(self, held_version: int) -> AsyncIterator[SignedBundle]:
        stub = stubs.PoliciesStub(self._next())
        stream: Any = stub.WatchBundle(
            wire.WatchBundleRequest(context=self._context(), held_version=held_version)
        )
        try:
            with typed_errors():
                async for answer in stream:
                    bundle = answer.bundle
                    told, orders = answer.orders, None
                    if answer.HasField("orders"):
                        orders = SignedOrders(told.version, told.orders, told.key_id, told.signature)
                    yield SignedBundle(bundle.version, bundle.bundle, bundle.key_id, bundle.signature, orders)
        finally:
            stream.cancel()

    async def acknowledge(self, version: int, bundle_hash: bytes) -> None:
        async def ask(channel: grpc.aio.Channel, left_s: float) -> wire.AcknowledgeResponse:
            request = wire.AcknowledgeRequest(
                context=self._context(), node=self._node, bundle_version=version, bundle_hash=bundle_hash
            )
            return await call(stubs.PoliciesStub(channel).Acknowledge, request, left_s)

        await self._any(ask, 5.0)


class _Feed:
    """One watch."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        node: str,
        watch_version: int,
        last_hash: bytes,
        context: Callable[[], common_pb2.RequestContext],
    ) -> None:
        self._channel, self._context = channel, context
        self._start = wire.WatchStart(node=node, watch_version=watch_version, last_hash=last_hash, all=True)
        self._stream: Any = None

    async def records(self) -> AsyncIterator[tuple[int, Record]]:
        self._stream = stubs.DirectoryStub(self._channel).Watch()
        try:
            with typed_errors():
                await self._stream.write(wire.WatchRequest(context=self._context(), start=self._start))
                while True:
                    answer = await self._stream.read()
                    if answer is grpc.aio.EOF:
                        await _raise_status(self._stream)
                        return
                    if len(answer.key_id) != 8 or len(answer.signature) != 64:
                        raise InvalidError(field="record", why="key id or signature")
                    yield answer.nonce, Record(answer.delta, answer.key_id, answer.signature)
        except asyncio.InvalidStateError:
            raise HomeUnreachableError() from None
        finally:
            self._stream.cancel()

    async def ack(self, nonce: int) -> None:
        await self._write(wire.WatchRequest(context=self._context(), ack=wire.WatchAck(nonce=nonce)))

    async def nack(self, nonce: int, reason: str) -> None:
        await self._write(
            wire.WatchRequest(context=self._context(), nack=wire.WatchNack(nonce=nonce, reason=reason))
        )

    async def _write(self, request: wire.WatchRequest) -> None:
        try:
            with typed_errors():
                await self._stream.write(request)
        except asyncio.InvalidStateError:
            raise HomeUnreachableError() from None


async def _raise_status(stream: Any) -> None:
    """The end of a stream as an error, unless it ended well."""
    if await stream.code() != grpc.StatusCode.OK:
        raise error_of(
            grpc.aio.AioRpcError(
                await stream.code(),
                await stream.initial_metadata(),
                await stream.trailing_metadata(),
                await stream.details(),
            )
        )
