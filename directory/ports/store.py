"""A store with transactions.

Invariants
    1. A unit of work sees one consistent state and is rolled back unless it says `commit()`.
    2. Write units of all processes over one store run one after the other, so what a unit has read still
       holds when it commits, and versions are visible in the order in which they were given out.
    3. Reading units have no way to change anything.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from directory.domain.policy_log import LogReader, LogWriter
from directory.ports.policies import (
    BundleReader,
    BundleWriter,
    HaltReader,
    HaltWriter,
    OfficerReader,
    OfficerWriter,
    PolicyReader,
    PolicyWriter,
    ShadowReader,
    ShadowWriter,
    TrafficReader,
    TrafficWriter,
    UnlawfulReader,
    UnlawfulWriter,
)
from directory.ports.routes import (
    CellReader,
    CellWriter,
    ClaimReader,
    ClaimWriter,
    PlacementReader,
    PlacementWriter,
    VersionReader,
    VersionWriter,
)

T = TypeVar("T")


class ReadUnit(Protocol):
    """One consistent state."""

    @property
    def placements(self) -> PlacementReader: ...
    @property
    def claims(self) -> ClaimReader: ...
    @property
    def cells(self) -> CellReader: ...
    @property
    def bundles(self) -> BundleReader: ...
    @property
    def versions(self) -> VersionReader: ...
    @property
    def officers(self) -> OfficerReader: ...
    @property
    def policies(self) -> PolicyReader: ...
    @property
    def halts(self) -> HaltReader: ...
    @property
    def shadows(self) -> ShadowReader: ...
    @property
    def traffic(self) -> TrafficReader: ...
    @property
    def unlawful(self) -> UnlawfulReader: ...
    @property
    def log(self) -> LogReader: ...


class WriteUnit(Protocol):
    """One consistent state that nobody else changes meanwhile."""

    @property
    def placements(self) -> PlacementWriter: ...
    @property
    def claims(self) -> ClaimWriter: ...
    @property
    def cells(self) -> CellWriter: ...
    @property
    def bundles(self) -> BundleWriter: ...
    @property
    def versions(self) -> VersionWriter: ...
    @property
    def officers(self) -> OfficerWriter: ...
    @property
    def policies(self) -> PolicyWriter: ...
    @property
    def halts(self) -> HaltWriter: ...
    @property
    def shadows(self) -> ShadowWriter: ...
    @property
    def traffic(self) -> TrafficWriter: ...
    @property
    def unlawful(self) -> UnlawfulWriter: ...
    @property
    def log(self) -> LogWriter: ...

    def commit(self) -> None:
        """Keep everything this unit did, durably, when its work returns. Without it nothing is kept."""


class Store(Protocol):
    """Runs units of work. `work` is synchronous, may run on another thread, and touches its unit only.

    Raises (both methods):
        OverloadedError: more units are waiting than the store's limit.
        NotReadyError: the database does not answer; nothing was written.
        StorageFullError: nothing was written.
        OutcomeUnknownError: the connection broke during the commit (`write` only).
    """

    async def read(self, work: Callable[[ReadUnit], T]) -> T:
        """Run against a state that is at least as new as every unit that was committed before."""

    async def write(self, work: Callable[[WriteUnit], T]) -> T:
        """Run alone. When `work` raises, or returns without `commit()`, nothing is kept."""

    async def close(self) -> None:
        """Finish what runs, refuse the rest, let connections go."""
