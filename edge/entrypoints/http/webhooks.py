"""`/services/<team>/<bot>/<secret>` as raw ASGI: what comes goes to the workspace's home cell as it came.

Invariants
    1. Transit is decided before the body is read.
    2. Answers are plain text; 200 is said only when the home cell said `ok`.
    3. A path that names no webhook is answered without asking anybody.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlencode

import orjson

from accord.errors import ColinkError, InternalError, InvalidError, Reason, WrongEdgeError
from accord.ids import is_secret, kind_of, new_uuid
from accord.runtime.logs import error_place, get_logger
from accord.runtime.metrics import Metrics, Receive, Scope, Send
from edge.domain.answers import retry_after_s
from edge.entrypoints.http.bodies import Body, ClientGoneError, TooLargeError, header
from edge.entrypoints.http.protocol import GONE
from edge.ports import CallAnswer, CallRequest
from edge.services.calls import Calls

PREFIX = "/services/"
METHOD = "webhook"
TEXT_TYPE = "text/plain"

events = get_logger()


class WebhookDoor:
    """The door of incoming webhooks.

    Args:
        country: of viewers here; home: where a path that names no webhook is sent to.
        body_bytes_max: of a payload.
    """

    def __init__(
        self,
        calls: Calls,
        metrics: Metrics,
        *,
        country: Callable[[], str],
        home: Callable[[], str],
        body_bytes_max: int,
    ) -> None:
        self._calls, self._metrics, self._country, self._home = calls, metrics, country, home
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = named(scope["path"])
        if parts is None:
            await _send(send, 302, "", [("location", self._home())])
            return
        if scope["method"] != "POST":
            await _send(send, 405, "method_not_allowed", [("allow", "POST")])
            return
        body = Body(scope, receive, self._body_bytes_max)
        outcome = "gone"
        try:
            outcome = await self._post(scope, send, *parts, body)
        except ColinkError as error:
            outcome = error.reason.value
            await _refuse(send, error, close=not body.done)
        except TooLargeError:
            outcome = "TOO_LARGE"
            too_large = InvalidError(field="body", why="too large", api="invalid_payload")
            await _refuse(send, too_large, close=True)
        except ClientGoneError:
            pass
        except Exception as error:
            outcome = "INTERNAL"
            events.error("webhook_failed", error=type(error).__name__, error_at=error_place(error))
            await _refuse(send, InternalError(), close=True)
        finally:
            self._metrics.count("colink_http_requests_total", method=METHOD, outcome=outcome)

    async def _post(self, scope: Scope, send: Send, team: str, bot: str, secret: str, body: Body) -> str:
        gone: list[bool] = []
        scope[GONE] = lambda: gone.append(True)
        placement, cell = await self._calls.admit(team)
        request = CallRequest(
            "",
            team,
            placement.epoch,
            METHOD,
            header(scope, b"content-type"),
            urlencode({"bot": bot, "secret": secret}).encode(),
            await body.whole(),
            request_id=new_uuid(),
            viewer_country=self._country(),
        )
        answer = await self._calls.forward(placement, cell, request)
        status, text = shown(answer)
        kept = [(name, value) for name, value in answer.headers if name.lower() == "retry-after"]
        await _send(send, status, text, kept)
        if gone:
            answer.lost()
            return "LOST"
        return "OK" if status == 200 else str(status)


def named(path: str) -> tuple[str, str, str] | None:
    """(workspace, bot, secret) of a webhook's path; None for any other."""
    parts = path.removeprefix(PREFIX).split("/")
    if len(parts) != 3 or kind_of(parts[0]) != "T" or kind_of(parts[1]) != "B" or not is_secret(parts[2]):
        return None
    return parts[0], parts[1], parts[2]


def shown(answer: CallAnswer) -> tuple[int, str]:
    """Status and text for the client; what the cell says in another form than this door's is no success."""
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    if kind.startswith(TEXT_TYPE):
        return answer.status, answer.body.decode("utf-8", "replace")
    try:
        code = orjson.loads(answer.body).get("error", "")
    except (ValueError, AttributeError):
        code = ""
    return answer.status if answer.status >= 400 else 500, str(code) or "internal_error"


async def _refuse(send: Send, error: ColinkError, *, close: bool) -> None:
    status = error.rule.http_status
    text = "no_service" if error.reason is Reason.UNKNOWN_RESIDENT else error.api
    headers: list[tuple[str, str]] = []
    if status in (429, 503):
        headers.append(("retry-after", str(retry_after_s(error))))
    if isinstance(error, WrongEdgeError) and "url" in error.metadata:
        headers.append(("x-url", error.metadata["url"]))
    if close:
        headers.append(("connection", "close"))
    await _send(send, status, text, headers)


async def _send(send: Send, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> None:
    data = text.encode()
    head = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(data)).encode()),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    # In two steps: the second waits until the client has taken most of the first.
    await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
