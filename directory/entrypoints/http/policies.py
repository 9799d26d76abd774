"""The life of policies over HTTP: submit, analyse, approve, activate, withdraw, roll back.

Times are unix seconds, hashes hex. Lists go from the newest back; `cursor` goes on where a page ended.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from directory.domain.officers import Officer
from directory.domain.policies import DOCUMENT_BYTES_MAX, PILOT_MAX
from directory.entrypoints.http.officers import Form, Number, WhoAmI
from directory.services.policies.base import Standing
from directory.services.policies.review import PAGE_MAX, PolicyReview
from directory.services.policies.rollout import PolicyRollout
from directory.services.shadows import ShadowService


class DocumentForm(Form):
    """`document`: the policy as YAML or JSON."""

    document: str = Field(max_length=DOCUMENT_BYTES_MAX)


class ApprovalForm(Form):
    """`hash`: `approval_sha256` of the revision as the officer read it."""

    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class ActivationForm(Form):
    """`at_s`: when (now unless given); `pilot`: only for these workspaces, before everybody."""

    at_s: int | None = Field(default=None, ge=0, le=2**40)
    pilot: list[str] = Field(default=[], max_length=PILOT_MAX)


class RollbackForm(Form):
    """Back to what the document said in this bundle."""

    document: str = Field(max_length=200)
    bundle_version: int = Field(ge=1, le=2**53)


class RemovalForm(Form):
    """`document`: id of the one that is to be taken away."""

    document: str = Field(max_length=200)


class FindingShown(BaseModel):
    """What is wrong with a document. Lines and columns count from 1; 0 means no place in the text."""

    code: str
    path: str
    line: int
    column: int
    text: str
    suggestion: str


class ApprovalShown(BaseModel):
    """A signature. `counts`: it is of exactly this document and analysis."""

    officer: str
    roles: list[str]
    hash: str
    approved_s: int
    counts: bool


class RevisionShown(BaseModel):
    """A revision. `approval_sha256` is what an approver signs; empty before the analysis. `withheld`: ids
    of residents that are left out of analysis and pilot, since they are of other jurisdictions.
    """

    revision: int
    document: str
    version: int
    kind: str
    author: str
    state: str
    document_sha256: str
    jurisdictions: list[str]
    submitted_s: int
    findings: list[FindingShown]
    analysis: dict[str, Any] | None
    withheld: int
    analysis_lapsed: bool
    approval_sha256: str
    approvals: list[ApprovalShown]
    earliest_s: int | None
    activate_s: int
    pilot: list[str]
    bundle_version: int
    rolls_back: int


class ChangedShown(BaseModel):
    """Flows by data class that are decided otherwise in one way."""

    flows: int
    keys: int
    rules: list[dict[str, Any]]
    workspaces: list[dict[str, Any]]
    hours: list[tuple[int, int]]
    examples: list[dict[str, Any]]


class ComparedShown(BaseModel):
    """Of so many flows that were asked about: newly allowed, newly refused, and with other obligations."""

    asked: int
    allowed: ChangedShown
    refused: ChangedShown
    owes: ChangedShown


class ShadowNodeShown(BaseModel):
    """`state`: evaluating, refused (`why`), waiting (not acknowledged) or unknown; times are unix seconds, of
    the flows that were counted in shadow. `other`: flows whose kind was not kept apart.
    """

    node: str
    kind: str
    state: str
    why: str
    acknowledged_s: int | None = None
    since_s: int | None = None
    until_s: int | None = None
    flows: int = 0
    other: int = 0
    changed: dict[str, int] | None = None


class ShadowShown(BaseModel):
    """The newest shadow of a revision. `live` is what cells counted as they decided, `replayed` what the
    directory finds for the same flows; `agrees`: they are equal, one by one. `withheld`: rows that are
    left out, since they are about workspaces of other jurisdictions; sums are of everybody.
    """

    bundle_version: int
    bundle_sha256: str
    begun_s: int
    ended_s: int | None
    live: ComparedShown
    replayed: ComparedShown
    withheld: int
    agrees: bool
    nodes: list[ShadowNodeShown]


class RevisionWhole(RevisionShown):
    """With the document itself, and what came of its shadow, if there was one."""

    content: dict[str, Any]
    shadow: ShadowShown | None


class RevisionPage(BaseModel):
    """`cursor`: of the next page; empty after the last."""

    revisions: list[RevisionShown]
    cursor: str


def policy_routes(
    review: PolicyReview, rollout: PolicyRollout, shadows: ShadowService, me: WhoAmI
) -> APIRouter:
    """Revisions and what is done with them."""
    routes = APIRouter(prefix="/directory/v1/policies", tags=["policies"])

    @routes.get("")
    async def read_revisions(
        officer: Annotated[Officer, Depends(me)],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
        cursor: Annotated[str, Query(pattern=r"^[0-9]{0,15}$")] = "",
    ) -> RevisionPage:
        """Revisions that are the officer's to read, newest first."""
        found = await review.page(officer, int(cursor or 0), limit)
        more = str(found[-1].revision.number) if len(found) == limit else ""
        return RevisionPage(revisions=[shown(it) for it in found], cursor=more)

    @routes.post("", status_code=201)
    async def submit(form: DocumentForm, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Submit a document; its findings come with the answer. One that cannot be read is not kept."""
        return shown(await review.submit(officer, form.document))

    @routes.post("/rollbacks", status_code=201)
    async def roll_back(form: RollbackForm, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Submit an earlier content anew, as a version of its own."""
        return shown(await review.roll_back(officer, form.document, form.bundle_version))

    @routes.post("/removals", status_code=201)
    async def remove(form: RemovalForm, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Submit that a document is taken away. Floors and packs are not."""
        return shown(await review.remove(officer, form.document))

    @routes.get("/{number}")
    async def read_revision(number: Number, officer: Annotated[Officer, Depends(me)]) -> RevisionWhole:
        """One revision, with its document and its shadow."""
        standing = await review.find(officer, number)
        content = json.loads(standing.revision.canonical)
        found = await shadows.look(officer, number)
        shadow = None if found is None else ShadowShown.model_validate(found)
        return RevisionWhole(**shown(standing).model_dump(), content=content, shadow=shadow)

    @routes.post("/{number}/analyses", status_code=201)
    async def analyse(number: Number, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Analyse it against what is in force."""
        return shown(await review.analyse(officer, number))

    @routes.post("/{number}/approvals", status_code=201)
    async def approve(
        number: Number, form: ApprovalForm, officer: Annotated[Officer, Depends(me)]
    ) -> RevisionShown:
        """Sign document and analysis. Nobody signs their own."""
        return shown(await review.approve(officer, number, form.hash))

    @routes.post("/{number}/activations", status_code=201)
    async def activate(
        number: Number, form: ActivationForm, officer: Annotated[Officer, Depends(me)]
    ) -> RevisionShown:
        """Put it in force: now, later, or first for a pilot."""
        return shown(await rollout.activate(officer, number, form.at_s, form.pilot))

    @routes.post("/{number}/withdrawals", status_code=201)
    async def withdraw(number: Number, officer: Annotated[Officer, Depends(me)]) -> RevisionShown:
        """Give it up before it is active."""
        return shown(await review.withdraw(officer, number))

    return routes


def shown(standing: Standing) -> RevisionShown:
    """A revision as officers see it."""
    revision = standing.revision
    return RevisionShown(
        revision=revision.number,
        document=revision.document,
        version=revision.version,
        kind=json.loads(revision.canonical)["kind"],
        author=revision.author,
        state=revision.state.value,
        document_sha256=revision.hash,
        jurisdictions=list(revision.jurisdictions),
        submitted_s=revision.submitted_s,
        findings=[FindingShown(**it) for it in json.loads(revision.findings)],
        analysis=dict(standing.analysis) if standing.analysis is not None else None,
        withheld=standing.withheld,
        analysis_lapsed=standing.lapsed,
        approval_sha256=standing.hash,
        approvals=[
            ApprovalShown(
                officer=it.officer,
                roles=list(it.roles),
                hash=it.hash,
                approved_s=it.approved_s,
                counts=it.hash == standing.hash and it.officer != revision.author,
            )
            for it in standing.approvals
        ],
        earliest_s=standing.earliest_s,
        activate_s=revision.activate_s,
        pilot=list(standing.pilot),
        bundle_version=revision.bundle_version,
        rolls_back=revision.rolls_back,
    )
