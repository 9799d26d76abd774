"""Shadows over HTTP: an approved revision in, and out again."""

from typing import Annotated

from fastapi import APIRouter, Depends

from directory.domain.officers import Officer
from directory.entrypoints.http.officers import Number, WhoAmI
from directory.entrypoints.http.policies import RevisionShown, shown
from directory.services.policies.shadow import PolicyShadow


def shadow_routes(shadow: PolicyShadow, me: WhoAmI) -> APIRouter:
    """What came of a shadow is told with its revision."""
    routes = APIRouter(prefix="/directory/v1/policies", tags=["policies"])

    @routes.post("/{number}/shadows", status_code=201)
    async def begin(number: Number, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Let cells evaluate it beside what is in force, and count what it would decide otherwise."""
        return shown(await shadow.begin(officer, number))

    @routes.delete("/{number}/shadows")
    async def end(number: Number, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Out of shadow: approved, as before."""
        return shown(await shadow.end(officer, number))

    return routes
