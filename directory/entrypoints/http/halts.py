"""Halts over HTTP: one officer stops crossing flows, a second one keeps them stopped, either lifts them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from directory.domain.halts import REASON_CHARACTERS_MAX, HaltRecord
from directory.domain.officers import Officer
from directory.entrypoints.http.officers import Form, WhoAmI
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


def halt_routes(halts: HaltService, me: WhoAmI) -> APIRouter:
    """Halts."""
    routes = APIRouter(prefix="/directory/v1/halts", tags=["halts"])

    @routes.get("")
    async def read_halts(officer: Annotated[Officer, Depends(me)]) -> HaltList:
        """Every halt."""
        return HaltList(halts=[shown(it) for it in await halts.everything(officer)])

    @routes.post("", status_code=201)
    async def halt(form: HaltForm, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
        """Stop crossing flows for a day."""
        return shown(await halts.halt(officer, form.scope, form.value, form.reason))

    @routes.post("/{number}/approvals", status_code=201)
    async def approve(number: int, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
        """Keep somebody else's halt for a month."""
        return shown(await halts.approve(officer, number))

    @routes.delete("/{number}")
    async def lift(number: int, officer: Annotated[Officer, Depends(me)]) -> HaltShown:
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
