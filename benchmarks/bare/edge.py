"""The bare edge: `python -m benchmarks.bare.edge PORT CELL_PORT`. Sockets at `/ws?channel=C...`."""

import asyncio
import sys
from collections import defaultdict
from typing import Any

import grpc
import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from benchmarks.bare.cell import STREAM, frame


class In(msgspec.Struct):
    """What a client sends."""

    id: int
    channel: str
    client_msg_id: str
    text: str


class Edge:
    """Sends of one turn of the loop go up together; what comes down is written once per socket."""

    def __init__(self) -> None:
        self.sockets: dict[int, Socket] = {}
        self.channels: defaultdict[str, list[Socket]] = defaultdict(list)
        self._up: list[tuple[int, int, str, str, str]] = []
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, number: int, message: In) -> None:
        """Queue one for this turn."""
        if not self._up:
            asyncio.get_running_loop().call_soon(self._flush)
        self._up.append((number, message.id, message.channel, message.client_msg_id, message.text))

    def _flush(self) -> None:
        sends, self._up = self._up, []
        self._sending.put_nowait(msgspec.msgpack.encode(sends))

    async def link(self, port: int) -> None:
        """Speak to the cell until ended."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: Any = channel.stream_stream(STREAM)()

            async def write() -> None:
                while True:
                    await call.write(await self._sending.get())

            writing = asyncio.create_task(write())
            decoder = msgspec.msgpack.Decoder(tuple[list[tuple[int, int]], list[tuple[str, bytes]]])
            async for group in call:
                self._tell(*decoder.decode(group))
            writing.cancel()

    def _tell(self, answers: list[tuple[int, int]], events: list[tuple[str, bytes]]) -> None:
        for channel, frames in events:
            for socket in self.channels[channel]:
                socket.write(frames)
        for number, sent in answers:
            if socket_or_none := self.sockets.get(number):
                socket_or_none.write(frame(b'{"ok":true,"reply_to":%d}' % sent))


class Socket(WSListener):
    """One client."""

    def __init__(self, edge: Edge, channel: str) -> None:
        self._edge, self._channel = edge, channel
        self._number = id(self)
        self._transport: Any = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Join the channel."""
        self._transport = transport.underlying_transport
        self._edge.sockets[self._number] = self
        self._edge.channels[self._channel].append(self)
        self.write(frame(b'{"type":"hello"}'))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave it."""
        del transport
        self._edge.sockets.pop(self._number, None)
        self._edge.channels[self._channel].remove(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message."""
        del transport
        if frame.msg_type == WSMsgType.TEXT:
            self._edge.send(self._number, msgspec.json.decode(frame.get_payload_as_memoryview(), type=In))

    def write(self, data: bytes) -> None:
        """Put frames on the socket."""
        self._transport.write(data)


async def serve(port: int, cell_port: int) -> None:
    """Serve until ended."""
    edge = Edge()

    def socket(request: Any) -> Socket:
        return Socket(edge, request.path.partition(b"channel=")[2].decode())

    server = await ws_create_server(socket, "127.0.0.1", port, backlog=4_096)
    async with server:
        await edge.link(cell_port)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
