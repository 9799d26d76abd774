"""Halts over HTTP: one officer stops crossing flows, a second one keeps them stopped, either lifts them."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from directory.domain.halts import REASON_CHARACTERS_MAX, HaltRecord
from directory.domain.officers import Officer
from directory.entrypoints.http.officers import Form, Number, WhoAmI
from directory.services.halts import HaltService


class HaltForm(Form):
    """`scope`: workspace, jurisdiction or instrument; `value`: its id or code."""

    scope: str = Field(max_length=20)
    value: str = Field(max_length=128)
    reason: str = Field(max_length=REASON_CHARACTERS_MAX)


class HaltShown(BaseModel):
    """A halt. `until_s`: when it ends by itself; `approver` is empty until a second person stands for it."""

    halt: int
    scope: str
    value: str
    reason: str
    author: str
    halted_s: int
    until_s: int
    approver: str
    lifted_s: int


class HaltList(BaseModel):
    """Newest first, those that are over too."""

    halts: list[HaltShown]


class NodeShown(BaseModel):
    """A cell or an edge: the bundle that it acknowledged last, and when (0: never)."""

    node: str
    bundle_version: int
    acknowledged_s: int
    cut_off: bool


class RolloutShown(BaseModel):
    """The active bundle, since when, and where it has arrived."""

    bundle_version: int
    since_s: int
    nodes: list[NodeShown]


def halt_routes(halts: HaltService, me: WhoAmI) -> APIRouter:
    """Halts, and who is cut off."""
    routes = APIRouter(prefix="/directory/v1", tags=["halts"])

    @routes.get("/rollout")
    async def read_rollout(officer: Annotated[Officer, Depends(me)]) -> RolloutShown:
        """Which cell and edge evaluates under which bundle."""
        found = await halts.rollout(officer)
        nodes = [NodeShown(**asdict(it)) for it in found.nodes]
        return RolloutShown(bundle_version=found.bundle_version, since_s=found.since_s, nodes=nodes)

    @routes.get("/halts")
    async def read_halts(officer: Annotated[Officer, Depends(me)]) -> HaltList:
        """Halts, but those of workspaces in other jurisdictions."""
        return HaltList(halts=[shown(it) for it in await halts.everything(officer)])

    @routes.post("/halts", status_code=201)
    async def halt(form: HaltForm, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
        """Stop crossing flows for a day."""
        return shown(await halts.halt(officer, form.scope, form.value, form.reason))

    @routes.post("/halts/{number}/approvals", status_code=201)
    async def approve(number: Number, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
        """Keep somebody else's halt for a month."""
        return shown(await halts.approve(officer, number))

    @routes.delete("/halts/{number}")
    async def lift(number: Number, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
        """End it now."""
        return shown(await halts.lift(officer, number))

    return routes


def shown(record: HaltRecord) -> HaltShown:
    """A halt as officers see it."""
    return HaltShown(
        halt=record.number,
        scope=record.scope,
        value=record.value,
        reason=record.reason,
        author=record.author,
        halted_s=record.halted_s,
        until_s=record.until_s,
        approver=record.approver,
        lifted_s=record.lifted_s,
    )
