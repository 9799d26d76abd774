"""A small cell and a small directory that speak the wire, for tests of the edge alone. Not shipped."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from accord.errors import NotFoundError
from accord.handover import Handover, sign_handover
from accord.routes import CHAIN_START, route_record_hash, sign_route
from accord.signing import SigningKey
from accord.wire.cell.v1 import gateway_pb2 as cell_wire
from accord.wire.cell.v1 import gateway_pb2_grpc as cell_stubs
from accord.wire.directory.v1 import directory_pb2 as wire
from accord.wire.directory.v1 import directory_pb2_grpc as stubs

Handler = Callable[["FakeCell", "Session", cell_wire.Call, bytes], Awaitable[cell_wire.Answer | None]]


class Session:
    """One Exchange stream of an edge: what came, and a queue of what goes."""

    def __init__(self) -> None:
        self.hello = cell_wire.EdgeHello()
        self.slots: dict[int, str] = {}
        self.out: asyncio.Queue[list[cell_wire.CellFrame] | None] = asyncio.Queue()
        self.frames: list[cell_wire.EdgeFrame] = []
        self.bodies: dict[int, tuple[cell_wire.Call, list[bytes]]] = {}

    def send(self, *frames: cell_wire.CellFrame) -> None:
        self.out.put_nowait(list(frames))

    def break_off(self) -> None:
        self.out.put_nowait(None)

    def of(self, kind: str) -> list[Any]:
        return [getattr(frame, kind) for frame in self.frames if frame.WhichOneof("frame") == kind]


async def echo(cell: "FakeCell", session: Session, call: cell_wire.Call, body: bytes) -> cell_wire.Answer:
    """The default: says what came."""
    token = session.slots.get(call.slot, "")
    said = b'{"ok":true,"method":"%s","cell":"%s","token":%s,"bytes":%d}' % (
        call.method.encode(),
        cell.name.encode(),
        b"true" if token else b"false",
        len(body),
    )
    headers = [cell_wire.Header(name="x-oauth-scopes", value="chat:write")]
    return cell_wire.Answer(id=call.id, status=200, headers=headers, body=said)


class FakeCell(cell_stubs.GatewayServicer):
    """Answers calls with `handler`, sockets with `topics`; keeps what it was sent."""

    def __init__(self, name: str, jurisdiction: str, region: str) -> None:
        self.name, self.jurisdiction, self.region = name, jurisdiction, region
        self.key = SigningKey.generate()
        self.address = ""
        self.authority = b""
        self.sessions: list[Session] = []
        self.calls: list[tuple[cell_wire.Call, bytes]] = []
        self.handler: Handler = echo
        self.people: dict[bytes, str] = {}
        self.topics = ["T0/C0"]
        self.refuse: cell_wire.SocketRefused | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self.files: dict[str, bytes] = {}
        self.uploads: list[tuple[str, bytes]] = []

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    async def Exchange(self, request_iterator: Any, context: Any) -> AsyncIterator[cell_wire.CellBatch]:
        session = Session()
        reading = asyncio.ensure_future(self._read(request_iterator, session))
        try:
            yield cell_wire.CellBatch(
                frames=[
                    cell_wire.CellFrame(
                        hello=cell_wire.CellHello(cell=self.name, software="test", process="p")
                    )
                ]
            )
            self.sessions.append(session)
            while (frames := await session.out.get()) is not None:
                yield cell_wire.CellBatch(frames=frames)
        finally:
            reading.cancel()

    async def _read(self, requests: Any, session: Session) -> None:
        async for batch in requests:
            await self.reads.wait()
            for frame in batch.frames:
                session.frames.append(frame)
                kind = frame.WhichOneof("frame")
                if kind == "hello":
                    session.hello = frame.hello
                elif kind == "principal":
                    session.slots[frame.principal.slot] = frame.principal.token
                elif kind == "call":
                    if frame.call.more:
                        session.bodies[frame.call.id] = frame.call, []
                    else:
                        self._answer(session, frame.call, frame.call.body)
                elif kind == "chunk":
                    call, parts = session.bodies[frame.chunk.id]
                    parts.append(frame.chunk.data)
                    if frame.chunk.last:
                        self._answer(session, call, b"".join(parts))
                elif kind == "open_socket":
                    self._open(session, frame.open_socket)
                elif kind == "find":
                    found = next(
                        (self.people[i.index] for i in frame.find.indexes if i.index in self.people), ""
                    )
                    session.send(cell_wire.CellFrame(found=cell_wire.Found(id=frame.find.id, resident=found)))

    def _answer(self, session: Session, call: cell_wire.Call, body: bytes) -> None:
        self.calls.append((call, body))
        asyncio.ensure_future(self._handle(session, call, body))  # noqa: RUF006 - ends with the loop

    async def _handle(self, session: Session, call: cell_wire.Call, body: bytes) -> None:
        answer = await self.handler(self, session, call, body)
        if answer is not None:
            session.send(cell_wire.CellFrame(answer=answer))

    def _open(self, session: Session, opened: cell_wire.OpenSocket) -> None:
        if self.refuse is not None:
            refused = cell_wire.SocketRefused()
            refused.CopyFrom(self.refuse)
            refused.socket = opened.socket
            session.send(cell_wire.CellFrame(socket_refused=refused))
            return
        session.send(
            cell_wire.CellFrame(
                socket_opened=cell_wire.SocketOpened(socket=opened.socket, topics=self.topics)
            ),
            cell_wire.CellFrame(
                socket_frame=cell_wire.SocketFrame(socket=opened.socket, data=text(b'{"type":"hello"}'))
            ),
        )

    async def Upload(self, request_iterator: Any, context: Any) -> cell_wire.UploadResponse:
        ticket, data = "", b""
        async for part in request_iterator:
            ticket = ticket or part.ticket
            data += part.data
        self.uploads.append((ticket, data))
        return cell_wire.UploadResponse(bytes=len(data))

    async def Download(self, request: Any, context: Any) -> AsyncIterator[cell_wire.DownloadResponse]:
        data = self.files.get(request.file)
        if data is None:
            raise NotFoundError(thing="file")
        end = request.offset + request.length if request.length else len(data)
        wanted = data[request.offset : end]
        first = wanted[: 256 * 1024]
        yield cell_wire.DownloadResponse(
            content_type="text/html", name="näme.html", bytes=len(data), data=first
        )
        for at in range(len(first), len(wanted), 256 * 1024):
            yield cell_wire.DownloadResponse(data=wanted[at : at + 256 * 1024])

    def record(self) -> wire.Cell:
        return wire.Cell(
            name=self.name,
            jurisdiction=self.jurisdiction,
            region=self.region,
            addresses=[self.address],
            state=wire.CELL_STATE_ACTIVE,
            authority=self.authority,
        )

    def ring_key(self) -> wire.Key:
        return wire.Key(
            cell=self.name,
            purposes=["*"],
            key_id=self.key.key_id,
            public_key=self.key.public,
            not_before_s=0,
            not_after_s=2**40,
            state=wire.KEY_STATE_ACTIVE,
        )


def text(payload: bytes) -> bytes:
    """A finished text frame of fewer than 64 KiB."""
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else bytes((0x81, 126)) + size.to_bytes(2, "big")
    return head + payload


def placed(
    resident: str, home: FakeCell, epoch: int = 1, before: FakeCell | None = None, establishment: str = "DE"
) -> wire.Placement:
    """A placement with a proper hand-over."""
    handover = Handover(resident, before.name if before else "", home.name, epoch, "00")
    record = sign_handover(before.key, handover) if before else b""
    record = sign_handover(home.key, handover, record)
    return wire.Placement(
        resident=resident,
        kind=wire.RESIDENT_KIND_WORKSPACE,
        cell=home.name,
        epoch=epoch,
        version=epoch,
        handover=record,
        establishment=establishment,
        subjects=[],
    )


class FakeDirectory(stubs.DirectoryServicer, stubs.PoliciesServicer):
    """Sends signed deltas in a chain of its own per watch, the bundle, and answers look-ups."""

    def __init__(self) -> None:
        self.routes_key, self.bundle_key = SigningKey.generate(), SigningKey.generate()
        self.version = 1
        self.cells: list[FakeCell] = []
        self.placements: dict[str, wire.Placement] = {}
        self.edges: list[wire.Edge] = []
        self.unwatched: dict[str, wire.Placement] = {}
        self.people: dict[bytes, str] = {}
        self.bundle = b""
        self.bundle_version = 1
        self.acks: list[int] = []
        self.nacks: list[str] = []
        self.starts: list[wire.WatchStart] = []
        self.acknowledged: list[int] = []
        self.resolved: list[str] = []
        self._news: list[asyncio.Queue[wire.RouteDelta]] = []

    def snapshot(self) -> wire.RouteDelta:
        return wire.RouteDelta(
            watch_version=self.version,
            full=True,
            placements=list(self.placements.values()),
            cells=[cell.record() for cell in self.cells],
            edges=self.edges,
            keys=[cell.ring_key() for cell in self.cells],
        )

    def publish(self, *placements: wire.Placement) -> None:
        """A delta to all who watch."""
        self.version += 1
        for entry in placements:
            self.placements[entry.resident] = entry
        delta = wire.RouteDelta(watch_version=self.version, placements=placements)
        for queue in self._news:
            queue.put_nowait(delta)

    async def Watch(self, request_iterator: Any, context: Any) -> AsyncIterator[wire.WatchResponse]:
        requests = aiter(request_iterator)
        start = (await anext(requests)).start
        self.starts.append(start)
        news: asyncio.Queue[wire.RouteDelta] = asyncio.Queue()
        last = start.last_hash or CHAIN_START
        if not start.last_hash or start.watch_version != self.version:
            news.put_nowait(self.snapshot())
        self._news.append(news)
        reading = asyncio.ensure_future(self._replies(requests))
        try:
            nonce = 0
            while True:
                delta = (await news.get()).SerializeToString()
                nonce += 1
                signature = sign_route(self.routes_key, last, delta)
                last = route_record_hash(last, delta, signature)
                yield wire.WatchResponse(
                    nonce=nonce,
                    delta=delta,
                    key_id=bytes.fromhex(self.routes_key.key_id),
                    signature=signature,
                )
        finally:
            self._news.remove(news)
            reading.cancel()

    async def _replies(self, requests: Any) -> None:
        async for request in requests:
            if request.WhichOneof("message") == "ack":
                self.acks.append(request.ack.nonce)
            elif request.WhichOneof("message") == "nack":
                self.nacks.append(request.nack.reason)

    async def Resolve(self, request: Any, context: Any) -> wire.ResolveResponse:
        self.resolved += request.residents
        found = [self.unwatched[name] for name in request.residents if name in self.unwatched]
        missing = [name for name in request.residents if name not in self.unwatched]
        return wire.ResolveResponse(placements=found, missing=missing)

    async def Find(self, request: Any, context: Any) -> wire.FindResponse:
        found = next((self.people[i.index] for i in request.indexes if i.index in self.people), "")
        return wire.FindResponse(resident=found)

    async def WatchBundle(self, request: Any, context: Any) -> AsyncIterator[wire.WatchBundleResponse]:
        digest = hashlib.sha256(self.bundle).digest()
        signed = wire.SignedBundle(
            version=self.bundle_version,
            bundle=self.bundle,
            key_id=self.bundle_key.key_id,
            signature=self.bundle_key.sign("bundle", digest),
        )
        yield wire.WatchBundleResponse(bundle=signed)
        await asyncio.Event().wait()

    async def Acknowledge(self, request: Any, context: Any) -> wire.AcknowledgeResponse:
        self.acknowledged.append(request.bundle_version)
        return wire.AcknowledgeResponse(settled_version=request.bundle_version)


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition, at most so long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        if loop.time() > end:
            raise AssertionError("it did not come to pass in time")
        await asyncio.sleep(0.01)
