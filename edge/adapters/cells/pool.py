"""Streams to every process of every cell in the route table, kept connected; files on connections of their
own.

Invariants
    1. There is one stream per address that the route table names, and none to any other.
    2. A lost stream is connected again with growing pauses and jitter; with short ones while somebody waits.
    3. A stream that works is given up for its successor only, or because its cell is not believed any more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc.aio

from accord.errors import ColinkError, HomeUnreachableError
from accord.runtime.delay import DelayLink
from accord.runtime.rpc_client import retire, typed_errors
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc as stubs
from accord.wire.common.v1 import common_pb2
from edge.adapters.cells.stream import CHUNK_BYTES, Stream
from edge.domain.processes import ranked
from edge.domain.routes import SERVING, CellRoute
from edge.ports import CellStream, FileChunk, FileRequest, SocketEvents

PAUSE_S_MAX = 1.0
WAITED_FOR_S = 0.1
FILE_S_MAX = 3_600.0
# What is not believed any more is not spoken to for longer, and what is under way has the time of a call.
SUCCEEDED_S_MAX, ENDED_S_MAX = 60.0, 12.0


class CellPool:
    """Keeps the promises of `ports.Cells`.

    Args:
        open: opens a channel to an address of a cell by its name.
        links: cell or region name to the round trip in ms that is added on the way.
        told: called with (cell, event word) when a stream is ready, lost or refused.
        jitter: a number from 0 to 1.
        bundle_version: of the bundle in force here, said with every call and every file.
    """

    def __init__(
        self,
        open: Callable[[str, str], grpc.aio.Channel],
        hello: Callable[[], wire.EdgeHello],
        events: SocketEvents,
        *,
        links: Mapping[str, float],
        calls_max: int,
        told: Callable[[str, str], None],
        jitter: Callable[[], float],
        bundle_version: Callable[[], int],
    ) -> None:
        self._bundle_version = bundle_version
        self._open, self._hello, self._events = open, hello, events
        self._links, self._calls_max, self._told, self._jitter = dict(links), calls_max, told, jitter
        self._streams: dict[tuple[str, str], Stream] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._followed: dict[tuple[str, str], CellRoute] = {}
        self._leaving: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._delays: dict[tuple[str, str], DelayLink] = {}
        self._via: dict[tuple[str, str], str] = {}
        self._came: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, int] = {}
        self._files: dict[tuple[str, str], grpc.aio.Channel] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, cells: Mapping[str, CellRoute]) -> None:
        """Keep streams to exactly these cells."""
        wanted = {
            (cell.name, address): cell
            for cell in cells.values()
            if cell.state in SERVING
            for address in cell.addresses
        }
        for key in [key for key in self._running if key not in wanted]:
            self._running.pop(key).cancel()
            if (leaving := self._leaving.pop(key, None)) is not None:
                leaving.cancel()
            self._streams.pop(key, None)
            channel = self._files.pop(key, None)
            if channel is not None:
                retire(channel)
        self._followed = wanted
        for key, cell in wanted.items():
            if key not in self._running:
                self._running[key] = asyncio.ensure_future(self._keep(key, cell))

    def renew(self, own: bool, withdrawn: bool) -> None:
        """Go on over new connections.

        A stream that is open leaves when its successor is ready: its calls end, its sockets come back.

        Args:
            own: our certificate is another one.
            withdrawn: somebody is not believed any more: who has no successor in time is cut off.
        """
        while self._files:
            retire(self._files.popitem()[1], FILE_S_MAX)
        if not own and not withdrawn:
            return
        for key, old in list(self._running.items()):
            self._running[key] = asyncio.ensure_future(self._keep(key, self._followed[key]))
            if key in self._leaving or key not in self._streams:
                # It was to be a successor itself, and is none yet.
                old.cancel()
            else:
                self._leaving[key] = old
            if withdrawn and key in self._leaving:
                asyncio.get_running_loop().call_later(SUCCEEDED_S_MAX, self._leaving[key].cancel)

    async def stop(self) -> None:
        running = [*self._running.values(), *self._leaving.values(), *self._ending]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for channel in self._files.values():
            await channel.close(grace=None)
        for delay in self._delays.values():
            await delay.stop()

    async def _keep(self, key: tuple[str, str], cell: CellRoute) -> None:
        address = await self._way(key, cell)
        stream = Stream(
            cell.name,
            key[1],
            lambda: self._open(cell.name, address),
            self._hello,
            self._events,
            self._calls_max,
            lambda: self._became_ready(key, stream),
            self._bundle_version,
        )
        pause_s = 0.05
        while True:
            begun_s = asyncio.get_running_loop().time()
            try:
                await stream.serve()
                self._told(cell.name, "lost")
            except ColinkError as error:
                self._told(cell.name, error.reason.lower())
            except Exception as error:
                # A defect costs one connection, never the way to a cell.
                self._told(cell.name, type(error).__name__)
            if asyncio.current_task() not in (self._running.get(key), self._leaving.get(key)):
                return  # there is a successor
            if asyncio.get_running_loop().time() - begun_s > PAUSE_S_MAX:
                pause_s = 0.05
            await self._pause(cell.name, pause_s * (0.5 + self._jitter()))
            pause_s = min(PAUSE_S_MAX, pause_s * 2)

    async def _pause(self, cell: str, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + pause_s
        while (left_s := until_s - loop.time()) > 0:
            await asyncio.sleep(min(left_s, WAITED_FOR_S))
            if self._waiting.get(cell):
                return

    def _became_ready(self, key: tuple[str, str], stream: Stream) -> None:
        cell, before = key[0], self._streams.get(key)
        self._told(cell, "ready")
        self._streams[key] = stream
        if before is not None and before is not stream and (task := self._leaving.pop(key, None)) is not None:
            ending = asyncio.ensure_future(self._end(before, task))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
        if (came := self._came.pop(cell, None)) is not None:
            came.set()

    async def _end(self, stream: Stream, task: asyncio.Task[None]) -> None:
        """A stream that has a successor: sockets return, calls under way are answered."""
        self._events.drain(stream, 0)
        until_s = asyncio.get_running_loop().time() + ENDED_S_MAX
        while stream.under_way and asyncio.get_running_loop().time() < until_s:  # noqa: ASYNC110 - bounded, once
            await asyncio.sleep(0.02)
        task.cancel()

    async def _way(self, key: tuple[str, str], cell: CellRoute) -> str:
        """The address to dial: the process itself, or a link that adds the distance."""
        round_trip_ms = self._links.get(cell.name, self._links.get(cell.region, 0.0))
        if not round_trip_ms:
            self._via[key] = key[1]
        elif key not in self._via:
            host, _, port = key[1].rpartition(":")
            link = DelayLink(host.strip("[]"), int(port), round_trip_ms)
            self._delays[key] = link
            near_host, near_port = await link.start()
            self._via[key] = f"{near_host}:{near_port}"
        return self._via[key]

    async def streams(self, cell: CellRoute, resident: str, wait_s: float) -> list[CellStream]:
        ready = self.ready(cell, resident)
        if ready or wait_s <= 0:
            return ready
        came = self._came.setdefault(cell.name, asyncio.Event())
        self._waiting[cell.name] = self._waiting.get(cell.name, 0) + 1
        try:
            async with asyncio.timeout(wait_s):
                await came.wait()
        except TimeoutError:
            return []
        finally:
            self._waiting[cell.name] -= 1
        return self.ready(cell, resident)

    def ready(self, cell: CellRoute, resident: str) -> list[CellStream]:
        order = cell.addresses if len(cell.addresses) < 2 else ranked(resident, cell.addresses)
        found = (self._streams.get((cell.name, address)) for address in order)
        return [stream for stream in found if stream is not None and stream.ready]

    def ready_streams(self) -> list[CellStream]:
        first: dict[str, CellStream] = {}
        for stream in self._streams.values():
            if stream.ready:
                first.setdefault(stream.cell, stream)
        return list(first.values())

    # --- files ---------------------------------------------------------------------------------

    def _file_stub(self, cell: CellRoute, resident: str) -> Any:
        """On a connection of its own, so that file bytes never delay chat."""
        for address in ranked(resident, cell.addresses):
            key = (cell.name, address)
            if key in self._streams and self._streams[key].ready:
                if key not in self._files:
                    self._files[key] = self._open(cell.name, self._via[key])
                return stubs.GatewayStub(self._files[key])
        raise HomeUnreachableError(cell=cell.name, retry_after_ms=1_000)

    async def download(self, cell: CellRoute, request: FileRequest) -> AsyncIterator[FileChunk]:
        stub = self._file_stub(cell, request.resident)
        message = wire.DownloadRequest(
            context=_context(request, self._bundle_version()),
            file=request.file,
            offset=request.offset,
            length=request.length,
            viewer_country=request.viewer_country,
        )
        call = stub.Download(message, timeout=FILE_S_MAX)
        try:
            with typed_errors():
                async for part in call:
                    yield FileChunk(part.data, part.content_type, part.name, part.bytes)
        finally:
            call.cancel()

    async def upload(self, cell: CellRoute, request: FileRequest, chunks: AsyncIterator[bytes]) -> int:
        stub = self._file_stub(cell, request.resident)

        version = self._bundle_version()

        async def parts() -> AsyncIterator[wire.UploadRequest]:
            yield wire.UploadRequest(context=_context(request, version), ticket=request.ticket)
            async for data in chunks:
                for at in range(0, len(data), CHUNK_BYTES):
                    yield wire.UploadRequest(data=data[at : at + CHUNK_BYTES])

        with typed_errors():
            answer = await stub.Upload(parts(), timeout=FILE_S_MAX)
        return int(answer.bytes)


def _context(request: FileRequest, bundle_version: int) -> common_pb2.RequestContext:
    return common_pb2.RequestContext(
        request_id=request.request_id,
        principal=request.token,
        resident=request.resident,
        epoch=request.epoch,
        bundle_version=bundle_version,
        purpose="local",
    )
