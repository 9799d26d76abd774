"""HTTP for measurements: kept connections that ask the same again and again, one request each at a time.

Written by hand because a client library costs more per request than the server that is measured.
"""

import asyncio
import json
import time
from typing import Any, cast
from urllib.parse import urlencode

from benchmarks.product import host_of

HEAD_END = b"\r\n\r\n"


def request(api: str, method: str, token: str, **arguments: object) -> bytes:
    """The bytes of one call of the API."""
    host, port, path = host_of(api + method)
    body = urlencode(arguments).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Asker(asyncio.Protocol):
    """One connection: asks again as soon as it is answered, while `going`."""

    def __init__(self, asked: bytes) -> None:
        self.asked = asked
        self.going = False
        self.times_us: list[int] = []
        self.refused = 0
        self.body = b""
        self.idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._began_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is left waiting."""
        if not self.idle.done():
            self.idle.set_exception(exc or ConnectionResetError("closed by the server"))

    def ask(self) -> None:
        """Send the request once."""
        assert self._transport is not None
        if self.idle.done():
            self.idle = asyncio.get_running_loop().create_future()
        self._began_ns = time.perf_counter_ns()
        self._transport.write(self.asked)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """A part of an answer; with its end, the next request."""
        self._held += data
        end = self._held.find(HEAD_END)
        if end < 0:
            return
        head = bytes(self._held[:end]).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self._held) < end + len(HEAD_END) + size:
            return
        self.times_us.append((time.perf_counter_ns() - self._began_ns) // 1_000)
        self.refused += not head.startswith(b"http/1.1 200")
        self.body = bytes(self._held[end + len(HEAD_END) :])
        self._held.clear()
        if self.going:
            self.ask()
        elif not self.idle.done():
            self.idle.set_result(None)


async def connected(api: str, asked: bytes) -> Asker:
    """A connection to the host of an address, with the request that it will ask."""
    host, port, _ = host_of(api)
    _, asker = await asyncio.get_running_loop().create_connection(lambda: Asker(asked), host, port)
    return asker


async def once(api: str, asked: bytes) -> bytes:
    """The body of one answer on a connection of its own."""
    asker = await connected(api, asked)
    asker.ask()
    await asyncio.wait_for(asker.idle, 60)
    asker.close()
    return asker.body


async def call(api: str, method: str, token: str, **arguments: object) -> dict[str, Any]:
    """One call of the API. Raises ConnectionError for an answer that is not `ok`."""
    answer: dict[str, Any] = json.loads(await once(api, request(api, method, token, **arguments)))
    if not answer.get("ok"):
        raise ConnectionError(f"{method}: {answer.get('error')}")
    return answer


async def closed_loop(api: str, asked: bytes, connections: int, seconds: float) -> tuple[float, list[int]]:
    """Answers a second, and each one's time in microseconds, with every connection busy.

    Raises:
        ConnectionError: an answer was not 200, or a connection was lost.
    """
    askers = [await connected(api, asked) for _ in range(connections)]
    for asker in askers:
        asker.going = True
        asker.ask()
    await asyncio.sleep(min(1.0, seconds / 4))
    for asker in askers:
        asker.times_us.clear()
    began_s = time.perf_counter()
    await asyncio.sleep(seconds)
    passed_s = time.perf_counter() - began_s
    times_us = [one for asker in askers for one in asker.times_us]
    for asker in askers:
        asker.going = False
    await asyncio.wait_for(asyncio.gather(*(asker.idle for asker in askers)), 60)
    refused = sum(asker.refused for asker in askers)
    for asker in askers:
        asker.close()
    if refused:
        raise ConnectionError(f"{refused} answers were not 200")
    return len(times_us) / passed_s, times_us
