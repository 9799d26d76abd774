"""`/api/<method>` as raw ASGI: find the token, decide transit, forward, answer. Bodies travel as they came.

Invariants
    1. Order of checks: method, token present, token proven, home known, transit; only then the body is read
       further than finding the token needs.
    2. Every answer is JSON with the headers of the public contract; no answer is a redirect or a 405.
    3. 503 says that nothing was written; a lost answer after a write is 200 `fatal_error`.
"""

import asyncio
import gzip
import time
from collections.abc import Callable
from dataclasses import replace

import orjson
from prometheus_client import Counter

from accord.errors import (
    ColinkError,
    InternalError,
    InvalidError,
    TokenMissingError,
    UnknownRouteError,
    WrongEdgeError,
    obstacle,
)
from accord.ids import new_uuid
from accord.runtime.logs import debugging, error_place, get_logger
from accord.runtime.metrics import Metrics, Receive, Scope, Send
from edge.domain.answers import error_body, retry_after_s
from edge.domain.methods import METHODS, ORDERING, READS, TOKENLESS
from edge.entrypoints.http.bodies import (
    Body,
    ClientGoneError,
    TooLargeError,
    arguments,
    bearer,
    body_token,
    header,
    query_token,
)
from edge.entrypoints.http.protocol import ANSWER, GONE
from edge.ports import CallAnswer, CallRequest
from edge.services.calls import Calls
from edge.services.orders import Orders
from edge.services.tokens import Tokens

GZIP_FROM_BYTES = 1_024
GZIP_ASIDE_BYTES = 128 * 1024
KEPT_HEADERS = (b"user-agent", b"accept-language", b"traceparent")
JSON_TYPE = (b"content-type", b"application/json; charset=utf-8")
FIXED = ((b"cache-control", b"private, no-cache, no-store"), (b"vary", b"Accept-Encoding"))
# What this door says of an answer, whatever the cell says.
OWN_HEADERS = frozenset(
    {
        "cache-control", "connection", "content-encoding", "content-length", "content-type", "vary",
        "x-cell", "x-orders", "x-slack-req-id",
    }
)  # fmt: skip
DEADLINE = b"x-deadline-ms"
ORDERS = "x-orders"
CONNECT = "rtm.connect"

events = get_logger()


class Api:
    """The Web API door.

    Args:
        country: of viewers here; body_bytes_max: limit of a request's body.
    """

    def __init__(
        self,
        calls: Calls,
        tokens: Tokens,
        orders: Orders,
        metrics: Metrics,
        *,
        country: Callable[[], str],
        body_bytes_max: int,
    ) -> None:
        self._calls, self._tokens, self._orders, self._metrics = calls, tokens, orders, metrics
        self._country, self._body_bytes_max = country, body_bytes_max
        # Children are kept: looking one up costs more than counting.
        self._counters: dict[tuple[str, str], Counter] = {}
        self._seconds = {
            name: metrics.histogram("colink_http_seconds", method=name) for name in (*METHODS, "unknown")
        }
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun_s = time.monotonic()
        request_id = new_uuid()
        method = scope["path"][5:]
        body = Body(scope, receive, self._body_bytes_max)
        task = asyncio.current_task()
        gone: list[bool] = []

        def leave() -> None:
            gone.append(True)
            if task is not None and method in READS:
                task.cancel()

        scope[GONE] = leave
        self.under_way += 1
        outcome = "gone"
        try:
            answer = await self._answer(scope, method, body, request_id)
            outcome = await _write(scope, send, answer, request_id, gone)
        except ColinkError as error:
            outcome = error.reason.value
            if error.rule.api_status == 503:
                self._metrics.count("colink_unavailable_total", reason=outcome, how=obstacle(error))
            await _refuse(scope, send, error, request_id, close=not body.done)
        except TooLargeError:
            outcome = "TOO_LARGE"
            too_large = InvalidError(field="body", why=f"body over {self._body_bytes_max} bytes")
            await _refuse(scope, send, too_large, request_id, close=True)
        except ClientGoneError:
            pass
        except asyncio.CancelledError:
            if not gone:
                raise
        except Exception as error:
            outcome = "INTERNAL"
            events.error(
                "api_failed", error=type(error).__name__, error_at=error_place(error), request_id=request_id
            )
            await _refuse(scope, send, InternalError(), request_id, close=True)
        finally:
            self.under_way -= 1
            self._note(method, outcome, begun_s, request_id)

    async def _answer(self, scope: Scope, method: str, body: Body, request_id: str) -> CallAnswer:
        if method not in METHODS:
            raise UnknownRouteError()
        query = scope["query_string"]
        content_type = header(scope, b"content-type")
        token = bearer(scope) or query_token(query)
        if not token and not body.empty:
            token = body_token(content_type, await body.prefix())
        if not token:
            if method in TOKENLESS:
                return _echo(arguments(query, content_type, await body.whole()))
            raise TokenMissingError()
        claims = self._tokens.verify(token)
        placement, cell = await self._calls.admit(claims.resident)
        data = await body.whole()
        deadline_s = _deadline_s(header(scope, DEADLINE))
        kept = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name in KEPT_HEADERS
        )
        answer = await self._calls.forward(
            placement,
            cell,
            CallRequest(
                token,
                claims.resident,
                placement.epoch,
                method,
                content_type,
                query,
                data,
                kept,
                request_id,
                self._country(),
            ),
            deadline_s,
        )
        if method == CONNECT:
            self._remember_ticket(answer, claims.resident)
        return await self._carried(answer, request_id) if method in ORDERING else answer

    def _remember_ticket(self, answer: CallAnswer, resident: str) -> None:
        """What the home cell has just made need not be proven again when the client shows it here."""
        try:
            ticket = str(orjson.loads(answer.body)["url"]).rpartition("/")[2]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return  # no ticket was given
        self._tokens.carry(ticket, resident, answer.cell)

    async def _carried(self, answer: CallAnswer, request_id: str) -> CallAnswer:
        """The answer after its orders came to other cells, as far as they could."""
        orders = next((value for name, value in answer.headers if name == ORDERS), "")
        if not orders:
            return answer
        carried = await self._orders.carry(orjson.loads(orders), request_id, self._country())
        told = {"complete": carried.complete, "away": list(carried.away)}
        return replace(answer, body=orjson.dumps(orjson.loads(answer.body) | told))

    def _note(self, method: str, outcome: str, begun_s: float, request_id: str) -> None:
        name = method if method in METHODS else "unknown"
        took_s = time.monotonic() - begun_s
        counter = self._counters.get((name, outcome))
        if counter is None:
            counter = self._metrics.counter("colink_http_requests_total", method=name, outcome=outcome)
            self._counters[name, outcome] = counter
        counter.inc()
        self._seconds[name].observe(took_s)
        if debugging():
            events.debug(
                "http_request",
                route="/api/" + name,
                code=outcome,
                duration_ms=round(took_s * 1_000, 1),
                request_id=request_id,
            )


def _deadline_s(text: str) -> float | None:
    """How long the client will wait, where it says so."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise InvalidError(field="x-deadline-ms", why="x-deadline-ms must be whole milliseconds")
    return int(text) / 1_000


def _echo(args: dict[str, object]) -> CallAnswer:
    error = args.get("error")
    refused = {"ok": False, "error": error} if isinstance(error, str) and error else {"ok": True}
    try:
        return CallAnswer(200, (), orjson.dumps({**refused, "args": args}), "")
    except orjson.JSONEncodeError:
        raise InvalidError(field="body", why="nested too deep", api="invalid_json") from None


async def _write(scope: Scope, send: Send, answer: CallAnswer, request_id: str, gone: list[bool]) -> str:
    """Send a cell's answer; a client that left is told to the cell."""
    body = answer.body
    headers = [JSON_TYPE, *FIXED, (b"x-slack-req-id", request_id.encode())]
    if answer.cell:
        headers.append((b"x-cell", answer.cell.encode()))
    for name, value in answer.headers:
        if name.lower() not in OWN_HEADERS:
            headers.append((name.lower().encode("latin-1"), value.encode("latin-1", "replace")))
    if len(body) > GZIP_FROM_BYTES and "gzip" in header(scope, b"accept-encoding"):
        body = await _zipped(body)
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    try:
        await _send(scope, send, answer.status, headers, body)
    except asyncio.CancelledError:
        answer.lost()
        raise
    if gone:
        answer.lost()
        return "LOST"
    return "OK" if answer.status == 200 else str(answer.status)


async def _send(
    scope: Scope, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Returns when the client has taken most of it, or has left."""
    if ANSWER in scope.get("extensions", ()):
        await send({"type": ANSWER, "status": status, "headers": headers, "body": body})
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    # In two steps: the second waits until the client has taken most of the first.
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _zipped(body: bytes) -> bytes:
    if len(body) > GZIP_ASIDE_BYTES:
        return await asyncio.to_thread(gzip.compress, body, 1)
    return gzip.compress(body, 1)


async def _refuse(scope: Scope, send: Send, error: ColinkError, request_id: str, *, close: bool) -> None:
    body = error_body(error)
    status = error.rule.api_status
    headers = [
        JSON_TYPE,
        *FIXED,
        (b"x-slack-req-id", request_id.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if status in (429, 503):
        headers.append((b"retry-after", str(retry_after_s(error)).encode()))
    if close or isinstance(error, WrongEdgeError):
        headers.append((b"connection", b"close"))
    await _send(scope, send, status, headers, body)
