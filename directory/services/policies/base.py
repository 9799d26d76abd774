"""What reviewing and rolling out of revisions share: the look at the world, the log, the making of a bundle.

Invariants
    1. Every act is checked against the officer as stored, and entered into the policy log, in one
       transaction.
    2. A bundle is compiled whole before it is stored; it is entered into the log before it is there to be
       fetched.
    3. What was decided against one active bundle is never stored behind another one.

Compiling happens on a thread beside; the transaction then proves that nothing it rests on has moved.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accord.clock import Clock
from accord.errors import ConflictError, NotFoundError, NotReadyError, WrongStateError
from accord.signing import SigningKey
from directory.domain.bundles import SignedBundle, sign_bundle
from directory.domain.officers import EVERYWHERE, Officer, OfficerAct, reads_everything, require_may
from directory.domain.policies import (
    OPEN,
    Approval,
    Revision,
    RevisionState,
    WorldState,
    approval_hash,
    document_bytes,
    earliest_s,
    facts_of,
    has_lapsed,
    replaced,
    world_state,
)
from directory.domain.policy_log import SALT_BYTES, Act, LogPen
from directory.domain.reading import Seen, named_in, part_of, seen_by
from directory.ports.outside import Bell
from directory.ports.store import ReadUnit, Store, WriteUnit
from residency_policies.bundle import Bundle, check_bundle, load_bundle
from residency_policies.errors import PolicyError
from residency_policies.model import Document, FloorPack, Policy


@dataclass(frozen=True, slots=True)
class Standing:
    """A revision with its approvals, what is signed for it, and from when on it may take effect.

    `analysis` and `pilot` are as the officer reads them who asked; `withheld`: how many ids are left out.
    """

    revision: Revision
    approvals: tuple[Approval, ...]
    hash: str
    lapsed: bool
    earliest_s: int | None
    analysis: Mapping[str, Any] | None
    pilot: tuple[str, ...]
    withheld: int


class Revisions:
    """Base of the services of revisions.

    Args:
        key: signs bundles, purpose `bundle`.
        pen: of the policy log.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        bell: Bell,
        key: SigningKey,
        random: Callable[[int], bytes],
        pen: LogPen,
    ) -> None:
        self.store, self.clock, self.bell = store, clock, bell
        self.key, self.random, self.pen = key, random, pen

    async def made(
        self, revision: Revision, active: SignedBundle, make: Callable[[Bundle, int], Bundle]
    ) -> SignedBundle:
        """The next bundle, signed. Raises WrongStateError when it would not compile (any more)."""
        return sign_bundle(await self.built(revision, active, make), self.key)

    async def built(
        self, revision: Revision, active: SignedBundle, make: Callable[[Bundle, int], Bundle]
    ) -> Bundle:
        """As `made`, before anybody signed it."""
        began = await self.store.read(lambda unit: unit.bundles.find(revision.base_version))
        version, now_s = active.version + 1, self.now_s()

        def build() -> Bundle:
            held = load_bundle(active.bundle)
            base = (
                held if began is None or revision.state is not RevisionState.PILOT else refreshed(began, held)
            )
            made = make(base, version)
            check_bundle(made, now_s)
            return made

        try:
            return await asyncio.to_thread(build)
        except PolicyError as error:
            code = error.findings[0].code
            raise WrongStateError(str(error)[:500], state=revision.state.value, code=code) from None

    def store_bundle(self, unit: WriteUnit, bundle: SignedBundle, by: str) -> None:
        now_s = self.now_s()
        facts: dict[str, object] = {"bundle_version": bundle.version, "bundle_sha256": bundle.digest.hex()}
        self.enter(unit, Act("bundle_signed", by, facts))
        unit.bundles.add(bundle, now_s)

    def require_alone(self, unit: ReadUnit, revision: Revision) -> None:
        """Prove that no other revision is rolled out; raises WrongStateError (`code` E-BUSY)."""
        busy = unit.policies.in_states({RevisionState.SHADOW, RevisionState.PILOT})
        other = next((it.number for it in busy if it.number != revision.number), 0)
        if other:
            raise WrongStateError(
                "Another revision is being rolled out.",
                code="E-BUSY",
                state=revision.state.value,
                revision=other,
            )

    def end_shadow(self, unit: WriteUnit) -> None:
        """Tell cells of no shadow any more; nothing, where there is none."""
        standing = unit.shadows.standing()
        shadow = None if standing is None else unit.shadows.find(standing[1])
        if shadow is not None:
            unit.shadows.put(replace(shadow, ended_s=self.now_s()))

    def unmoved(self, unit: ReadUnit, revision: Revision, world: WorldState) -> Revision:
        """The revision as stored; raises ConflictError when anything that was looked at has changed since."""
        stored = require_revision(unit, revision.number)
        if world_of(unit) != world or replace(stored, pilot=revision.pilot) != revision:
            raise ConflictError(what="revision", revision=revision.number)
        return stored

    def allowed(self, unit: ReadUnit, by: Officer, act: OfficerAct, revision: Revision) -> Officer:
        return require_may(known_officer(unit, by), act, frozenset(revision.jurisdictions))

    def standing(self, unit: ReadUnit, revision: Revision, by: Officer | None) -> Standing:
        """A revision as an officer reads it; None: nobody does."""
        given = tuple(unit.policies.approvals_of(revision.number))
        lapsed = bool(revision.analysis) and revision.state in OPEN and has_lapsed(revision, world_of(unit))
        facts = facts_of(revision)
        seen = seen_of(unit, by, [*named_in(facts), *revision.pilot])
        analysis, gone = part_of(facts, seen)
        pilot = tuple(it for it in revision.pilot if seen(it))
        return Standing(
            revision,
            given,
            approval_hash(revision),
            lapsed,
            earliest_s(revision, given),
            analysis or None,
            pilot,
            gone + len(revision.pilot) - len(pilot),
        )

    async def rung(self, work: Callable[[WriteUnit], Standing]) -> Standing:
        standing = await self.store.write(work)
        self.bell.ring()
        return standing

    def enter(self, unit: WriteUnit, act: Act) -> None:
        self.pen.enter(unit.log, act, self.now_s(), self.random(SALT_BYTES))

    def now_s(self) -> int:
        return self.clock.now_us() // 1_000_000


def activated_with(revision: Revision) -> Callable[[Bundle, int], Bundle]:
    """Makes the bundle in which the revision rules everybody."""
    return lambda base, version: replaced(base, [(revision.document, revision.text)], version)


def halted(unit: ReadUnit, revision: Revision, now_s: int) -> bool:
    """Whether a halt stands over one of the revision's jurisdictions."""
    standing = [it for it in unit.halts.everything() if it.scope == "jurisdiction" and it.holds(now_s)]
    return any(EVERYWHERE in revision.jurisdictions or it.value in revision.jurisdictions for it in standing)


def documents_of(bundle: SignedBundle) -> dict[str, Document]:
    """The documents of a bundle by id."""
    return {it.id: it for it in load_bundle(bundle.bundle).parsed}


def refreshed(began: SignedBundle, held: Bundle) -> Bundle:
    """The documents with which a pilot began, under the floors and regions in force now."""
    policies = [it for it in load_bundle(began.bundle).parsed if not isinstance(it, FloorPack)]
    floors = [it for it in held.parsed if isinstance(it, FloorPack)]
    documents: list[Document] = [*floors, *policies]
    texts = tuple(document_bytes(it).decode() for it in documents)
    return Bundle(began.version, texts, held.regions)


def require_revision(unit: ReadUnit, number: int) -> Revision:
    """The revision of this number; raises NotFoundError."""
    found = unit.policies.find(number)
    if found is None:
        raise NotFoundError(thing="revision")
    return found


def seen_of(unit: ReadUnit, by: Officer | None, residents: Sequence[str]) -> Seen:
    """Which of these residents' ids an officer reads; None: nobody's."""
    if by is None:
        return lambda resident: False
    return seen_by(by, () if reads_everything(by) else unit.placements.find_all(residents))


def require_open(revision: Revision) -> None:
    """Prove that nothing of it was told to anybody yet; raises WrongStateError."""
    if revision.state not in OPEN:
        raise WrongStateError(state=revision.state.value, needed="not on its way")


def known_officer(unit: ReadUnit, by: Officer) -> Officer:
    """The officer as stored now."""
    found = unit.officers.find(by.name)
    if found is None:
        raise NotFoundError(thing="officer")
    return found


def active_bundle(unit: ReadUnit) -> SignedBundle:
    """The bundle in force; raises NotReadyError."""
    active = unit.bundles.active()
    if active is None:
        raise NotReadyError(what="bundle")
    return active


def world_of(unit: ReadUnit) -> WorldState:
    """The state of the world as the unit sees it."""
    return world_state(active_bundle(unit), unit.cells.cells())


def look(unit: ReadUnit, number: int) -> tuple[Revision, SignedBundle, WorldState]:
    """A revision, the bundle in force and the state of the world, at one moment."""
    return require_revision(unit, number), active_bundle(unit), world_of(unit)


def establishments_of(unit: ReadUnit, document: Document) -> frozenset[str]:
    """Where the workspaces that the document names are established."""
    named = document.applies_to.workspaces if isinstance(document, Policy) else ()
    return establishments(unit, named)


def establishments(unit: ReadUnit, workspaces: Sequence[str]) -> frozenset[str]:
    """Where these are established; everywhere, if one is not placed: nobody knows whose it is."""
    found = unit.placements.find_all(workspaces) if workspaces else []
    unknown = {EVERYWHERE} if len(found) < len(set(workspaces)) else set()
    return frozenset({it.establishment for it in found} | unknown)


def named(revision: Revision) -> dict[str, object]:
    """What every entry says of its revision."""
    return {
        "revision": revision.number,
        "document": revision.document,
        "version": revision.version,
        "document_sha256": revision.hash,
    }
