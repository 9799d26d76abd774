"""How companions act on a running demo: one JSON request and one JSON answer over a socket in its data
folder.

The demo's own process starts, stops and reports, because its children belong to it. The socket can be
opened by the
user who runs the demo and nobody else.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from accord.runtime.socket_folder import SocketFolder
from deploy.demo.registry import Running

REQUEST_BYTES_MAX = 64 * 1024
ANSWER_S_MAX = 120.0
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class RefusedError(Exception):
    """The demo did not do it; the text says why."""


async def serve(path: Path, handle: Handler) -> asyncio.Server:
    """Answer requests until closed. `handle` gives the answer or raises RefusedError."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                request = json.loads(await reader.readline())
                given = {"ok": True, **await handle(request)}
            except RefusedError as error:
                given = {"ok": False, "error": str(error)}
            except (ValueError, KeyError, TypeError):
                given = {"ok": False, "error": "malformed request"}
            writer.write(json.dumps(given).encode() + b"\n")
            await writer.drain()
        writer.close()

    with closing(SocketFolder(path.parent)) as folder:
        server = await asyncio.start_unix_server(answer, folder.address(path.name), limit=REQUEST_BYTES_MAX)
    os.chmod(path, 0o600)
    return server


def ask(demo: Running, request: dict[str, Any]) -> dict[str, Any]:
    """Put one request to a demo. Raises RefusedError, also when it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as link, closing(SocketFolder(demo.control.parent)) as folder:
            link.settimeout(ANSWER_S_MAX)
            link.connect(folder.address(demo.control.name))
            link.sendall(json.dumps(request).encode() + b"\n")
            with link.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline() or b"{}")
    except (OSError, ValueError) as error:
        raise RefusedError(f"the demo (pid {demo.pid}) does not answer: {type(error).__name__}") from error
    if not answer.get("ok"):
        raise RefusedError(str(answer.get("error", "no answer")))
    return answer
