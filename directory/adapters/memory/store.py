"""The store in memory: every unit works on a copy, and commit puts the copy in place.

Invariants
    1. A unit that raises or does not commit leaves no trace, as its copy is dropped.
    2. Units run to their end one after the other, since nothing in them waits.
"""

from collections.abc import Callable
from typing import TypeVar

from accord.errors import OverloadedError
from directory.adapters.memory.bundles import MemoryBundles
from directory.adapters.memory.cells import MemoryCells
from directory.adapters.memory.claims import MemoryClaims
from directory.adapters.memory.halts import MemoryHalts
from directory.adapters.memory.officers import MemoryOfficers
from directory.adapters.memory.placements import MemoryPlacements
from directory.adapters.memory.policies import MemoryPolicies
from directory.adapters.memory.policy_log import MemoryPolicyLog
from directory.adapters.memory.shadows import MemoryShadows
from directory.adapters.memory.state import State
from directory.adapters.memory.traffic import MemoryTraffic
from directory.adapters.memory.unlawful import MemoryUnlawful
from directory.ports.store import ReadUnit, WriteUnit

T = TypeVar("T")


class MemoryVersions:
    """The order of all changes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def current(self) -> int:
        return self._state.version

    def was_given(self, version: int) -> bool:
        return version in self._state.versions

    def next(self, now_us: int) -> int:
        self._state.version = max(self._state.version + 1, now_us)
        self._state.versions.add(self._state.version)
        return self._state.version

    def forget_all_but(self, kept: int) -> None:
        self._state.versions = set(sorted(self._state.versions)[-kept:])


class MemoryUnit:
    """One unit of work over a state."""

    def __init__(self, state: State) -> None:
        self.placements = MemoryPlacements(state)
        self.claims = MemoryClaims(state)
        self.cells = MemoryCells(state)
        self.bundles = MemoryBundles(state)
        self.versions = MemoryVersions(state)
        self.officers = MemoryOfficers(state)
        self.policies = MemoryPolicies(state)
        self.halts = MemoryHalts(state)
        self.shadows = MemoryShadows(state)
        self.traffic = MemoryTraffic(state)
        self.unlawful = MemoryUnlawful(state)
        self.log = MemoryPolicyLog(state)
        self.committed = False

    def commit(self) -> None:
        self.committed = True


class MemoryStore:
    """`directory.ports.Store` for tests and for nothing that must last."""

    def __init__(self) -> None:
        self._state = State()
        self._open = True

    async def read(self, work: Callable[[ReadUnit], T]) -> T:
        self._require_open()
        return work(MemoryUnit(self._state))

    async def write(self, work: Callable[[WriteUnit], T]) -> T:
        self._require_open()
        copy = self._state.copy()
        unit = MemoryUnit(copy)
        result = work(unit)
        if unit.committed:
            self._state = copy
        return result

    async def close(self) -> None:
        self._open = False

    def _require_open(self) -> None:
        if not self._open:
            raise OverloadedError(store="closed")
