"""The evidence of one revision, gathered from what the directory keeps."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from accord.ledger import inclusion_proof
from directory.domain.bundles import SignedBundle
from directory.domain.cells import CellState
from directory.domain.evidence import Proven, Told, about, arrivals, overlapping, told_by
from directory.domain.halts import HaltRecord
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.policies import Revision
from directory.domain.policy_log import entries_since
from directory.domain.reading import halted_workspaces, reads_halt, require_revision_read, theirs
from directory.domain.unlawful import OVERDUE, CellUnlawful, since_bundles, unresolved
from directory.ports.store import ReadUnit
from directory.services.policies.base import Revisions, Standing, require_revision, seen_of
from residency_policies.bundle import compile_bundle, load_bundle
from residency_policies.interpret import failed_expectations
from residency_policies.model import Policy, Waiver
from residency_policies.prove.claims import prove


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was proven of the document in the bundle that brought it into force, at that time: its claims
    (JSON) with certificates, its expectations and those that fail, and the waivers of the bundle.
    """

    claims: tuple[dict[str, object], ...] = ()
    expectations: int = 0
    failed: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one revision at one moment.

    Attributes:
        told: bundles that brought it to cells and edges, in order.
        over_s: when another revision took its place; 0: none did.
        size, checkpoint: of the policy log against which the entries are proven.
        halts: those that stood while it was in force.
        unlawful: by cell, conversations that its bundles made unlawful and that are not resolved.
    """

    made_s: int
    standing: Standing
    told: tuple[Told, ...]
    over_s: int
    entries: tuple[Proven, ...]
    size: int
    checkpoint: str
    halts: tuple[HaltRecord, ...]
    unlawful: tuple[CellUnlawful, ...]
    proofs: Proofs


class PolicyEvidence(Revisions):
    """Reports about revisions, each with what is the officer's to read."""

    async def report(self, by: Officer, number: int) -> Evidence:
        """The evidence of a revision in any state; raises ForbiddenError, NotFoundError."""
        require_may(by, OfficerAct.READ)
        now_s = self.now_s()
        found = await self.store.read(lambda unit: self._gathered(unit, by, number, now_s))
        revision = found.standing.revision
        bundle = next((it.bundle for it in found.told if it.bundle.version == revision.bundle_version), None)
        if bundle is None:
            return found
        return replace(found, proofs=await asyncio.to_thread(_proofs, bundle, revision))

    def _gathered(self, unit: ReadUnit, by: Officer, number: int, now_s: int) -> Evidence:
        revision = require_revision_read(by, require_revision(unit, number))
        over_s = _over_s(unit, revision)
        entries = entries_since(unit.log, revision.submitted_s)
        versions = told_by(entries, number)
        told = tuple(_told(unit, version, act) for version, act in sorted(versions.items()))
        halts = overlapping(unit.halts.everything(), told[0].activated_s, over_s or now_s) if told else []
        seen = seen_of(unit, by, halted_workspaces(halts))
        halts = [it for it in halts if reads_halt(it, seen)]
        size = unit.log.size()
        numbers = [it.number for it in halts]
        cells = theirs(by, unit.cells.cells())
        known = {it.name for it in cells}
        kept = [
            it
            for it in entries
            if about(it, number, versions, numbers)
            and (it.open["act"] != OVERDUE or it.open["cell"] in known)
        ]
        proven = tuple(Proven(it, tuple(inclusion_proof(it.seq, size, unit.log.hash_at))) for it in kept)
        newest = unit.log.page(size - 1, 1)
        return Evidence(
            now_s,
            self.standing(unit, revision, by),
            told,
            over_s,
            proven,
            size,
            newest[0].note if newest else "",
            tuple(halts),
            since_bundles(
                unresolved(cells, unit.unlawful.reports(), unit.bundles.activated_s, now_s),
                versions,
            ),
            Proofs(),
        )


def _over_s(unit: ReadUnit, revision: Revision) -> int:
    """When the next revision of its document came into force."""
    if not revision.bundle_version:
        return 0
    later = [
        it
        for it in unit.policies.of_document(revision.document)
        if it.bundle_version > revision.bundle_version
    ]
    return min((it.activate_s for it in later), default=0)


def _told(unit: ReadUnit, version: int, act: str) -> Told:
    bundle = unit.bundles.find(version)
    assert bundle is not None, "an entry of the log names a bundle that is not kept"
    nodes = [it.name for it in unit.cells.cells() if it.state is not CellState.RETIRED]
    nodes += [it.name for it in unit.cells.edges()]
    first = unit.bundles.first_acknowledged(version)
    return Told(act, bundle, unit.bundles.activated_s(version), arrivals(nodes, first))


def _proofs(bundle: SignedBundle, revision: Revision) -> Proofs:
    """Proven anew from the bundle's bytes, at the instant at which it came into force. On a thread."""
    compiled = compile_bundle(load_bundle(bundle.bundle), revision.activate_s)
    waivers = tuple(it for it in compiled.bundle.parsed if isinstance(it, Waiver))
    policy: Policy | None = next((it for it in compiled.policies if it.id == revision.document), None)
    if policy is None:
        return Proofs(waivers=waivers)
    claims: tuple[dict[str, Any], ...] = tuple(
        it.to_json() for it in (prove(compiled, policy, policy.proofs) if policy.proofs else ())
    )
    failed = tuple(it.path for it in failed_expectations(compiled.first_stack(policy)))
    return Proofs(claims, len(policy.tests), failed, waivers)
