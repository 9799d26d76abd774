"""uvicorn, started from our own code: no signal handlers, no access log, no headers of its own."""

import asyncio
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from accord.runtime.metrics import AsgiApp
from edge.entrypoints.http.api import GONE

HEAD_BYTES_MAX = 128 * 1024
HEAD_S_MAX = 15.0
BODY_BYTES_S_MIN = 1024
SLOW_SPANS_MAX = 2


class EdgeProtocol(HttpToolsProtocol):
    """Bounds heads of requests in size and time and bodies in slowness, and tells a request under way that
    its client has left.

    A body that comes slower than `BODY_BYTES_S_MIN` for `SLOW_SPANS_MAX` spans in a row ends its connection;
    a span in which we do not read ourselves does not count.
    """

    span_s = 20.0
    _alarm: asyncio.TimerHandle | None = None
    _look: asyncio.TimerHandle | None = None
    _head_bytes = _body_bytes = _slow_spans = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_begins()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._alarm is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_begins()

    def on_headers_complete(self) -> None:
        self._head_ends()
        self._slow_spans = 0
        self._span_begins()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_ends()
        super().on_message_complete()

    def _head_begins(self) -> None:
        if self._alarm is None:
            self._head_bytes = 0
            self._alarm = asyncio.get_running_loop().call_later(HEAD_S_MAX, self.transport.abort)

    def _head_ends(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _span_begins(self) -> None:
        self._body_ends()
        self._body_bytes = 0
        self._look = asyncio.get_running_loop().call_later(self.span_s, self._span_ends)

    def _span_ends(self) -> None:
        slow = self._body_bytes < BODY_BYTES_S_MIN * self.span_s and not self.flow.read_paused
        self._slow_spans = self._slow_spans + 1 if slow else 0
        if self._slow_spans < SLOW_SPANS_MAX:
            self._span_begins()
        else:
            self.transport.abort()

    def _body_ends(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def connection_lost(self, exc: Exception | None) -> None:
        cycle: Any = self.cycle  # None until the first request
        self._head_ends()
        self._body_ends()
        super().connection_lost(exc)
        leave = cycle.scope.get(GONE) if cycle is not None and not cycle.response_complete else None
        if leave is not None:
            leave()


class HttpServer:
    """One listening port. `address`: `host:port`, port 0 lets the system choose; `span_s`: as `EdgeProtocol`
    has it.
    """

    def __init__(
        self,
        app: AsgiApp,
        address: str,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
        *,
        span_s: float = EdgeProtocol.span_s,
    ) -> None:
        host, _, port = address.rpartition(":")
        self._host = host.strip("[]")
        config = uvicorn.Config(
            cast("uvicorn._types.ASGI3Application", app),
            host=self._host,
            port=int(port),
            loop="none",
            http=type("Protocol", (EdgeProtocol,), {"span_s": span_s}),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            backlog=4_096,
            ssl_certfile=certificate_file,
            ssl_keyfile=key_file,
        )
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> int:
        """Listen; the port."""
        self._task = asyncio.ensure_future(self._server._serve())
        while not self._server.started:
            if self._task.done():
                await self._task
                raise OSError("the http port cannot be listened on")
            await asyncio.sleep(0.01)
        self.port = int(self._server.servers[0].sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Accept nothing new; requests under way finish, at most 2 s."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
