"""`/livez`, `/readyz` and `/metrics` of a cell on a port of their own, by uvicorn."""

import asyncio
from typing import cast

import uvicorn

from accord.runtime.metrics import AsgiApp

START_S = 5.0


class HealthServer:
    """One listening port. `address`: `host:port`."""

    def __init__(self, app: AsgiApp, address: str) -> None:
        host, _, port = address.rpartition(":")
        config = uvicorn.Config(
            cast("uvicorn._types.ASGI3Application", app), host=host.strip("[]"), port=int(port), loop="none",
            ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises RuntimeError when the address cannot be taken."""
        # `_serve` leaves signal handlers alone; `serve` would take them from the process.
        self._task = asyncio.ensure_future(self._server._serve())
        async with asyncio.timeout(START_S):
            while not self._server.started:
                if self._task.done():
                    raise RuntimeError("cannot listen for health")
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
