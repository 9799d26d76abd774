"""Evidence over HTTP: one report about a revision, for whoever reads it, with what proves it.

Whoever has the log's public key proves a report alone: the document hashes to `document_sha256`, that and
`analysis.sha256` to what approvers signed, the bundle to what nodes acknowledged, and each entry of the log
stands in the tree of the signed checkpoint.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from accord.encoding import b64url
from directory.domain.evidence import Arrival, Told, in_short
from directory.domain.officers import Officer
from directory.entrypoints.http.halts import HaltShown
from directory.entrypoints.http.halts import shown as halt_shown
from directory.entrypoints.http.officers import Number, WhoAmI
from directory.entrypoints.http.policies import ApprovalShown, FindingShown, shown
from directory.entrypoints.http.policy_log import EntryShown, entry_shown
from directory.entrypoints.http.unlawful import CellUnlawfulShown, cell_shown
from directory.services.policies.evidence import Evidence, PolicyEvidence
from residency_policies.model import Waiver

SCHEMA = "evidence/v1"


class RevisionEvidence(BaseModel):
    """A revision with its document; `over_s`: when another one took its place, 0 while none did."""

    revision: int
    document: str
    version: int
    kind: str
    author: str
    state: str
    document_sha256: str
    jurisdictions: list[str]
    submitted_s: int
    activate_s: int
    bundle_version: int
    over_s: int
    pilot: list[str]
    rolls_back: int
    findings: list[FindingShown]
    approval_sha256: str
    approvals: list[ApprovalShown]
    content: dict[str, Any]


class ArrivalShown(BaseModel):
    """A node's first acknowledgement of this bundle or a later one; null: there is none.

    `after_s`: since the bundle was signed; `checkpoint`: of the node's own ledger then; `here`: whether the
    node belongs to the federation now.
    """

    node: str
    here: bool
    bundle_version: int | None
    acknowledged_s: int | None
    after_s: int | None
    checkpoint: str


class BundleEvidence(BaseModel):
    """A bundle by which nodes heard of the revision, and the act that made it. Signature as base64url."""

    act: str
    bundle_version: int
    bundle_sha256: str
    key_id: str
    signature: str
    activated_s: int
    nodes: list[ArrivalShown]


class ProvenEntry(EntryShown):
    """An entry and the hashes from its leaf to the root (RFC 6962, 2.1.1), as base64url."""

    inclusion: list[str]


class LogEvidence(BaseModel):
    """Entries about the revision, its bundles and halts, proven against the checkpoint of `size` entries."""

    size: int
    checkpoint: str
    entries: list[ProvenEntry]


class WaiverShown(BaseModel):
    """Clauses that did not count for some policies under the bundle."""

    id: str
    policies: list[str]
    pack: str
    clauses: list[str]
    reason: str
    until_s: int


class ProofsShown(BaseModel):
    """What was proven of the document in force: claims with certificates, and expectations."""

    claims: list[dict[str, Any]]
    expectations: int
    failed: list[str]


class EvidenceShown(BaseModel):
    """The whole report. `analysis`: null before there is one; `unlawful`: by cell, conversations that these
    bundles made unlawful and that are not resolved.
    """

    schema_version: str
    made_s: int
    revision: RevisionEvidence
    analysis: dict[str, Any] | None
    bundles: list[BundleEvidence]
    proofs: ProofsShown
    log: LogEvidence
    halts: list[HaltShown]
    waivers: list[WaiverShown]
    unlawful: list[CellUnlawfulShown]


def evidence_routes(evidence: PolicyEvidence, me: WhoAmI) -> APIRouter:
    """The report."""
    routes = APIRouter(prefix="/directory/v1/policies", tags=["policies"])

    @routes.get("/{number}/evidence")
    async def read_evidence(number: Number, officer: Annotated[Officer, Depends(me)]) -> EvidenceShown:
        """All evidence of one revision."""
        return _report(await evidence.report(officer, number))

    return routes


def _report(found: Evidence) -> EvidenceShown:
    seen, revision = shown(found.standing), found.standing.revision
    own = seen.model_dump(include=set(RevisionEvidence.model_fields))
    return EvidenceShown(
        schema_version=SCHEMA,
        made_s=found.made_s,
        revision=RevisionEvidence(**own, content=json.loads(revision.canonical), over_s=found.over_s),
        analysis=in_short(revision),
        bundles=[_bundle(it) for it in found.told],
        proofs=ProofsShown(
            claims=list(found.proofs.claims),
            expectations=found.proofs.expectations,
            failed=list(found.proofs.failed),
        ),
        log=LogEvidence(
            size=found.size,
            checkpoint=found.checkpoint,
            entries=[
                ProvenEntry(**entry_shown(it.entry).model_dump(), inclusion=[b64url(one) for one in it.proof])
                for it in found.entries
            ],
        ),
        halts=[halt_shown(it) for it in found.halts],
        waivers=[_waiver(it) for it in found.proofs.waivers],
        unlawful=[cell_shown(it) for it in found.unlawful],
    )


def _bundle(told: Told) -> BundleEvidence:
    return BundleEvidence(
        act=told.act,
        bundle_version=told.bundle.version,
        bundle_sha256=told.bundle.digest.hex(),
        key_id=told.bundle.key_id,
        signature=b64url(told.bundle.signature),
        activated_s=told.activated_s,
        nodes=[_arrival(it, told.activated_s) for it in told.arrivals],
    )


def _arrival(one: Arrival, since_s: int) -> ArrivalShown:
    first = one.first
    return ArrivalShown(
        node=one.node,
        here=one.here,
        bundle_version=first.bundle_version if first else None,
        acknowledged_s=first.acknowledged_s if first else None,
        after_s=first.acknowledged_s - since_s if first else None,
        checkpoint=first.checkpoint if first else "",
    )


def _waiver(waiver: Waiver) -> WaiverShown:
    return WaiverShown(
        id=waiver.id,
        policies=list(waiver.policies),
        pack=waiver.pack,
        clauses=list(waiver.clauses),
        reason=waiver.reason,
        until_s=waiver.until_s,
    )
