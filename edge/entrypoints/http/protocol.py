"""One connection: uvicorn's protocol, bounded in size and time, with a short way for calls of the Web API.

Invariants
    1. Heads of requests are bounded in size and time, bodies in slowness: one that comes slower than
       `BODY_BYTES_S_MIN` for `SLOW_SPANS_MAX` spans in a row ends its connection; a span in which we do not
       read ourselves does not count.
    2. A request under way is told that its client has left.
    3. An answer that is known as a whole is one write, and so mostly one packet and one read of its client.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.utils import get_remote_addr, is_ssl

API = b"/api/"
HEAD_BYTES_MAX = 128 * 1024
HEAD_S_MAX = 15.0
BODY_BYTES_S_MIN = 1024
SLOW_SPANS_MAX = 2
# Members of the scope: what is called when the client leaves, and a body that came with its head.
GONE, BODY = "colink.gone", "colink.body"
# An extension of ASGI: a message of this type is a whole answer, with `status`, `headers` and `body`.
ANSWER = "colink.answer"
EXTENSIONS: dict[str, dict[str, object]] = {ANSWER: {}}


class Alarms:
    """Alarms that ring after the same span: one timer of the loop for all of them, however many there are.

    Args:
        span_s: a grain of a millisecond may be added.
    """

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: object, ring: Callable[[], None]) -> None:
        """Call `ring` when the span is over. A key has one alarm: an earlier one is forgotten."""
        self._due.pop(key, None)
        loop = asyncio.get_running_loop()
        self._due[key] = (loop.time() + self._span_s, ring)
        if self._timer is None:
            self._timer = loop.call_later(self._span_s, self._ring)

    def clear(self, key: object) -> None:
        """Forget the alarm, if there is one."""
        self._due.pop(key, None)

    def _ring(self) -> None:
        # The oldest stands first, since all have the same span.
        self._timer = None
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while self._due:
            key = next(iter(self._due))
            due_s, ring = self._due[key]
            if due_s > now_s:
                self._timer = loop.call_later(due_s - now_s, self._ring)
                return
            del self._due[key]
            ring()


class Cycle(RequestResponseCycle):
    """A request and its answer, as the library has them, and `ANSWER`."""

    async def send(self, message: Any) -> None:
        """See ASGI. A whole answer returns when the client has taken most of it; its headers say its length
        and may say `connection: close`.

        Raises:
            RuntimeError: a header that is none, or an answer that was begun before.
        """
        if message["type"] == ANSWER:
            await self._answer(message["status"], message["headers"], message["body"])
        else:
            await super().send(message)

    async def _answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        if self.response_started:
            raise RuntimeError("the answer was begun before")
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self.response_started, self.waiting_for_100_continue = True, False
        pieces, lines = [STATUS_LINE[status]], 2
        for name, value in headers:
            if name == b"connection":
                self.keep_alive = self.keep_alive and value != b"close"
                continue
            pieces += (_proper(name), b": ", value, b"\r\n")
            lines += 1
        if not self.keep_alive:
            pieces.append(b"connection: close\r\n")
            lines += 1
        pieces.append(b"\r\n")
        text = b"".join(pieces)
        # What stands in a value ends no line: there are as many ends as lines.
        if text.count(b"\r") != lines or text.count(b"\n") != lines or b"\0" in text:
            raise RuntimeError("not the value of a header")
        self.transport.write(text if self.scope["method"] == "HEAD" else text + body)
        if self.flow.write_paused:
            await self.flow.drain()
            if self.disconnected:
                return
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(maxsize=1_000)
def _proper(name: bytes) -> bytes:
    if not name or HEADER_RE.search(name):
        raise RuntimeError("not the name of a header")
    return name


# Of each connection alone; everything else that the library's constructor sets is the same for all.
OWN = frozenset({"parser", "pipeline"})


class EdgeProtocol(HttpToolsProtocol):
    """One connection. Each server has a class of its own: see `protocol_of`."""

    span_s: float
    heads: Alarms
    spans: Alarms
    idle: Alarms
    _head_bytes = _body_bytes = _slow_spans = 0
    # `_fresh`: a call began with the bytes that are read just now, so nobody has read of its body yet.
    _in_head = _in_body = _watched = _fresh = False
    # What all connections of a server have alike, as the library made it for the first one.
    _alike: dict[str, Any] | None = None

    def __init__(self, *args: Any, **members: Any) -> None:
        alike = self._alike
        if alike is None:
            super().__init__(*args, **members)
            type(self)._alike = {name: it for name, it in vars(self).items() if name not in OWN}
        else:
            self.__dict__.update(alike)
            self.pipeline = deque()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    # --- the connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.connections.add(self)
        self.transport, self.flow = transport, FlowControl(transport)
        self.scheme = "https" if is_ssl(transport) else "http"
        self._head_begins()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._fresh = False
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.transport.abort()
        elif self._in_body and not self._watched:
            self._span_begins()

    def connection_lost(self, exc: Exception | None) -> None:
        cycle: Any = self.cycle  # None until the first request
        self.heads.clear(self)
        self._body_ends()
        self.idle.clear(self)
        super().connection_lost(exc)
        leave = cycle.scope.get(GONE) if cycle is not None and not cycle.response_complete else None
        if leave is not None:
            leave()

    # --- one request ---------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._head_begins()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.heads.clear(self)
        self._in_body, self._watched, self._body_bytes, self._slow_spans = True, False, 0, 0
        parsed = httptools.parse_url(self.url)
        path = cast("bytes | None", parsed.path) or b""
        if path.startswith(API) and b"%" not in path and not self.parser.should_upgrade():
            self._begin_call(path.decode("ascii"), parsed.query or b"")
        else:
            self._begin_other()

    def _begin_other(self) -> None:
        """Everything that is no call: the library's way."""
        headers, url, expects = self.headers, self.url, self.expect_100_continue
        self.client = get_remote_addr(self.transport)
        super().on_message_begin()
        self.headers += headers
        self.url, self.expect_100_continue = url, expects
        super().on_headers_complete()

    def _begin_call(self, path: str, query: bytes) -> None:
        method, parser = self.parser.get_method().decode("ascii"), self.parser
        before = cast("RequestResponseCycle | None", self.cycle)
        scope: Any = {
            "type": "http", "method": method, "path": path, "query_string": query, "headers": self.headers,
            "extensions": EXTENSIONS,
        }  # fmt: skip
        cycle = self.cycle = Cycle(
            scope, self.transport, self.flow, self.logger, self.access_logger, False, [], asyncio.Event(),
            self.expect_100_continue, parser.get_http_version() != "1.0" and parser.should_keep_alive(),
            self.on_response_complete,
        )  # fmt: skip
        self._fresh = True
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:  # its turn comes after those before it
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_ends()
        if self._fresh and len(self.cycle.body) <= HIGH_WATER_LIMIT:
            scope: Any = self.cycle.scope
            scope[BODY] = bytes(self.cycle.body)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.idle.set(self, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        self.idle.clear(self)

    # --- bounds --------------------------------------------------------------------------------

    def _head_begins(self) -> None:
        if not self._in_head:
            self._in_head, self._head_bytes = True, 0
            self.heads.set(self, self.transport.abort)

    def _span_begins(self) -> None:
        self._watched = True
        self.spans.set(self, self._span_ends)

    def _span_ends(self) -> None:
        slow = self._body_bytes < BODY_BYTES_S_MIN * self.span_s and not self.flow.read_paused
        self._slow_spans = self._slow_spans + 1 if slow else 0
        self._body_bytes = 0
        if self._slow_spans < SLOW_SPANS_MAX:
            self._span_begins()
        else:
            self.transport.abort()

    def _body_ends(self) -> None:
        self._in_body = False
        if self._watched:
            self.spans.clear(self)


def protocol_of(span_s: float, idle_s: float) -> type[EdgeProtocol]:
    """The class of one server's connections.

    Args:
        span_s: in which a body has to bring `BODY_BYTES_S_MIN` for each second; idle_s: without a request.
    """
    members = {
        "span_s": span_s, "heads": Alarms(HEAD_S_MAX), "spans": Alarms(span_s), "idle": Alarms(idle_s),
    }  # fmt: skip
    return type("Protocol", (EdgeProtocol,), members)
