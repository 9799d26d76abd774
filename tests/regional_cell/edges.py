"""An edge as a cell sees it: one stream over real TLS, with calls, sockets and frames in the order of
arrival.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio

from accord.runtime.rpc_client import open_channel
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc as stubs
from tests.regional_cell.cells import CELL, FEDERATION, Site

WAIT_S = 30.0


class TestEdge:
    """One stream. `frames` are those that are not answers to calls, in order; `reason` is why it ended."""

    __test__ = False

    def __init__(self, stream: Any, name: str, jurisdiction: str) -> None:
        self.stream, self.name, self.jurisdiction = stream, name, jurisdiction
        self.frames: list[wire.CellFrame] = []
        self.topics: dict[int, set[str]] = {}
        self.heard: dict[int, list[dict[str, Any]]] = {}
        # Sockets of frames that are to be confirmed, the oldest first; whether clients leave them unread.
        self.unconfirmed: list[int] = []
        self.takes_nothing = False
        self._answers: dict[int, asyncio.Future[wire.Answer]] = {}
        self._came = asyncio.Condition()
        self._writing = asyncio.Lock()
        self._slots: dict[str, int] = {}
        self._last = 0
        self.reading: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self.reason = ""

    async def send(self, *frames: wire.EdgeFrame) -> None:
        """Write one batch. One at a time: a call has room for one write, and a second at once ends it."""
        async with self._writing:
            await self.stream.write(wire.EdgeBatch(frames=frames))

    async def greet(self, **changed: str) -> wire.CellHello:
        """Say hello and read the cell's."""
        said = {"edge": self.name, "jurisdiction": self.jurisdiction, "region": "eu-central-1"}
        said |= {"url": "http://localhost:1", "socket_url": "ws://localhost:2"} | changed
        await self.send(wire.EdgeFrame(hello=wire.EdgeHello(**said)))  # type: ignore[arg-type]
        batch = await self.stream.read()
        if batch is grpc.aio.EOF:
            raise EOFError
        frames: list[wire.CellFrame] = list(batch.frames)
        first, rest = frames[0], frames[1:]
        self.reading = asyncio.ensure_future(self._read(rest))
        return first.hello

    async def _read(self, frames: list[wire.CellFrame]) -> None:
        await self._take(frames)
        try:
            while (batch := await self.stream.read()) is not grpc.aio.EOF:
                await self._take(list(batch.frames))
        except grpc.aio.AioRpcError as error:
            self.reason = error.details() or ""
        finally:
            self.ended.set()

    async def _take(self, frames: list[wire.CellFrame]) -> None:
        for frame in frames:
            if frame.HasField("answer") and frame.answer.id in self._answers:
                self._answers[frame.answer.id].set_result(frame.answer)
                continue
            self.frames.append(frame)
            self._fan_out(frame)
        while self.unconfirmed and not self.takes_nothing:
            await self.take()
        async with self._came:
            self._came.notify_all()

    async def take(self) -> None:
        """The client of the oldest frame that is to be confirmed has taken it."""
        taken = wire.SocketTaken(socket=self.unconfirmed.pop(0), frames=1)
        await self.send(wire.EdgeFrame(socket_taken=taken))

    def _fan_out(self, frame: wire.CellFrame) -> None:
        """What an edge does with it: keep topics, hand frames to sockets."""
        if frame.HasField("socket_opened"):
            self.topics[frame.socket_opened.socket] = set(frame.socket_opened.topics)
        elif frame.HasField("topics"):
            self.topics[frame.topics.socket] |= set(frame.topics.add)
            self.topics[frame.topics.socket] -= set(frame.topics.remove)
        elif frame.HasField("event"):
            event = frame.event
            if event.replied:
                self.heard.setdefault(event.replied, []).extend(all_said(event.reply))
            for socket, topics in self.topics.items():
                left_out = (event.replied, *event.except_sockets)
                if event.topic in topics and socket not in left_out:
                    self.heard.setdefault(socket, []).extend(all_said(frame.event.data))
        elif frame.HasField("socket_frame"):
            said = frame.socket_frame
            self.heard.setdefault(said.socket, []).extend(all_said(said.data))
            if said.confirm:
                self.unconfirmed.append(said.socket)

    async def until(self, done: Any) -> None:
        """Wait until `done()` is true."""
        async with asyncio.timeout(WAIT_S), self._came:
            await self._came.wait_for(done)

    # --- calls -----------------------------------------------------------------------------------------

    async def call(
        self, method: str, body: dict[str, Any] | None = None, *, token: str = "", resident: str = "",
        epoch: int = 1, country: str = "DE", content_type: str = "application/json", query: bytes = b"",
        data: bytes | None = None, deadline_ms: int = 5_000,
    ) -> wire.Answer:  # fmt: skip
        """One call and its answer. `data`: the body as it is, where it is no JSON object."""
        frames = []
        if token and token not in self._slots:
            self._slots[token] = len(self._slots) + 1
            slot = wire.PrincipalSlot(slot=self._slots[token], token=token)
            frames.append(wire.EdgeFrame(principal=slot))
        self._last += 1
        future = self._answers[self._last] = asyncio.get_running_loop().create_future()
        call = wire.Call(
            id=self._last, slot=self._slots.get(token, 0), resident=resident, epoch=epoch, method=method,
            content_type=content_type, query=query, deadline_ms=deadline_ms,
            body=json.dumps(body or {}).encode() if data is None else data,
            request_id=f"r{self._last}", viewer_country=country,
        )  # fmt: skip
        await self.send(*frames, wire.EdgeFrame(call=call))
        return await asyncio.wait_for(future, WAIT_S)

    async def ask(self, method: str, body: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """One call; the JSON of its answer."""
        answer: dict[str, Any] = json.loads((await self.call(method, body, **how)).body)
        return answer

    # --- sockets ---------------------------------------------------------------------------------------

    async def open_socket(self, number: int, token: str, team: str, resume: str = "", epoch: int = 1) -> None:
        """`rtm.connect`, then open; returns when the cell has said yes or no."""
        answer = await self.ask("rtm.connect", token=token, resident=team)
        assert answer["ok"], answer
        ticket = answer["url"].rpartition("/")[2]
        await self.open_with(number, ticket, resume, epoch)

    async def open_with(self, number: int, ticket: str, resume: str = "", epoch: int = 1) -> None:
        """Open with a ticket that is at hand."""
        opening = wire.OpenSocket(
            socket=number, ticket=ticket, resume=resume, epoch=epoch, viewer_country="DE"
        )
        await self.send(wire.EdgeFrame(open_socket=opening))
        await self.until(lambda: number in self.topics or self.refused(number) is not None)

    def refused(self, number: int) -> wire.SocketRefused | None:
        """The refusal of a socket, if there was one."""
        found = [f.socket_refused for f in self.frames if f.HasField("socket_refused")]
        return next((refusal for refusal in found if refusal.socket == number), None)

    def closed(self, number: int) -> str | None:
        """Why the cell closed a socket, if it did."""
        found = [f.close_socket for f in self.frames if f.HasField("close_socket")]
        return next((close.reason for close in found if close.socket == number), None)

    async def say(self, number: int, **frame: Any) -> None:
        """A frame of the socket's client."""
        data = json.dumps(frame).encode()
        await self.send(wire.EdgeFrame(socket_frame=wire.SocketFrame(socket=number, data=data)))

    def of(self, number: int, kind: str) -> list[dict[str, Any]]:
        """What a socket heard of one type, in order."""
        return [frame for frame in self.heard.get(number, []) if frame.get("type") == kind]

    async def marked(self, number: int) -> str:
        """The newest resume token of a socket, once it is newer than everything heard."""
        await self.until(lambda: self.of(number, "x_mark"))
        return str(self.of(number, "x_mark")[-1]["x_resume"])


def said(frame: bytes) -> dict[str, Any]:
    """The JSON in a WebSocket text frame."""
    (body,) = all_said(frame)
    return body


def all_said(frames: bytes) -> list[dict[str, Any]]:
    """The JSON in each of the WebSocket text frames."""
    bodies: list[dict[str, Any]] = []
    while frames:
        assert frames[0] == 0x81
        size, start = frames[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(frames[2:start], "big")
        bodies.append(json.loads(frames[start : start + size]))
        frames = frames[start + size :]
    return bodies


@asynccontextmanager
async def edge_to(
    site: Site, name: str = "fra", jurisdiction: str = "DE", greet: bool = True
) -> AsyncIterator[TestEdge]:
    """An edge with its own certificate, connected to the site's cell."""
    channel = open_channel(
        f"127.0.0.1:{site.grpc}", site.mtls(name, "edge"), site.trust, f"{CELL}.{FEDERATION}"
    )
    stream = stubs.GatewayStub(channel).Exchange()
    edge = TestEdge(stream, name, jurisdiction)
    try:
        if greet:
            await edge.greet()
        yield edge
    finally:
        stream.cancel()
        if edge.reading is not None:
            await asyncio.gather(edge.reading, return_exceptions=True)
        await channel.close(grace=None)
