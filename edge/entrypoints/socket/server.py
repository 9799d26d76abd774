"""The WebSocket door on picows: handshake, frames from clients, writes towards them.

Invariants
    1. A ticket is proven and transit decided before the handshake is answered.
    2. Text frames of at most 16 KB in one piece are taken; anything else closes the socket with a code.
    3. Every socket is pinged by protocol every `ping_s`; one that is silent for three times as long is cut,
       unless it is this edge that does not read it.
"""

import asyncio
import logging
import socket
import ssl
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from accord.errors import ColinkError, WrongEdgeError
from edge.domain.answers import error_body, retry_after_s
from edge.domain.frames import CLOSE_POLICY, CLOSE_TOO_BIG, CLOSE_UNSUPPORTED, close_frame
from edge.domain.routes import CellRoute, Placement
from edge.services.sockets import Sockets
from edge.services.tokens import Tokens

FRAME_BYTES_MAX = 16 * 1024
RECEIVED_BYTES = 64 * 1024
# What the kernel takes for a client that does not read; by itself it would go up to megabytes for each.
SENT_BYTES = 256 * 1024
# A client with more than this waiting for it is behind, until it has taken three quarters.
BEHIND_BYTES = 64 * 1024
CLOSING_S = 2.0
# Unanswered when the next one is due: that is when the third interval is over.
SILENT_PINGS_MAX = 2
# Who connects and was not accepted yet. Beyond it the kernel drops: the client tries again after 1, 3, 7 s.
BACKLOG = 4_096
PATH = b"/rtm/"


class _Client(WSListener):
    """One socket; keeps the promises of `ports.ClientSocket`."""

    def __init__(
        self, door: "SocketDoor", ticket: str, resume: str, home: tuple[Placement, CellRoute]
    ) -> None:
        super().__init__()
        self._door, self._ticket, self._resume, self._home = door, ticket, resume, home
        self._number = 0
        self._ended = False
        self.behind = False
        self.silent = 0

    # picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        plain = transport.underlying_transport
        self._write, self._waiting, self._plain = plain.write, plain.get_write_buffer_size, plain
        # Nothing here waits for them, the service bounds by cutting: they tell when a client is behind.
        plain.set_write_buffer_limits(high=BEHIND_BYTES, low=BEHIND_BYTES // 4)
        self._door.clients.add(self)
        self._number = self._door.sockets.open(self, self._ticket, self._resume, *self._home)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        self.silent = 0
        if self._ended or kind is WSMsgType.PONG or kind is WSMsgType.PING:
            return
        if kind is WSMsgType.TEXT and frame.fin and not frame.rsv1:
            if frame.payload_size <= FRAME_BYTES_MAX:
                self._door.sockets.received(self._number, frame.get_payload_as_bytes())
            else:
                self._refuse(CLOSE_TOO_BIG, "frame_too_big")
        elif kind is WSMsgType.CLOSE:
            self._refuse(1000, "")
        elif kind is WSMsgType.BINARY:
            self._refuse(CLOSE_UNSUPPORTED, "text_only")
        else:
            self._refuse(CLOSE_POLICY, "one_piece_only")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._ended = True
        self._door.clients.discard(self)
        self._door.sockets.gone(self._number)

    def pause_writing(self) -> None:
        self.behind = True

    def resume_writing(self) -> None:
        self.behind = False
        self._door.sockets.taken(self._number)

    def _refuse(self, code: int, reason: str) -> None:
        self.close(code, reason)
        self._door.sockets.gone(self._number)

    # ports.ClientSocket

    def write(self, frames: bytes) -> int:
        if self._ended:
            return 0
        self._write(frames)
        return self._waiting()

    def pause(self) -> None:
        if not self._plain.is_closing():
            self._plain.pause_reading()

    def resume(self) -> None:
        self.silent = 0
        if not self._plain.is_closing():
            self._plain.resume_reading()

    def close(self, code: int, reason: str) -> None:
        if self._ended:
            return
        self._ended = True
        self._write(close_frame(code, reason))
        # The client answers with a close frame of its own; one that does not is cut.
        asyncio.get_running_loop().call_later(CLOSING_S, self._plain.abort)
        if self._plain.can_write_eof():
            self._plain.write_eof()  # half a close: what the client has sent does not reset what it was sent
        else:
            self._plain.close()

    def cut(self) -> None:
        self._ended = True
        self._plain.abort()

    def ping(self) -> None:
        reads = self._plain.is_reading()
        if reads and self.silent >= SILENT_PINGS_MAX:
            self.cut()
        elif not self._ended:
            self.silent += reads
            self._transport.send_ping(b"")


class SocketDoor:
    """The listening port. `address`: `host:port`, port 0 lets the system choose."""

    def __init__(
        self,
        sockets: Sockets,
        tokens: Tokens,
        address: str,
        *,
        ping_s: int,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
    ) -> None:
        self.sockets = sockets
        self.clients: set[_Client] = set()
        self._tokens, self._ping_s = tokens, ping_s
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._tls = (certificate_file, key_file) if certificate_file and key_file else None
        self._server: asyncio.Server | None = None
        self._pinging: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; the port."""
        context: ssl.SSLContext | None = None
        if self._tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(*self._tls)
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        # Accepted sockets inherit it. What is read at once is no more than this, and no buffer grows beyond.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
        self._server = await ws_create_server(
            self._handshake,
            sock=listening,
            backlog=BACKLOG,  # listens once more, by default with a hundred
            max_frame_size=64 * 1024,
            use_aiofastnet=False,
            # An adapter is taken as it is; of a logger the library makes a child for each connection.
            logger_name=logging.LoggerAdapter(logging.getLogger("picows.server")),
            ssl=context,
        )
        self._pinging = asyncio.ensure_future(self._ping())
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """Take no new sockets; those open are told to go and have `CLOSING_S` to do so."""
        if self._pinging is not None:
            self._pinging.cancel()
        if self._server is not None:
            self._server.close()
        self.sockets.shut()
        for _ in range(int(CLOSING_S * 20)):
            if not self.clients:
                return
            await asyncio.sleep(0.05)
        for client in list(self.clients):
            client.cut()

    async def _ping(self) -> None:
        """A slice of all sockets each second, so that pings do not come in bursts."""
        turn = 0
        while True:
            await asyncio.sleep(1)
            turn = (turn + 1) % self._ping_s
            for client in [client for client in self.clients if id(client) // 64 % self._ping_s == turn]:
                client.ping()

    def _handshake(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        path, _, query = request.path.partition(b"?")
        if not path.startswith(PATH):
            return None
        ticket = path[len(PATH) :].decode("latin-1")
        resume = parse_qs(query.decode("latin-1")).get("x_resume", [""])[0] if query else ""
        try:
            resident = self._tokens.socket_ticket(ticket)
            home = self.sockets.admit(resident)
        except ColinkError as error:
            return _refused(error)
        return _Client(self, ticket, resume[:2_048], home)


def _refused(error: ColinkError) -> WSUpgradeResponseWithListener:
    headers = {"content-type": "application/json; charset=utf-8"}
    status = error.rule.http_status
    if status in (429, 503):
        headers["retry-after"] = str(retry_after_s(error))
    if isinstance(error, WrongEdgeError) and "url" in error.metadata:
        headers["x-url"] = error.metadata["url"]
    response = WSUpgradeResponse.create_error_response(HTTPStatus(status), error_body(error), headers)
    return WSUpgradeResponseWithListener(response, None)
