"""Revisions into force: at once, at a time, or first for some workspaces."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from accord.errors import ConflictError, InvalidError, WrongStateError
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.policies import (
    Revision,
    RevisionState,
    check_activation,
    check_pilot,
    piloted,
)
from directory.domain.policy_log import Act
from directory.ports.store import WriteUnit
from directory.services.policies.base import (
    Revisions,
    Standing,
    activated_with,
    establishments,
    halted,
    look,
    named,
    require_revision,
    world_of,
)
from residency_policies.bundle import Bundle

DIRECTORY = "directory"


class PolicyRollout(Revisions):
    """Puts approved revisions in force."""

    async def activate(
        self, by: Officer, number: int, at_s: int | None = None, pilot: Sequence[str] = ()
    ) -> Standing:
        """Put an approved revision in force: now, at a later time, or first for some workspaces.

        Raises:
            WrongStateError: not approved, not yet (`code` E-SOD), lapsed (E-LAPSED), or another roll-out
            (E-BUSY). InvalidError: `code` E-BACKDATE. ConflictError: the world moved meanwhile; ask again.
        """
        require_may(by, OfficerAct.ACTIVATE)
        now_s = self.now_s()
        when_s = now_s if at_s is None else at_s
        if when_s > now_s and not pilot:
            return await self._schedule(by, number, when_s)
        if when_s < now_s or when_s > now_s:
            raise InvalidError("Nothing takes effect in the past.", field="at", code="E-BACKDATE", why="past")
        return await self._put_in_force(by, number, tuple(pilot))

    async def tick(self) -> None:
        """Put in force what was scheduled for now; what lapsed meanwhile is told and has to be analysed
        again.
        """
        due = await self.store.read(lambda unit: unit.policies.in_states({RevisionState.SCHEDULED}))
        for revision in due:
            if revision.activate_s > self.now_s():
                continue
            try:
                await self._put_in_force(None, revision.number, ())
            except (WrongStateError, InvalidError) as error:
                await self._unschedule(revision, error.metadata.get("code", "state"))
            except ConflictError:
                continue

    async def _schedule(self, by: Officer, number: int, at_s: int) -> Standing:
        now_s = self.now_s()

        def work(unit: WriteUnit) -> Standing:
            revision = require_revision(unit, number)
            officer = self.allowed(unit, by, OfficerAct.ACTIVATE, revision)
            if revision.state not in (RevisionState.APPROVED, RevisionState.SCHEDULED):
                raise WrongStateError(state=revision.state.value, needed="approved")
            given = unit.policies.approvals_of(number)
            check_activation(revision, given, world_of(unit), at_s, now_s)
            fresh = replace(revision, state=RevisionState.SCHEDULED, activate_s=at_s)
            unit.policies.put(fresh)
            self.enter(unit, Act("revision_scheduled", officer.name, named(fresh) | {"activate_s": at_s}))
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.store.write(work)

    async def _unschedule(self, revision: Revision, why: str) -> None:
        def work(unit: WriteUnit) -> None:
            standing = require_revision(unit, revision.number)
            if standing.state is RevisionState.SCHEDULED:
                fresh = replace(standing, state=RevisionState.VALIDATED, analysis=b"", activate_s=0)
                unit.policies.put(fresh)
                self.enter(unit, Act("revision_lapsed", DIRECTORY, named(fresh) | {"why": why}))
                unit.commit()

        await self.store.write(work)

    async def _put_in_force(self, by: Officer | None, number: int, pilot: tuple[str, ...]) -> Standing:
        """Now. `by` None: it was scheduled by an officer who had the right to."""
        revision, active, world = await self.store.read(lambda unit: look(unit, number))
        if by is not None:
            require_may(by, OfficerAct.ACTIVATE, frozenset(revision.jurisdictions))
        if pilot:
            revision = replace(revision, pilot=check_pilot(revision, pilot))
        make = piloted_with(revision) if pilot else activated_with(revision)
        self._require_ready(revision, bool(pilot))
        bundle = await self.made(revision, active, make)

        def work(unit: WriteUnit) -> Standing:
            stored = self.unmoved(unit, revision, world)
            name = DIRECTORY
            if by is not None:
                officer = self.allowed(unit, by, OfficerAct.ACTIVATE, stored)
                name = require_may(officer, OfficerAct.ACTIVATE, establishments(unit, pilot)).name
            self._require_ready(stored, bool(pilot))
            self.require_alone(unit, stored)
            now_s = self.now_s()
            given = unit.policies.approvals_of(number)
            check_activation(stored, given, world, now_s, now_s, halted=halted(unit, stored, now_s))
            fresh = replace(
                stored,
                state=RevisionState.PILOT if pilot else RevisionState.ACTIVE,
                pilot=revision.pilot,
                base_version=stored.base_version or world.bundle_version,
                bundle_version=0 if pilot else bundle.version,
                activate_s=now_s,
            )
            self.enter(
                unit,
                Act(
                    "revision_piloted" if pilot else "revision_activated",
                    name,
                    named(fresh) | {"bundle_version": bundle.version, "pilot": list(revision.pilot)},
                ),
            )
            self.end_shadow(unit)
            self.store_bundle(unit, bundle, name)
            if not pilot:
                self._succeed(unit, fresh)
            unit.policies.put(fresh)
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.rung(work)

    def _require_ready(self, revision: Revision, pilot: bool) -> None:
        allowed = {RevisionState.APPROVED, RevisionState.SHADOW}
        if not pilot:
            allowed |= {RevisionState.SCHEDULED, RevisionState.PILOT}
        if revision.state not in allowed:
            raise WrongStateError(state=revision.state.value, needed="approved")

    def _succeed(self, unit: WriteUnit, fresh: Revision) -> None:
        """What was in force for this document is over."""
        for before in unit.policies.of_document(fresh.document):
            if before.state is RevisionState.ACTIVE and before.number != fresh.number:
                over = fresh.rolls_back == before.number
                state = RevisionState.ROLLED_BACK if over else RevisionState.SUPERSEDED
                unit.policies.put(replace(before, state=state))


def piloted_with(revision: Revision) -> Callable[[Bundle, int], Bundle]:
    """Makes the bundle in which the revision rules its pilot workspaces."""
    return lambda base, version: piloted(base, revision, version)
