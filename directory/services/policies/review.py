"""Revisions until they are approved: submitted, analysed, signed by others, withdrawn."""

import asyncio
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

from accord.errors import ConflictError, InvalidError, NotFoundError, WrongStateError
from directory.domain.analysis import analyse
from directory.domain.bundles import SignedBundle
from directory.domain.cells import Cell, Edge, Room
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.placements import Placement
from directory.domain.policies import (
    DOCUMENT_BYTES_MAX,
    OPEN,
    UNDER_WAY,
    Approval,
    Revision,
    RevisionState,
    analysed,
    analysis_hash,
    check_approval,
    content_of,
    document_bytes,
    earliest_s,
    findings_json,
    placed,
    replaced,
    scope_of,
    validated_state,
    with_version,
)
from directory.domain.policy_log import Act
from directory.domain.reading import reads_revision, require_revision_read
from directory.domain.removals import removal_bytes, removal_findings
from directory.domain.traffic import DayCount, TrafficReport
from directory.ports.store import ReadUnit, WriteUnit
from directory.services.policies.base import (
    Revisions,
    Standing,
    active_bundle,
    documents_of,
    establishments_of,
    known_officer,
    look,
    named,
    require_open,
    require_revision,
    world_of,
)
from residency_policies.analyse.lint import lint_document
from residency_policies.bundle import CompiledBundle, compile_bundle, load_bundle
from residency_policies.document import load_document
from residency_policies.errors import Finding
from residency_policies.model import Document, FloorPack, Policy, Waiver
from residency_policies.traffic import SPAN_S

PAGE_MAX = 100
PLACEMENTS_PAGE = 10_000


class PolicyReview(Revisions):
    """What officers do with a revision before it takes effect, and their reading of it."""

    # --- reading -----------------------------------------------------------------------------------------

    async def find(self, by: Officer, number: int) -> Standing:
        """One revision; raises ForbiddenError, NotFoundError."""
        require_may(by, OfficerAct.READ)

        def work(unit: ReadUnit) -> Standing:
            return self.standing(unit, require_revision_read(by, require_revision(unit, number)), by)

        return await self.store.read(work)

    async def page(self, by: Officer, before: int, limit: int) -> list[Standing]:
        """Revisions that are theirs to read, below this number (0: all), newest first; at most 100."""
        require_may(by, OfficerAct.READ)
        if not 0 < limit <= PAGE_MAX:
            raise InvalidError(field="limit", why=f"1 to {PAGE_MAX}")

        def work(unit: ReadUnit) -> list[Standing]:
            theirs = (it for it in _downwards(unit, before) if reads_revision(by, it))
            return [self.standing(unit, it, by) for it in itertools.islice(theirs, limit)]

        return await self.store.read(work)

    # --- on the way to approval ----------------------------------------------------------------------

    async def submit(self, by: Officer, text: str) -> Standing:
        """Take in a document under the next version of its id, with all findings.

        Raises:
            PolicyError: it cannot be read; nothing was stored. ForbiddenError: no right in its jurisdictions.
        """
        require_may(by, OfficerAct.SUBMIT)
        if len(text.encode()) > DOCUMENT_BYTES_MAX:
            raise InvalidError(field="document", why="too long", bytes_max=DOCUMENT_BYTES_MAX)
        document = await asyncio.to_thread(load_document, text)
        return await self._submit(by, OfficerAct.SUBMIT, document, 0, text)

    async def remove(self, by: Officer, document_id: str) -> Standing:
        """Submit that a document in force is taken away; analysed, signed and activated like any other
        change.

        Raises:
            NotFoundError: it is not in force. InvalidError: `code` E-FLOOR, it is a floor or a pack.
            ForbiddenError: no right in its jurisdictions.
        """
        require_may(by, OfficerAct.SUBMIT)
        base = await self.store.read(active_bundle)
        document = (await asyncio.to_thread(documents_of, base)).get(document_id)
        if document is None:
            raise NotFoundError(thing="document")
        return await self._submit(by, OfficerAct.SUBMIT, document, 0, "")

    async def roll_back(self, by: Officer, document_id: str, bundle_version: int) -> Standing:
        """Submit what the document said in an earlier bundle as a new version, or that it is taken away where
        it was not in that bundle.

        Raises:
            NotFoundError: no such bundle or document. ConflictError: that is in force already.
            ForbiddenError.
        """
        require_may(by, OfficerAct.ROLL_BACK)

        def work(unit: ReadUnit) -> tuple[SignedBundle | None, SignedBundle | None, int]:
            standing = [
                it for it in unit.policies.of_document(document_id) if it.state is RevisionState.ACTIVE
            ]
            number = standing[-1].number if standing else 0
            return unit.bundles.find(bundle_version), unit.bundles.active(), number

        earlier, active, number = await self.store.read(work)
        if earlier is None or active is None:
            raise NotFoundError(thing="bundle")
        documents = await asyncio.to_thread(documents_of, earlier)
        now = (await asyncio.to_thread(documents_of, active)).get(document_id)
        then = documents.get(document_id)
        if then is None and now is None:
            raise NotFoundError(thing="document")
        if then is None:
            assert now is not None
            return await self._submit(by, OfficerAct.ROLL_BACK, now, number, "")
        scope = await self.store.read(lambda unit: scope_of(then, establishments_of(unit, then)))
        require_may(by, OfficerAct.ROLL_BACK, frozenset(scope))
        if now is not None and content_of(document_bytes(now)) == content_of(document_bytes(then)):
            raise ConflictError(what="document", document=document_id)
        text = document_bytes(then).decode()
        return await self._submit(by, OfficerAct.ROLL_BACK, then, number, text)

    async def analyse(self, by: Officer, number: int) -> Standing:
        """Analyse against what is in force now; earlier approvals count no more.

        Raises:
            WrongStateError: it has findings, or is on its way. ConflictError: the world moved meanwhile.
        """
        require_may(by, OfficerAct.ANALYSE)
        revision, base, world = await self.store.read(lambda unit: look(unit, number))
        require_may(by, OfficerAct.ANALYSE, frozenset(revision.jurisdictions))
        require_open(revision)
        placements, cells, rooms = await self.store.read(_homes)
        now_s = self.now_s()
        edges, reports, counts = await self.store.read(lambda unit: _traffic(unit, now_s))
        candidate, findings = await asyncio.to_thread(self._checked, base, revision, now_s)
        value: dict[str, object] = {}
        if candidate is not None:
            value = await asyncio.to_thread(
                analyse, revision, *candidate, world, placements, cells, edges, reports, counts, rooms
            )

        def work(unit: WriteUnit) -> Standing:
            officer = self.allowed(unit, by, OfficerAct.ANALYSE, revision)
            standing = self.unmoved(unit, revision, world)
            told = findings_json(placed(findings, standing.findings))
            if candidate is None:
                fresh = replace(standing, state=RevisionState.DRAFT, findings=told, analysis=b"")
                self.enter(unit, Act("revision_invalid", officer.name, named(fresh)))
            else:
                fresh = replace(analysed(standing, value), findings=told)
                facts = {"analysis_sha256": analysis_hash(fresh.analysis), "direction": value["direction"]}
                self.enter(unit, Act("revision_analysed", officer.name, named(fresh) | facts))
            unit.policies.put(fresh)
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.store.write(work)

    async def approve(self, by: Officer, number: int, signed_hash: str) -> Standing:
        """Sign document and analysis together.

        Raises:
            ForbiddenError: their own change (`code` E-SOD), another role, another jurisdiction.
            WrongStateError: not analysed, or the world has moved (`code` E-LAPSED). ConflictError: another
            hash.
        """
        now_s = self.now_s()

        def work(unit: WriteUnit) -> Standing:
            revision = require_revision(unit, number)
            officer = self.allowed(unit, by, OfficerAct.APPROVE, revision)
            check_approval(revision, officer, signed_hash, unit.policies.approvals_of(number), world_of(unit))
            roles = tuple(sorted(officer.roles))
            unit.policies.approve(Approval(number, officer.name, roles, signed_hash, now_s))
            enough = earliest_s(revision, unit.policies.approvals_of(number)) is not None
            fresh = replace(revision, state=RevisionState.APPROVED) if enough else revision
            unit.policies.put(fresh)
            self.enter(
                unit, Act("revision_approved", officer.name, named(fresh) | {"signed_sha256": signed_hash})
            )
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.store.write(work)

    async def withdraw(self, by: Officer, number: int) -> Standing:
        """Give up a revision that is not active; a pilot ends with a bundle as it was before, a shadow with
        none.

        Raises:
            WrongStateError: it is active or over.
        """
        require_may(by, OfficerAct.SUBMIT)
        revision, active, world = await self.store.read(lambda unit: look(unit, number))
        require_may(by, OfficerAct.SUBMIT, frozenset(revision.jurisdictions))
        bundle = None
        if revision.state is RevisionState.PILOT:
            bundle = await self.made(revision, active, lambda base, version: replaced(base, (), version))

        def work(unit: WriteUnit) -> Standing:
            officer = self.allowed(unit, by, OfficerAct.SUBMIT, revision)
            standing = self.unmoved(unit, revision, world)
            if standing.state not in OPEN | UNDER_WAY:
                raise WrongStateError(state=standing.state.value, needed="not over")
            if standing.state is RevisionState.SHADOW:
                self.end_shadow(unit)
            fresh = replace(standing, state=RevisionState.WITHDRAWN)
            self.enter(unit, Act("revision_withdrawn", officer.name, named(fresh)))
            if bundle is not None:
                self.store_bundle(unit, bundle, officer.name)
            unit.policies.put(fresh)
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.rung(work)

    # --- inside ------------------------------------------------------------------------------------------

    async def _submit(
        self, by: Officer, right: OfficerAct, document: Document, rolls_back: int, text: str
    ) -> Standing:
        base = await self.store.read(active_bundle)
        now_s = self.now_s()

        def work(unit: WriteUnit) -> Standing:
            scope = scope_of(document, establishments_of(unit, document))
            officer = require_may(known_officer(unit, by), right, frozenset(scope))
            known = [it.version for it in unit.policies.of_document(document.id)]
            version = max([*known, standing_version]) + 1
            canonical = (
                document_bytes(with_version(document, version)) if text else removal_bytes(document, version)
            )
            revision = Revision(
                number=unit.policies.next_number(),
                document=document.id,
                version=version,
                counsel=isinstance(document, FloorPack | Waiver),
                author=officer.name,
                hash=hashlib.sha256(canonical).hexdigest(),
                canonical=canonical,
                jurisdictions=scope,
                state=validated_state(findings),
                findings=findings_json(findings),
                submitted_s=now_s,
                rolls_back=rolls_back,
            )
            unit.policies.put(revision)
            act = "revision_submitted" if text else "removal_submitted"
            self.enter(unit, Act(act, officer.name, named(revision)))
            unit.commit()
            return self.standing(unit, revision, by)

        standing = (await asyncio.to_thread(documents_of, base)).get(document.id)
        standing_version = standing.version if isinstance(standing, Policy) else 0
        findings = await asyncio.to_thread(_findings, base, document.id, text, now_s)
        return await self.store.write(work)

    def _checked(
        self, base: SignedBundle, revision: Revision, now_s: int
    ) -> tuple[tuple[CompiledBundle, CompiledBundle] | None, list[Finding]]:
        """The base and the candidate, or what is wrong with it now. On a thread beside."""
        held = load_bundle(base.bundle)
        if revision.removes and (gone := removal_findings(revision, held)):
            return None, gone
        candidate = replaced(held, [(revision.document, revision.text)], base.version + 1)
        findings, compiled = lint_document(candidate, revision.document, now_s)
        if compiled is None or validated_state(findings) is RevisionState.DRAFT:
            return None, list(findings)
        return (compile_bundle(held, now_s), compiled), list(findings)


def _downwards(unit: ReadUnit, before: int) -> Iterator[Revision]:
    """Revisions below this number (0: all), newest first."""
    while page := unit.policies.page(before, PAGE_MAX):
        yield from page
        before = page[-1].number


def _findings(base: SignedBundle, document: str, text: str, now_s: int) -> tuple[Finding, ...]:
    """Of the document among those in force, and of whatever it breaks. On a thread beside."""
    bundle = replaced(load_bundle(base.bundle), [(document, text)], base.version + 1)
    return lint_document(bundle, document, now_s)[0]


def _homes(unit: ReadUnit) -> tuple[list[Placement], list[Cell], dict[str, Room]]:
    """Every placement, every cell, and the room of those that said it."""
    found: list[Placement] = []
    after = 0
    while page := unit.placements.changed_after(after, PLACEMENTS_PAGE):
        found += page
        after = page[-1].version
    rooms = {it.cell: it.room for it in unit.cells.reports() if it.room is not None}
    return found, unit.cells.cells(), rooms


def _traffic(unit: ReadUnit, now_s: int) -> tuple[list[Edge], list[TrafficReport], list[DayCount]]:
    """What was counted in the last 30 days, and by whom."""
    return unit.cells.edges(), unit.traffic.reports(), unit.traffic.days(now_s - SPAN_S)
