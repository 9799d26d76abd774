"""All of HTTP on one port: `/api/` and `/services/` go to raw doors, everything else to FastAPI."""

from collections.abc import Callable, Iterable
from typing import cast

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from accord.errors import ColinkError, OverloadedError, WrongEdgeError
from accord.runtime.metrics import AsgiApp, Metrics, Receive, Scope, Send, health_app
from edge.domain.answers import error_body, retry_after_s

# What does not go to the framework.
API, WEBHOOKS = "/api/", "/services/"
HEALTH = ("/livez", "/readyz", "/metrics")

RETRY_AFTER_MS = 1_000


def make_app(
    api: AsgiApp,
    webhooks: AsgiApp,
    metrics: Metrics,
    missing: Callable[[], Iterable[str]],
    mount: Iterable[Callable[[FastAPI], None]],
    requests_max: int,
) -> AsgiApp:
    """The ASGI application of the edge.

    Args:
        missing: names of parts that are not ready.
        mount: functions that add their routes.
        requests_max: under way at once, whoever asks; one more is refused unread.
    """
    refused = metrics.counter("colink_queue_refused_total", queue="requests")
    waiting = metrics.gauge("colink_queue_waiting", queue="requests")
    under_way = 0
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    web.add_exception_handler(ColinkError, _colink_error)
    web.add_exception_handler(HTTPException, _http_error)
    for add in mount:
        add(web)
    health = health_app(metrics, missing)
    rest = cast(AsgiApp, web)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal under_way
        if scope["type"] != "http":
            return
        if scope["path"] in HEALTH:
            waiting.set(under_way)
            await health(scope, receive, send)
            return
        if under_way >= requests_max:
            refused.inc()
            error = OverloadedError(queue="requests", retry_after_ms=RETRY_AFTER_MS)
            await refusal(error)(scope, receive, send)
            return
        under_way += 1
        try:
            await door(scope)(scope, receive, send)
        finally:
            under_way -= 1

    def door(scope: Scope) -> AsgiApp:
        path = scope["path"]
        return api if path.startswith(API) else webhooks if path.startswith(WEBHOOKS) else rest

    return app


def refusal(error: ColinkError) -> Response:
    """An error as doors other than the Web API show it."""
    headers = {"cache-control": "no-store"}
    if error.rule.http_status in (429, 503):
        headers["retry-after"] = str(retry_after_s(error))
    if isinstance(error, WrongEdgeError):
        headers["connection"] = "close"
        if "url" in error.metadata:
            headers["x-url"] = error.metadata["url"]
    return Response(
        error_body(error), error.rule.http_status, headers, media_type="application/json; charset=utf-8"
    )


async def _colink_error(request: Request, error: Exception) -> Response:
    return refusal(cast(ColinkError, error))


async def _http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses, mostly routes that do not exist: JSON like everything else."""
    status = cast(HTTPException, error).status_code
    code = {404: "unknown_route", 405: "method_not_allowed"}.get(status, "invalid_arguments")
    return JSONResponse({"ok": False, "error": code}, status)
