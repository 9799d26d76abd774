"""The HTTP face: health and metrics, pages of facts for people and probes, and the doors of officers.

Invariants
    1. Without a session there is nothing secret and nothing about residents: names and states of cells, the
       bundle's hash.
    2. Readiness names each dependency; a probe learns no more than that word.
    3. Whatever comes otherwise is answered with a typed error, which repeats nothing of what came.
    4. Doors that carry passwords are open only where the settings say that they may be.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from accord.errors import ColinkError, Reason
from accord.runtime.metrics import Metrics
from directory.domain.policies import findings_json
from directory.entrypoints.http.bodies import BoundedBodies
from directory.entrypoints.http.bundles import bundle_routes
from directory.entrypoints.http.cells import cell_routes
from directory.entrypoints.http.evidence import evidence_routes
from directory.entrypoints.http.halts import halt_routes
from directory.entrypoints.http.officers import officer_routes, who
from directory.entrypoints.http.policies import policy_routes
from directory.entrypoints.http.policy_log import policy_log_routes
from directory.entrypoints.http.shadows import shadow_routes
from directory.entrypoints.http.unlawful import unlawful_routes
from directory.services.bundles import BundleService
from directory.services.cells import CellService
from directory.services.halts import HaltService
from directory.services.officers import OfficerService
from directory.services.policies.evidence import PolicyEvidence
from directory.services.policies.review import PolicyReview
from directory.services.policies.rollout import PolicyRollout
from directory.services.policies.shadow import PolicyShadow
from directory.services.policy_log import PolicyLogService
from directory.services.shadows import ShadowService
from directory.services.unlawful import UnlawfulService
from residency_policies.errors import PolicyError

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]
OPENAPI = "/directory/v1/openapi.json"


@dataclass(frozen=True, slots=True)
class OfficerDoors:
    """The services behind the doors of officers."""

    officers: OfficerService
    review: PolicyReview
    rollout: PolicyRollout
    halts: HaltService
    log: PolicyLogService
    evidence: PolicyEvidence
    shadow: PolicyShadow
    shadows: ShadowService
    unlawful: UnlawfulService


def make_app(
    cells: CellService,
    bundles: BundleService,
    metrics: Metrics,
    readiness: Readiness,
    doors: OfficerDoors | None = None,
) -> FastAPI:
    """The application.

    Args:
        readiness: each dependency by name, and whether it can be used now.
        doors: of officers; None: they stay shut.
    """
    app = FastAPI(
        title="Colink directory", openapi_url=OPENAPI, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.add_middleware(BoundedBodies)
    app.include_router(cell_routes(cells))
    app.include_router(bundle_routes(bundles))
    if doors is not None:
        me = who(doors.officers)
        app.include_router(officer_routes(doors.officers))
        app.include_router(policy_routes(doors.review, doors.rollout, doors.shadows, me))
        app.include_router(shadow_routes(doors.shadow, me))
        app.include_router(evidence_routes(doors.evidence, me))
        app.include_router(halt_routes(doors.halts, me))
        app.include_router(policy_log_routes(doors.log, me))
        app.include_router(unlawful_routes(doors.unlawful, me))
    _answer_refusals(app)

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


def _answer_refusals(app: FastAPI) -> None:
    """Every refusal is one object with `error`, and what else may be told."""

    @app.exception_handler(ColinkError)
    async def refuse(_: object, error: ColinkError) -> JSONResponse:
        told = {"text": error.text} if error.text else {}
        body = {**error.metadata, **told, "error": error.reason.value}
        wait = error.metadata.get("retry_after_s")
        return JSONResponse(body, error.rule.http_status, {"retry-after": wait} if wait else None)

    @app.exception_handler(PolicyError)
    async def refuse_document(_: object, error: PolicyError) -> JSONResponse:
        found = json.loads(findings_json(error.findings))
        return JSONResponse({"error": Reason.INVALID.value, "field": "document", "findings": found}, 400)

    @app.exception_handler(RequestValidationError)
    async def refuse_form(_: object, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": Reason.INVALID.value, "field": _place(error)}, 400)

    @app.exception_handler(HTTPException)
    async def refuse_route(_: object, error: HTTPException) -> JSONResponse:
        named = Reason.UNKNOWN_ROUTE if error.status_code in (404, 405) else Reason.INVALID
        return JSONResponse({"error": named.value}, error.status_code, error.headers)


def _place(error: RequestValidationError) -> str:
    """The member that is wrong, as the form calls it; a name that is no form's is not repeated."""
    first = error.errors()[0]
    known = first["type"] != "extra_forbidden" and len(first["loc"]) > 1
    return str(first["loc"][1])[:80] if known else "body"
