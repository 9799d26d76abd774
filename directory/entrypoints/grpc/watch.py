"""`Directory` over gRPC: resolve, find, and the watch with one record in flight.

Invariants
    1. A watch ends with a typed error, never silently: draining is UNAVAILABLE, a broken rule is named.
    2. A node that does not answer a record in `ANSWER_S` loses its stream and begins again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from accord.errors import InvalidError, NotReadyError
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from directory.domain.watch import Record, Start, WatchedNode
from directory.entrypoints.grpc.forms import integer, placement_to_wire, require_context
from directory.entrypoints.grpc.peers import Callers
from directory.ports.outside import Bell
from directory.services.claims import ClaimService
from directory.services.placements import PlacementService
from directory.services.watch import WatchService

Context = grpc.aio.ServicerContext[Any, Any]
Requests = AsyncIterator[pb.WatchRequest]

START_S = 10.0
ANSWER_S = 60.0
LOOK_S = 1.0
INBOX_MAX = 16


class DirectoryServicer(directory_pb2_grpc.DirectoryServicer):
    """What edges and cells need to route."""

    def __init__(
        self,
        placements: PlacementService,
        claims: ClaimService,
        watch: WatchService,
        callers: Callers,
        bell: Bell,
        metrics: Metrics,
        draining: asyncio.Event,
    ) -> None:
        self._placements = placements
        self._claims = claims
        self._watch = watch
        self._callers = callers
        self._bell = bell
        self._metrics = metrics
        self._draining = draining

    async def Resolve(self, request: pb.ResolveRequest, context: Context) -> pb.ResolveResponse:
        require_context(request.context)
        found, missing = await self._placements.resolve(self._callers.current(), request.residents)
        return pb.ResolveResponse(placements=[placement_to_wire(it) for it in found], missing=missing)

    async def Find(self, request: pb.FindRequest, context: Context) -> pb.FindResponse:
        require_context(request.context)
        names = [(it.attribute, it.key_id, it.index) for it in request.indexes]
        resident = await self._claims.find(self._callers.current(), names)
        return pb.FindResponse(resident=resident or "")

    async def Watch(self, requests: Requests, context: Context) -> AsyncIterator[pb.WatchResponse]:
        peer = self._callers.current()
        node = await self._watch.open(peer, await _first(requests))
        self._metrics.gauge("colink_watches").inc()
        get_logger().info("watch_opened", name=node.start.node, watch_version=node.acked_version)
        session = _Session(node, self._watch, self._bell, self._metrics, self._draining)
        reader = asyncio.ensure_future(session.read(requests))
        try:
            async for record in session.records(reader):
                yield pb.WatchResponse(
                    nonce=record.nonce,
                    delta=record.delta,
                    key_id=bytes.fromhex(self._watch.key_id),
                    signature=record.signature,
                )
        finally:
            self._watch.close(node)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await reader
            self._metrics.gauge("colink_watches").dec()
            get_logger().info("watch_closed", name=node.start.node, watch_version=node.acked_version)


class _Session:
    """One watch: an inbox of answers on one side, due records on the other."""

    def __init__(
        self,
        node: WatchedNode,
        watch: WatchService,
        bell: Bell,
        metrics: Metrics,
        draining: asyncio.Event,
    ) -> None:
        self._node = node
        self._metrics = metrics
        self._watch = watch
        self._bell = bell
        self._draining = draining
        self._inbox: asyncio.Queue[pb.WatchRequest] = asyncio.Queue(INBOX_MAX)
        self._loop = asyncio.get_running_loop()
        self._not_before_s = 0.0
        self._sent_s = 0.0

    async def read(self, requests: Requests) -> None:
        """Fill the inbox until the node says no more; a full inbox holds the node back."""
        async for request in requests:
            await self._inbox.put(request)

    async def records(self, reader: "asyncio.Future[None]") -> AsyncIterator[Record]:
        """Due records, each after the one before was answered, until the node or the process ends."""
        while True:
            rung = self._bell.rung()
            if self._node.pending is None and self._loop.time() >= self._not_before_s:
                record = await self._watch.next_record(self._node)
                if record is not None:
                    self._sent_s = self._loop.time()
                    yield record
            await self._wait(rung, reader)
            if self._draining.is_set():
                raise NotReadyError(what="draining")
            changed = self._bell.rung() != rung
            while not self._inbox.empty():
                self._take(self._inbox.get_nowait())
            if changed and self._node.refused:
                # What was refused goes again at once when it has changed meanwhile.
                self._not_before_s = 0.0
            if reader.done() and self._inbox.empty():
                reader.result()
                return
            if self._node.pending is not None and self._loop.time() > self._sent_s + ANSWER_S:
                raise InvalidError(field="ack", why="late")

    async def _wait(self, rung: int, reader: "asyncio.Future[None]") -> None:
        """Until an answer came, the bell rang, the process drains, or a second has passed."""
        answered = asyncio.ensure_future(self._inbox.get())
        others = [
            asyncio.ensure_future(self._bell.wait(rung, LOOK_S)),
            asyncio.ensure_future(self._draining.wait()),
        ]
        try:
            waited: set[asyncio.Future[Any]] = {answered, *others}
            if not reader.done():
                waited.add(reader)
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED, timeout=LOOK_S)
        finally:
            for waiting in others:
                waiting.cancel()
            if not answered.done():
                answered.cancel()
        if answered.done() and not answered.cancelled():
            self._take(answered.result())

    def _take(self, request: pb.WatchRequest) -> None:
        kind = request.WhichOneof("message")
        if kind == "ack":
            self._node.ack(request.ack.nonce)
        elif kind == "nack":
            if self._node.nack(request.nack.nonce):
                self._not_before_s = self._loop.time() + self._node.backoff_s
                self._refused(request.nack.nonce)
        elif kind == "subscribe":
            self._node.subscribe(request.subscribe.residents)
        else:
            raise InvalidError(field="message", why="a stream starts once")

    def _refused(self, nonce: int) -> None:
        # The node's own words may be anything: they are counted, not kept.
        self._metrics.count("colink_routes_refused_total", reason="nack")
        get_logger().warning("watch_refused", name=self._node.start.node, nonce=nonce)


async def _first(requests: Requests) -> Start:
    try:
        request = await asyncio.wait_for(anext(requests), START_S)
    except (TimeoutError, StopAsyncIteration):
        raise InvalidError(field="start", why="missing") from None
    if request.WhichOneof("message") != "start":
        raise InvalidError(field="start", why="missing")
    require_context(request.context)
    start = request.start
    version = integer(start.watch_version, "watch_version")
    return Start(start.node, version, start.last_hash, start.all, tuple(start.residents))
