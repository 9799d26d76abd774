"""What runs against the directory: the watch of routes, the watch of bundles, the fetching of a shadow, the
announcement.

Invariants
    1. A record is kept on disk before it is acknowledged; what does not prove is refused by nack and
       changes nothing.
    2. A lost stream is begun again with growing pauses and jitter; meanwhile what is known goes on serving.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio

from accord.errors import ColinkError, InvalidError, NotReadyError
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.rpc_client import typed_errors
from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RECORDS_BYTES_MAX, RecordFiles
from regional_cell.adapters.directory.routes import RouteTable
from regional_cell.adapters.directory.shadows import ShadowBundle

ANNOUNCE_S = 5.0
PAUSE_S_MIN = 0.1


class Watches:
    """Runs until cancelled.

    Args:
        checkpoint: the newest signed note of the ledger.
        load: share of the writer's queue in use.
        room: what the data folder has; None: not known. Called on a thread.
        jitter: a number from 0 to 1.
    """

    def __init__(
        self,
        client: DirectoryClient,
        table: RouteTable,
        policies: BundlePolicies,
        shadow: ShadowBundle,
        files: RecordFiles,
        metrics: Metrics,
        *,
        cell: str,
        software: str,
        backoff_s_max: float,
        checkpoint: Callable[[], Awaitable[str]],
        load: Callable[[], float],
        room: Callable[[], wire.CellRoom | None],
        jitter: Callable[[], float],
    ) -> None:
        self._client, self._table, self._policies, self._files = client, table, policies, files
        self._shadow = shadow
        self._metrics, self._cell, self._software = metrics, cell, software
        self._backoff_s_max, self._checkpoint, self._load, self._jitter = (
            backoff_s_max,
            checkpoint,
            load,
            jitter,
        )
        self._start_over, self._room = False, room
        policies.taken = self._taken

    def start(self) -> None:
        """Take what was kept: the cell serves its own residents from it when the directory is away."""
        for record in self._files.records():
            try:
                self._table.take(record)
            except InvalidError:
                get_logger().error("routes_refused", why="kept records do not prove")
                break
        self._policies.start()
        self._told()

    async def run(self) -> None:
        """All of them, for ever."""
        await asyncio.gather(
            self._again("watch", self._watch_routes),
            self._again("watch_bundle", self._watch_bundles),
            self._again("fetch_shadow", self._fetch_shadows),
            self._announce_for_ever(),
        )

    async def _again(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        pause_s = PAUSE_S_MIN
        loop = asyncio.get_running_loop()
        while True:
            begun_s = loop.time()
            try:
                await work()
            except ColinkError as error:
                get_logger().warning("directory_stream_lost", op=what, reason=error.reason.value)
            if loop.time() - begun_s > self._backoff_s_max:
                pause_s = PAUSE_S_MIN
            await asyncio.sleep(pause_s * (0.5 + self._jitter()))
            pause_s = min(self._backoff_s_max, pause_s * 2)

    # --- routes ----------------------------------------------------------------------------------------

    async def _watch_routes(self) -> None:
        start = wire.WatchStart(node=self._cell, all=True)
        if not self._start_over:
            start.watch_version, start.last_hash = self._table.watch_version, self._table.last_hash
        self._start_over = False
        stream: Any = stubs.DirectoryStub(self._client.next_channel()).Watch()
        try:
            with typed_errors():
                await stream.write(wire.WatchRequest(context=self._client.context(), start=start))
                while (record := await stream.read()) is not grpc.aio.EOF:
                    await self._take(stream, record)
                    if self._start_over:
                        return
        except asyncio.InvalidStateError:
            raise NotReadyError(why="directory away") from None
        finally:
            stream.cancel()

    async def _take(self, stream: Any, record: wire.WatchResponse) -> None:
        try:
            begins = self._table.take(record)
        except InvalidError as error:
            self._metrics.count("colink_routes_refused_total", reason=error.metadata.get("field", "record"))
            nack = wire.WatchNack(nonce=record.nonce, reason=error.metadata.get("why", "")[:64])
            await stream.write(wire.WatchRequest(context=self._client.context(), nack=nack))
            return
        await asyncio.to_thread(self._keep, record, begins)
        ack = wire.WatchAck(nonce=record.nonce)
        await stream.write(wire.WatchRequest(context=self._client.context(), ack=ack))
        self._told()

    def _keep(self, record: wire.WatchResponse, begins: bool) -> None:
        if begins:
            self._files.begin(record)
        elif self._files.append(record) > RECORDS_BYTES_MAX:
            # Too long a tail of deltas: the next stream begins with a full table, which replaces the file.
            self._start_over = True

    def _told(self) -> None:
        self._metrics.set_to("colink_routes", self._table.count())
        self._metrics.set_to("colink_bundle_version", self._policies.version)

    # --- bundles ---------------------------------------------------------------------------------------

    async def _watch_bundles(self) -> None:
        request = wire.WatchBundleRequest(context=self._client.context(), held_version=self._policies.version)
        stream: Any = stubs.PoliciesStub(self._client.next_channel()).WatchBundle(request)
        try:
            with typed_errors():
                async for answer in stream:
                    await self._take_bundle(answer)
        finally:
            stream.cancel()

    async def _take_bundle(self, answer: wire.WatchBundleResponse) -> None:
        try:
            # Orders only refuse: they come first, and need no bundle that proves.
            if answer.HasField("orders"):
                await self._policies.order(answer.orders)
            await self._policies.take(answer.bundle)
        except InvalidError as error:
            get_logger().error("bundle_refused", why=error.metadata.get("why", ""))
        self._shadow.tell(answer.shadow.base_version, answer.shadow.bundle_hash)
        await self._acknowledge()

    def _taken(self, version: int) -> None:
        get_logger().info("bundle_taken", bundle_version=version)
        self._metrics.set_to("colink_bundle_version", version)

    async def _fetch_shadows(self) -> None:
        """Beside the watch: what is slow or wrong about a shadow holds up nothing that decides."""
        while digest := await self._shadow.missing():
            request = wire.FetchShadowRequest(context=self._client.context(), bundle_hash=digest)
            answer = await self._client.ask(lambda channel: stubs.PoliciesStub(channel).FetchShadow, request)
            await self._shadow.take(digest, answer.bundle)
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        version = self._policies.version
        if not version:
            return
        request = wire.AcknowledgeRequest(
            context=self._client.context(),
            node=self._cell,
            bundle_version=version,
            bundle_hash=self._policies.hash,
            checkpoint=await self._checkpoint(),
            shadow=self._shadow.state,
        )
        answer = await self._client.ask(lambda channel: stubs.PoliciesStub(channel).Acknowledge, request)
        self._policies.confirm(0, answer.settled_version)

    # --- announcing ------------------------------------------------------------------------------------

    async def _announce_for_ever(self) -> None:
        while True:
            try:
                await self._announce()
            except ColinkError as error:
                get_logger().warning("announce_failed", reason=error.reason.value)
            self._metrics.set_to("colink_bundle_age_seconds", self._policies.age_s())
            await asyncio.sleep(ANNOUNCE_S * (0.9 + 0.2 * self._jitter()))

    async def _announce(self) -> None:
        request = wire.AnnounceRequest(
            context=self._client.context(),
            node=self._cell,
            software=self._software,
            state="ready",
            bundle_version=self._policies.version,
            checkpoint=await self._checkpoint(),
            load=self._load(),
            room=await asyncio.to_thread(self._room),
        )
        answer = await self._client.ask(lambda channel: stubs.CellsStub(channel).Announce, request, 4.0)
        self._policies.confirm(answer.bundle_version, 0)
        if self._policies.version:
            await self._acknowledge()
