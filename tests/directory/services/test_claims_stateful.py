"""Two cells, a few names, any order of leases, commits, releases, sweeps and hours: never two owners."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accord.errors import ConflictError, NotFoundError, WrongStateError
from directory.adapters.memory.store import MemoryStore
from directory.domain.claims import LeaseState
from tests.directory.world import TestCell, World, claim

T = TypeVar("T")
VALUES = ("a", "b", "c")


class Claims(RuleBasedStateMachine):
    """The model knows only acknowledged commits and releases: who owns which name."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self.owners: dict[str, str] = {}
        self.leases: list[tuple[int, str, str, frozenset[str]]] = []

    def teardown(self) -> None:
        self._loop.close()

    def run_now(self, work: Awaitable[T]) -> T:
        return self._loop.run_until_complete(_waited(work))

    @initialize()
    def begin(self) -> None:
        self.world = self.run_now(World(MemoryStore()).begin())
        self.cells: list[TestCell] = [self.run_now(self.world.admit(it)) for it in ("de-fra", "de-mun")]
        self.people = [self.run_now(self.world.place(cell, "P")).resident for cell in self.cells]

    @rule(who=st.integers(0, 1), values=st.sets(st.sampled_from(VALUES), min_size=1))
    def lease(self, who: int, values: set[str]) -> None:
        resident = self.people[who]
        asked = [claim(resident, value) for value in sorted(values)]
        foreign = self.live_names(1 - who)
        try:
            lease = self.run_now(self.world.claims.lease(self.cells[who].peer, asked))
        except ConflictError:
            return
        assert all(self.owners.get(value, resident) == resident for value in values)
        assert not foreign & {it.index for it in asked}, "taken from a live lease"
        owned = frozenset(value for value in values if value not in self.owners)
        self.leases.append((who, resident, lease.lease_id, owned))

    def live_names(self, who: int) -> set[bytes]:
        """What the cell holds by a lease whose time is not over."""
        now_s = self.world.clock.now_us() // 1_000_000
        held = self.run_now(self.world.claims.list_held(self.cells[who].peer, "", 100))[0]
        return {it.claim.index for it in held if it.lease.is_live(now_s)}

    @rule(which=st.integers(0, 20))
    def commit(self, which: int) -> None:
        if not self.leases:
            return
        who, resident, lease_id, values = self.leases[which % len(self.leases)]
        try:
            self.run_now(self.world.claims.commit(self.cells[who].peer, lease_id))
        except (WrongStateError, NotFoundError):
            return
        for value in values:
            assert self.owners.get(value, resident) == resident, "two owners"
            self.owners[value] = resident

    @rule(which=st.integers(0, 20))
    def release(self, which: int) -> None:
        if not self.leases:
            return
        who, _, lease_id, _ = self.leases[which % len(self.leases)]
        held = self.run_now(self.world.claims.list_held(self.cells[who].peer, "", 100))[0]
        freed = {it.claim.index for it in held if it.lease.lease_id == lease_id}
        try:
            self.run_now(self.world.claims.release(self.cells[who].peer, lease_id))
        except NotFoundError:
            return
        for value in VALUES:
            if claim("", value).index in freed:
                self.owners.pop(value, None)
        self.leases = [it for it in self.leases if it[2] != lease_id]

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 90_000]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        self.run_now(self.world.claims.sweep())

    @invariant()
    def the_store_agrees_with_what_was_acknowledged(self) -> None:
        if not hasattr(self, "people"):
            return
        committed: dict[bytes, str] = {}
        for cell in self.cells:
            for it in self.run_now(self.world.claims.list_held(cell.peer, "", 100))[0]:
                if it.lease.state is LeaseState.COMMITTED:
                    assert it.claim.index not in committed, "two owners"
                    committed[it.claim.index] = it.claim.resident
        assert committed == {claim("", value).index: owner for value, owner in self.owners.items()}


async def _waited(work: Awaitable[T]) -> T:
    return await work


TestClaims = Claims.TestCase
TestClaims.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
