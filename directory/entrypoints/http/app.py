"""The HTTP face: health and metrics, and two pages of facts for people and probes; GET only.

Invariants
    1. Nothing secret and nothing about residents is here: names and states of cells, the bundle's hash.
    2. Readiness names each dependency; a probe learns no more than that word.
    3. Whatever comes otherwise is answered with a typed error.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from accord.errors import ColinkError, Reason
from accord.runtime.metrics import Metrics
from directory.entrypoints.http.bundles import bundle_routes
from directory.entrypoints.http.cells import cell_routes
from directory.services.bundles import BundleService
from directory.services.cells import CellService

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]


def make_app(cells: CellService, bundles: BundleService, metrics: Metrics, readiness: Readiness) -> FastAPI:
    """The application.

    Args:
        readiness: each dependency by name, and whether it can be used now.
    """
    app = FastAPI(
        title="Colink directory", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.include_router(cell_routes(cells))
    app.include_router(bundle_routes(bundles))

    @app.exception_handler(ColinkError)
    async def refuse(_: object, error: ColinkError) -> JSONResponse:
        return JSONResponse({"error": error.reason.value}, error.rule.http_status)

    @app.exception_handler(HTTPException)
    async def refuse_route(_: object, error: HTTPException) -> JSONResponse:
        named = Reason.UNKNOWN_ROUTE if error.status_code in (404, 405) else Reason.INVALID
        return JSONResponse({"error": named.value}, error.status_code, error.headers)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        return {"state": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        parts = dict(await readiness())
        ready = all(parts.values())
        metrics.set_to("colink_ready", int(ready))
        return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)

    @app.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return app
