"""Revisions into shadow and out of it: cells evaluate them beside what is in force, and count differences."""

from dataclasses import replace

from accord.errors import WrongStateError
from directory.domain.officers import Officer, OfficerAct, require_may
from directory.domain.policies import RevisionState, check_activation, has_lapsed
from directory.domain.policy_log import Act
from directory.domain.shadows import sign_shadow
from directory.ports.store import ReadUnit, WriteUnit
from directory.services.policies.base import (
    Revisions,
    Standing,
    activated_with,
    halted,
    look,
    named,
    require_revision,
    world_of,
)

DIRECTORY = "directory"


class PolicyShadow(Revisions):
    """Puts approved revisions into shadow."""

    async def begin(self, by: Officer, number: int) -> Standing:
        """Let cells evaluate an approved revision beside what is in force; nothing is decided by it.

        Raises:
            WrongStateError: not approved, not yet (`code` E-SOD), lapsed (E-LAPSED), or another roll-out
            (E-BUSY). ConflictError: the world moved meanwhile; ask again.
        """
        require_may(by, OfficerAct.ACTIVATE)
        revision, active, world = await self.store.read(lambda unit: look(unit, number))
        require_may(by, OfficerAct.ACTIVATE, frozenset(revision.jurisdictions))
        if revision.state is not RevisionState.APPROVED:
            raise WrongStateError(state=revision.state.value, needed="approved")
        bundle = await self.built(revision, active, activated_with(revision))
        now_s = self.now_s()
        shadow = sign_shadow(bundle, number, self.key, now_s)

        def work(unit: WriteUnit) -> Standing:
            stored = self.unmoved(unit, revision, world)
            officer = self.allowed(unit, by, OfficerAct.ACTIVATE, stored)
            self.require_alone(unit, stored)
            given = unit.policies.approvals_of(number)
            check_activation(stored, given, world, now_s, now_s, halted=halted(unit, stored, now_s))
            fresh = replace(stored, state=RevisionState.SHADOW)
            told = {"base_version": world.bundle_version, "bundle_sha256": shadow.digest.hex()}
            self.enter(unit, Act("revision_shadowed", officer.name, named(fresh) | told))
            unit.shadows.put(shadow)
            unit.policies.put(fresh)
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.rung(work)

    async def end(self, by: Officer, number: int) -> Standing:
        """Out of shadow again: approved, as before. What was counted is kept.

        Raises:
            WrongStateError: it is not in shadow.
        """
        require_may(by, OfficerAct.ACTIVATE)

        def work(unit: WriteUnit) -> Standing:
            stored = require_revision(unit, number)
            officer = self.allowed(unit, by, OfficerAct.ACTIVATE, stored)
            if stored.state is not RevisionState.SHADOW:
                raise WrongStateError(state=stored.state.value, needed="shadow")
            fresh = replace(stored, state=RevisionState.APPROVED)
            self.enter(unit, Act("revision_unshadowed", officer.name, named(fresh)))
            self.end_shadow(unit)
            unit.policies.put(fresh)
            unit.commit()
            return self.standing(unit, fresh, by)

        return await self.rung(work)

    async def tick(self) -> None:
        """End a shadow whose world has moved: it has to be analysed again."""
        if not await self.store.read(_lapsed):
            return

        def work(unit: WriteUnit) -> None:
            for number in _lapsed(unit):
                stored = require_revision(unit, number)
                fresh = replace(stored, state=RevisionState.VALIDATED, analysis=b"")
                self.enter(unit, Act("revision_lapsed", DIRECTORY, named(fresh) | {"why": "E-LAPSED"}))
                self.end_shadow(unit)
                unit.policies.put(fresh)
            unit.commit()

        await self.store.write(work)
        self.bell.ring()


def _lapsed(unit: ReadUnit) -> list[int]:
    """Revisions in shadow that were analysed in another world."""
    standing = unit.policies.in_states({RevisionState.SHADOW})
    if not standing:
        return []
    world = world_of(unit)
    return [it.number for it in standing if has_lapsed(it, world)]
