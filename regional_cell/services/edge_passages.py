"""Passages to edges in other jurisdictions: decided once for each edge, workspace and bundle, booked by the
minute.

What an edge shows to people has left the cell. An edge in the cell's own jurisdiction is not outside and is
not asked about.

Invariants
    1. Nothing passes that the policies did not allow for this edge, workspace, country and relation of the
       viewer under the bundle in force. Of a frame for all in a channel the relation is `employee`; a guest's
       socket is asked about for itself when it opens and with each frame of its own.
    2. A passage is announced in the book when it opens; its counts follow once a minute and when the cell
       stops.
    3. Nothing passes to an edge whose bundle is younger than this cell's, or while either end is cut off.
    4. While the book cannot be written nothing passes here; edges at home are not asked about and go on.
    5. What passes and what is refused is counted as traffic once, with the booking or before.

A minute's counts stand in memory until they are booked: the announcement is what a crash leaves of them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from accord.errors import BundleSkewError, ColinkError, LedgerUnavailableError, NotReadyError
from regional_cell.domain.transfers import (
    AGGREGATE,
    INTENT,
    SINGLE,
    Header,
    Place,
    References,
    entry,
    withheld,
)
from regional_cell.ports.crossings import Egress, Ledger, Policies
from regional_cell.ports.crossings import PolicyFacts as Facts
from regional_cell.ports.directory import Routes
from regional_cell.ports.sockets import EdgeFacts
from regional_cell.ports.traffic import Count, uncounted
from residency_policies.decision import Decision, Viewer
from residency_policies.points import Flow, Point

LEG = "edge"
FLUSH_S = 60.0
# How soon a book that could not be written is tried again.
RETRY_S = 1.0
KEPT_MAX = 10_000

Key = tuple[str, str, Point, str, bool]
Spawn = Callable[[Coroutine[Any, Any, None]], object]


@dataclass(slots=True)
class _Asked:
    """What was decided of one edge, and how many flows were not counted yet."""

    point: Point
    flow: Flow
    facts: Facts
    decision: Decision
    uncounted: int


@dataclass(slots=True)
class _Open(_Asked):
    """A passage to one edge, and what it counted since the last booking."""

    destination: Place
    references: References
    items: int = 0
    size_bytes: int = 0


class EdgePassages:
    """`ports.EdgePassage`.

    Args:
        spawn: runs a coroutine beside, for announcements.
        new_uuid: names each booking.
        counted: told of what passed and of what was refused.
    """

    def __init__(
        self,
        egress: Egress,
        ledger: Ledger,
        policies: Policies,
        routes: Routes,
        now_us: Callable[[], int],
        new_uuid: Callable[[], str],
        spawn: Spawn,
        counted: Count = uncounted,
    ) -> None:
        self._counted = counted
        self._egress, self._ledger, self._policies, self._routes = egress, ledger, policies, routes
        self._now_us, self._new_uuid, self._spawn = now_us, new_uuid, spawn
        self._open: dict[Key, _Open] = {}
        self._refused: dict[Key, _Asked] = {}
        self._stage: object = None
        self._unbooked: list[_Open] = []
        self._unannounced: list[_Open] = []
        self._broken = ""

    def edge_passage(
        self,
        edge: EdgeFacts,
        workspace: str,
        size_bytes: int,
        points: tuple[Point, ...],
        *,
        viewer_country: str,
        guest: bool = False,
        member: bool = False,
    ) -> None:
        """As `ports.EdgePassage.edge_passage`."""
        if why := self._broken or self._ledger.broken:
            raise LedgerUnavailableError(why=why)
        self._egress.require_reachable(edge.name)
        bundle = self._policies.bundle()
        if bundle is not None and edge.bundle_version > bundle.version:
            # What the edge's bundle forbids may be in force there already: this cell catches up first.
            raise BundleSkewError(ours=bundle.version, theirs=edge.bundle_version, retry_after_ms=1_000)
        self._follow_bundle()
        for point in points:
            opened = self._passage(edge, workspace, point, viewer_country, guest, member)
            opened.items += 1
            opened.uncounted += 1
            opened.size_bytes += size_bytes

    async def run(self) -> None:
        """Book once a minute until cancelled, and sooner while the book cannot be written."""
        while True:
            for _ in range(int(FLUSH_S / RETRY_S)):
                await asyncio.sleep(RETRY_S)
                if self._broken:
                    break
            await self.flush()

    async def flush(self) -> None:
        """Book what was counted, and decide anew. What cannot be booked is kept, and closes the passages."""
        self.count()
        counted, self._unbooked = self._unbooked, []
        for opened in self._open.values():
            if opened.items:
                counted.append(replace(opened))
                opened.items = opened.size_bytes = 0
        # What a decision rests on may end while the bundle stays: its age, a halt.
        self._refused.clear()
        self._open = {key: opened for key, opened in self._open.items() if self._holds(opened)}
        if not counted and not self._broken:
            return
        announced, self._unannounced = self._unannounced, []
        entries = [self._announcement(opened) for opened in announced]
        try:
            await self._ledger.append([*entries, *(self._entry(opened, AGGREGATE) for opened in counted)])
        except ColinkError as error:
            self._unbooked = counted + self._unbooked
            self._unannounced = announced + self._unannounced
            self._broken = error.metadata.get("why", "") or error.reason.value
            return
        self._broken = ""

    def count(self) -> None:
        """Count as traffic what passed and what was refused since the last time."""
        for asked in (*self._open.values(), *self._refused.values()):
            if asked.uncounted:
                self._counted(asked.point, asked.flow, asked.facts, asked.uncounted)
                asked.uncounted = 0

    def _passage(
        self, edge: EdgeFacts, workspace: str, point: Point, viewer_country: str, guest: bool, member: bool
    ) -> _Open:
        key = (edge.name, workspace, point, viewer_country, guest)
        if (opened := self._open.get(key)) is not None:
            return opened
        if (refused := self._refused.get(key)) is not None:
            refused.uncounted += 1
            raise withheld(refused.decision, member=member)
        here = self._egress.here
        viewer = Viewer("guest" if guest else "employee", viewer_country)
        flow = Flow(workspace, here.region, edge.region, viewer)
        facts = self._facts(flow)
        decision = self._egress.check(point, flow, facts)
        if not decision.allow:
            if len(self._refused) < KEPT_MAX:
                self._refused[key] = _Asked(point, flow, facts, decision, 1)
            else:
                self._counted(point, flow, facts, 1)
            raise withheld(decision, member=member)
        destination = Place(edge.name, edge.region, edge.jurisdiction)
        opened = _Open(point, flow, facts, decision, 0, destination, References(workspace=workspace))
        if len(self._open) >= KEPT_MAX:
            self._spawn(self.flush())
            raise LedgerUnavailableError(why="too many passages")
        self._open[key] = opened
        self._spawn(self._announce(opened))
        return opened

    def _holds(self, opened: _Open) -> bool:
        """Whether it would be decided now as it was. What cannot be decided any more is over."""
        try:
            opened.facts = self._facts(opened.flow)
        except NotReadyError:
            return False
        return self._egress.check(opened.point, opened.flow, opened.facts) == opened.decision

    def _facts(self, flow: Flow) -> Facts:
        facts = self._routes.placement_facts(flow.workspace)
        if facts is None:
            raise NotReadyError(resident=flow.workspace)
        return Facts(*facts)

    def _follow_bundle(self) -> None:
        """Under another bundle, the same one at another stage of its validity, or other orders, all is
        decided anew.
        """
        stage = self._policies.stage
        if stage != self._stage:
            self._stage = stage
            self.count()
            self._unbooked += [opened for opened in self._open.values() if opened.items]
            self._open.clear()
            self._refused.clear()

    async def _announce(self, opened: _Open) -> None:
        try:
            await self._ledger.append([self._announcement(opened)])
        except ColinkError as error:
            self._unannounced.append(opened)
            self._broken = error.metadata.get("why", "") or error.reason.value

    def _announcement(self, opened: _Open) -> Any:
        return self._entry(replace(opened, items=0, size_bytes=0), INTENT)

    def _entry(self, opened: _Open, phase: str) -> Any:
        header = Header(
            self._new_uuid(),
            LEG,
            opened.point.op,
            opened.point.classes,
            opened.items,
            opened.size_bytes,
            bytes(32),
            bytes(32),
            opened.point.purpose,
            opened.decision.bundle,
        )
        return entry(
            header,
            side=SINGLE,
            phase=phase,
            at_us=self._now_us(),
            source=self._egress.here,
            destination=opened.destination,
            viewer=opened.flow.viewer,
            decision=opened.decision,
            references=opened.references,
        )
