"""uvicorn, started from our own code: no signal handlers, no access log, no headers of its own."""

import asyncio
import logging
from pathlib import Path
from typing import cast

import uvicorn

from accord.runtime.metrics import AsgiApp
from edge.entrypoints.http.protocol import protocol_of

IDLE_S_MAX = 75.0
SPAN_S = 20.0


class HttpServer:
    """One listening port. `address`: `host:port`, port 0 lets the system choose; `span_s`: as `protocol_of`
    has it.
    """

    def __init__(
        self,
        app: AsgiApp,
        address: str,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
        *,
        span_s: float = SPAN_S,
    ) -> None:
        host, _, port = address.rpartition(":")
        self._host = host.strip("[]")
        config = uvicorn.Config(
            cast("uvicorn._types.ASGI3Application", app),
            host=self._host,
            port=int(port),
            loop="none",
            http=protocol_of(span_s, IDLE_S_MAX),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            backlog=4_096,
            ssl_certfile=certificate_file,
            ssl_keyfile=key_file,
        )
        self._server = uvicorn.Server(config)
        # Else the library makes records of connections that nobody keeps.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
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
