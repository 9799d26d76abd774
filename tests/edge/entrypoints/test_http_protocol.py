"""One connection: whole answers in one piece, requests in their order, one timer for many alarms."""

import asyncio
from collections import deque
from typing import Any

import httptools
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from accord.runtime.metrics import Receive, Scope, Send
from edge.entrypoints.http.protocol import ANSWER, BODY, OWN, Alarms, protocol_of
from edge.entrypoints.http.server import HttpServer

TYPE = (b"content-type", b"text/plain")


async def test_alarms_ring_in_their_order_and_not_when_cleared() -> None:
    alarms, rung, loop = Alarms(0.05), list[str](), asyncio.get_running_loop()
    begun_s = loop.time()
    for name in ("first", "second", "third"):
        alarms.set(name, lambda name=name: rung.append(name))  # type: ignore[misc]
    alarms.clear("second")
    alarms.set("fourth", lambda: rung.append("fourth"))
    alarms.set("first", lambda: rung.append("first, later"))
    async with asyncio.timeout(30):
        while len(alarms):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
    assert rung == ["third", "fourth", "first, later"]
    assert loop.time() - begun_s >= 0.05


async def test_many_alarms_are_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms, loop, timers = Alarms(5.0), asyncio.get_running_loop(), list[object]()

    def call_later(*asked: object) -> object:
        timers.append(asked)
        return asked

    monkeypatch.setattr(loop, "call_later", call_later)
    for number in range(1_000):
        alarms.set(number, lambda: None)
    assert len(timers) == 1


async def exchange(app: Any, *pieces: bytes, pause_s: float = 0.02) -> bytes:
    """What a server says to these bytes, until it closes or falls silent."""
    server = HttpServer(app, "127.0.0.1:0")
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        said = b""
        while piece := await asyncio.wait_for(reader.read(65_536), 0.3):
            said += piece
    except TimeoutError:
        pass
    finally:
        writer.close()
        await server.stop()
    return said


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Say the body, and whether it was there at once, as a whole answer."""
    at_once, body, more = BODY in scope, b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    text = (b"at once: " if at_once else b"piece by piece: ") + body
    headers = [TYPE, (b"content-length", str(len(text)).encode())]
    assert ANSWER in scope["extensions"]
    await send({"type": ANSWER, "status": 200, "headers": headers, "body": text})


def post(body: bytes, more: str = "", method: str = "POST") -> bytes:
    return f"{method} /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


async def test_a_body_that_came_with_its_head_is_there_at_once_and_another_is_waited_for() -> None:
    assert (await exchange(echo, post(b"hello"))).endswith(b"at once: hello")
    whole = post(b"hello")
    assert (await exchange(echo, whole[:-2], whole[-2:])).endswith(b"piece by piece: hello")
    assert (await exchange(echo, whole[:30], whole[30:])).endswith(b"at once: hello")


async def test_requests_of_one_connection_are_answered_in_their_order() -> None:
    said = await exchange(echo, post(b"one") + post(b"two") + post(b"three"))
    assert said.count(b"HTTP/1.1 200") == 3
    assert said.index(b": one") < said.index(b": two") < said.index(b": three")


async def test_an_answer_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    writes = list[bytes]()
    made = httptools_made(monkeypatch, writes)
    await exchange(echo, post(b"hello"))
    assert made
    assert len(writes) == 1
    assert writes[0].endswith(b"at once: hello")


def httptools_made(monkeypatch: pytest.MonkeyPatch, writes: list[bytes]) -> list[object]:
    """Connections whose writes are noted."""
    made = list[object]()
    plain = HttpToolsProtocol.__init__

    def noted(self: Any, *args: Any, **members: Any) -> None:
        plain(self, *args, **members)
        made.append(self)
        begun = self.connection_made

        def connection_made(transport: Any) -> None:
            begun(_Noting(transport, writes))

        self.connection_made = connection_made

    monkeypatch.setattr(HttpToolsProtocol, "__init__", noted)
    return made


class _Noting:
    """A transport that writes down what is written."""

    def __init__(self, transport: Any, writes: list[bytes]) -> None:
        self._transport, self._writes = transport, writes

    def write(self, data: bytes) -> None:
        self._writes.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def test_the_connection_ends_with_the_answer_where_either_side_says_so() -> None:
    said = await exchange(echo, post(b"a", "Connection: close\r\n") + post(b"never"))
    assert said.count(b"HTTP/1.1 200") == 1
    assert said.lower().count(b"connection: close\r\n") == 1

    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"connection", b"close"), (b"content-length", b"0")]
        await send({"type": ANSWER, "status": 200, "headers": headers, "body": b""})

    said = await exchange(closing, post(b"a") + post(b"never"))
    assert said.count(b"HTTP/1.1 200") == 1
    assert said.count(b"connection: close\r\n") == 1


async def test_head_is_answered_without_a_body() -> None:
    said = await exchange(echo, post(b"hello", method="HEAD"))
    assert b"content-length: 14\r\n" in said
    assert said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "header", [(b"x-a", b"b\r\nx-c: d"), (b"x-a", b"b\n"), (b"x-a", b"\0"), (b"x a", b"b"), (b"", b"b")]
)
async def test_a_header_that_is_none_is_not_sent(header: tuple[bytes, bytes]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [TYPE, header, (b"content-length", b"0")]
        await send({"type": ANSWER, "status": 200, "headers": headers, "body": b""})

    said = await exchange(app, post(b"a"))
    assert b"200" not in said.partition(b"\r\n")[0]
    assert b"x-c" not in said


async def test_what_connections_share_is_what_the_library_gives_each() -> None:
    server = HttpServer(echo, "127.0.0.1:0")
    await server.start()
    try:
        config = server._server.config
        members: dict[str, Any] = {
            "config": config,
            "server_state": server._server.server_state,
            "app_state": {},
        }
        own, library = protocol_of(20.0, 75.0), HttpToolsProtocol
        own(**members)
        second, one, other = own(**members), library(**members), library(**members)
    finally:
        await server.stop()
    assert vars(second).keys() == vars(one).keys()
    # What the library makes anew for each connection is made anew here too.
    assert {name for name in vars(one) if vars(one)[name] is not vars(other)[name]} == OWN
    assert isinstance(second.parser, httptools.HttpRequestParser)
    assert second.pipeline == deque()
