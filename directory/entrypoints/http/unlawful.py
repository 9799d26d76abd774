"""Unlawful conversations over HTTP: what is to be resolved in which cell, and until when."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from directory.domain.officers import Officer
from directory.domain.unlawful import CellUnlawful
from directory.entrypoints.http.officers import WhoAmI
from directory.services.unlawful import UnlawfulService


class UnresolvedShown(BaseModel):
    """A conversation by its ids. `outcome`: `refused` or `read_only`; `since_s`: when its bundle began;
    `overdue_s`: for how long the deadline has passed, 0 while it has not.
    """

    workspace: str
    channel: str
    outcome: str
    rule: str
    bundle_version: int
    since_s: int
    deadline_s: int
    overdue_s: int


class CellUnlawfulShown(BaseModel):
    """A cell. `known`: it has told; without that, nothing is known of its conversations.

    `bundle_version`: under which all of its conversations were ruled on; `more`: counted and not listed;
    `overdue`: of those that are listed, with a deadline that has passed.
    """

    cell: str
    known: bool
    bundle_version: int
    reported_s: int
    refused: int
    read_only: int
    more: int
    overdue: int
    conversations: list[UnresolvedShown]


class UnlawfulShown(BaseModel):
    """By cell."""

    cells: list[CellUnlawfulShown]


def unlawful_routes(unlawful: UnlawfulService, me: WhoAmI) -> APIRouter:
    """What is unresolved, for every role in its jurisdictions."""
    routes = APIRouter(prefix="/directory/v1", tags=["policies"])

    @routes.get("/unlawful-conversations")
    async def read_unlawful(officer: Annotated[Officer, Depends(me)]) -> UnlawfulShown:
        """Conversations that the policies in force no longer allow."""
        return UnlawfulShown(cells=[cell_shown(it) for it in await unlawful.unresolved(officer)])

    return routes


def cell_shown(found: CellUnlawful) -> CellUnlawfulShown:
    """A cell as officers see it."""
    report = found.report
    return CellUnlawfulShown(
        cell=found.cell,
        known=report is not None,
        bundle_version=report.bundle_version if report else 0,
        reported_s=report.reported_s if report else 0,
        refused=report.refused if report else 0,
        read_only=report.read_only if report else 0,
        more=report.more if report else 0,
        overdue=sum(it.overdue_s > 0 for it in found.unresolved),
        conversations=[
            UnresolvedShown(
                workspace=it.conversation.workspace,
                channel=it.conversation.channel,
                outcome=it.conversation.outcome,
                rule=it.conversation.rule,
                bundle_version=it.conversation.bundle_version,
                since_s=it.since_s,
                deadline_s=it.deadline_s,
                overdue_s=it.overdue_s,
            )
            for it in found.unresolved
        ],
    )
