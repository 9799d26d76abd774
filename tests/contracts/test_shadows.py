"""What a cell counts in shadow, told over the wire, equals the directory's replay of the same flows."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.clock import ManualClock
from accord.errors import NotReadyError
from accord.wire.directory.v1 import directory_pb2 as wire
from directory.adapters.memory.store import MemoryStore
from directory.domain.cells import Cell
from directory.domain.shadows import Shadow, Told, compared
from directory.entrypoints.grpc.forms import piece_from_wire
from directory.ports.store import ReadUnit
from regional_cell.adapters.directory.traffic import DirectoryTraffic
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.schema_version import migrate
from regional_cell.adapters.sql.tables import TRAFFIC, TRAFFIC_DIFFERENCES, TRAFFIC_KINDS, TRAFFIC_STATE
from regional_cell.adapters.sql.traffic import SqlTraffic
from regional_cell.ports.crossings import PolicyFacts
from regional_cell.services import traffic as service
from regional_cell.services.traffic import Traffic
from residency_policies.builtin import BUILTIN_REGIONS
from residency_policies.compiled import CompiledBundle
from residency_policies.decision import Region, Viewer
from residency_policies.points import Flow, Point
from residency_policies.sealed import Bundle
from residency_policies.selection import boundaries
from tests.directory.world import TestCell, World
from tests.regional_cell.stores import sql_url
from tests.residency_policies.prove.sample import INSIDE, sample
from tests.residency_policies.support import AT_S, REGION_OF, bundle_of, flow

HOUR_S = 3_600
REGIONS = (*BUILTIN_REGIONS, Region("eu-alps-1", "CH"), Region("uk-south-1", "GB"))


def made(version: int, ends: str, *flows: dict[str, object]) -> Bundle:
    """A bundle under which guests in the United States read until the fact that lets them ends."""
    fact = {"id": "recipient_dpf_certified", "owner": "counsel", "until": f"2026-11-21T{ends}:30:00Z",
            "evidence": "list", "because": "certified"}  # fmt: skip
    americans = flow("F3", "permit", classes=["content"], to=["US"], obligations=["ledger_entry"])
    document = {**sample(INSIDE, americans, *flows), "facts": [fact]}
    return replace(bundle_of(document, version=version), regions=REGIONS)


SWISS = flow(
    "F4", "permit", classes=["content"], to=["CH"], viewers=["employee"], obligations=["ledger_entry"]
)
BRITISH = flow("F5", "permit", classes=["message_body"], to=["GB"], viewers=["guest"])
BASE = made(1, "05", SWISS, BRITISH)
CANDIDATE = made(
    2, "09", {**SWISS, "viewers": ["employee", "guest"], "obligations": ["ledger_entry", "second_approval"]}
)
SHADOW = Shadow(1, 2, CANDIDATE.canonical_bytes, "", b"", AT_S)
POINTS = (
    Point(
        "a",
        "disclose",
        ("message_body", "file_content"),
        "local",
        frozenset({"ledger_entry", "second_approval"}),
    ),
    Point("b", "disclose", ("message_body",), "local", frozenset({"ledger_entry"})),
    Point(
        "c", "disclose", ("message_body", "presence"), "local", frozenset({"ledger_entry", "second_approval"})
    ),
)
PLACES = {"US": REGION_OF["US"], "CH": "eu-alps-1", "GB": "uk-south-1"}
FLOWS = [
    Flow(workspace, REGION_OF["DE"], PLACES[country], Viewer(relation, country))
    for workspace in ("T0000000000A", "P0000000000A")
    for relation in ("guest", "employee")
    for country in PLACES
]
STEPS = 150
OTHER = ("shadow", "flush", "report", "lost", "restart")


def steps_of(seed: int) -> Iterator[tuple[Any, ...]]:
    """Traffic of some hours, and what happens to the cell meanwhile."""
    chance = random.Random(seed)
    for _ in range(STEPS):
        turn = chance.random()
        if turn < 0.7:
            yield "count", chance.choice(POINTS), chance.choice(FLOWS), chance.randint(1, 5)
        elif turn < 0.85:
            yield "wait", chance.choice((1, 600, 1_800, HOUR_S))
        else:
            yield (chance.choice(OTHER),)
    yield ("report",)


class Kept(CompiledBundle):
    """Tables that are compiled once for each stretch of time: compiling takes longer than the test."""

    def at(self, now_s: int) -> CompiledBundle:
        until_s = self.valid_until_s
        valid = self.at_s <= now_s and (until_s is None or now_s < until_s)
        return self if valid else tables(self.bundle, now_s)


def tables(bundle: Bundle, now_s: int) -> CompiledBundle:
    """The bundle, compiled for this instant."""
    begun_s = max([AT_S, *(it for it in boundaries(bundle.parsed) if AT_S < it <= now_s)])
    if (bundle.version, begun_s) not in COMPILED:
        COMPILED[bundle.version, begun_s] = Kept(bundle, begun_s, strict=False)
    found = copy(COMPILED[bundle.version, begun_s])
    found.at_s = now_s
    return found


COMPILED: dict[tuple[int, int], CompiledBundle] = {}


class Now:
    """A bundle of the cell, with tables for now; and the same as the shadow, once it is taken."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._active = tables(BASE, AT_S)
        self.taken: CompiledBundle | None = None

    def bundle(self) -> CompiledBundle:
        self._active = self._active.at(self._clock.now_us() // 1_000_000)
        return self._active

    def shadow(self) -> tuple[bytes, CompiledBundle] | None:
        if self.taken is None:
            return None
        self.taken = self.taken.at(self._clock.now_us() // 1_000_000)
        return SHADOW.digest, self.taken

    def turn(self) -> None:
        """Into shadow, or out of it."""
        self.taken = None if self.taken else tables(CANDIDATE, self._clock.now_us() // 1_000_000)


class Link:
    """The cell's client of the directory: answers may be lost."""

    def __init__(self, world: World, cell: TestCell) -> None:
        self._world, self._cell = world, cell
        self.loses = False

    def context(self) -> None:
        return None

    async def ask(self, _: object, request: wire.ReportTrafficRequest) -> wire.ReportTrafficResponse:
        piece = piece_from_wire(wire.ReportTrafficRequest.FromString(request.SerializeToString()))
        position = await self._world.traffic.report(self._cell.peer, piece)
        if self.loses:
            raise NotReadyError(why="the answer was lost")
        return wire.ReportTrafficResponse(position=position)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("cell")
    migrate(sql_url(folder))
    found = Database(sql_url(folder))
    yield found
    found.close()


@pytest.mark.parametrize("kinds_max", [5_000, 3])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_the_replay_of_what_was_counted_in_shadow_equals_the_live_differences(
    database: Database, monkeypatch: pytest.MonkeyPatch, kinds_max: int, seed: int
) -> None:
    monkeypatch.setattr(service, "KINDS_MAX", kinds_max)
    monkeypatch.setattr("regional_cell.adapters.sql.traffic.KINDS_MAX", kinds_max)
    told, oracle = asyncio.run(_lived(database, steps_of(seed)))
    found = compared(told, *(tables(it, AT_S) for it in (BASE, CANDIDATE)))
    assert found["live"] == found["replayed"]
    assert found["agrees"]
    if kinds_max > len(FLOWS) * len(POINTS):
        live: dict[str, Any] = found["live"]  # type: ignore[assignment]
        assert {it: live[it]["flows"] for it in ("allowed", "refused", "owes")} == {
            it: oracle[it] for it in ("allowed", "refused", "owes")
        }
        assert live["asked"] == oracle["asked"]


async def _lived(database: Database, steps: Iterable[tuple[Any, ...]]) -> tuple[Told, Counter[str]]:
    """A cell that lives through the steps; what the directory was told, and what it had to see."""
    for table in (TRAFFIC, TRAFFIC_DIFFERENCES, TRAFFIC_KINDS, TRAFFIC_STATE):
        empty = str(table.delete())
        await database.write(lambda connection, empty=empty: connection.execute(empty))  # type: ignore[misc]
    clock = ManualClock(AT_S * 1_000_000)
    world = World(MemoryStore(), clock)
    cell = await world.admit()
    now, link, store = Now(clock), Link(world, cell), SqlTraffic(database)
    oracle: Counter[str] = Counter()

    def begun() -> Traffic:
        door = DirectoryTraffic(link)  # type: ignore[arg-type]
        return Traffic(now, store, door, clock, now)  # type: ignore[arg-type]

    traffic = begun()

    async def step(what: str, *rest: Any) -> None:
        nonlocal traffic
        if what == "count":
            point, asked, flows = rest
            traffic.count(point, asked, PolicyFacts("DE"), flows)
            if now.taken is not None:
                _expect(oracle, clock.now_us() // 1_000_000, point, asked, flows)
        elif what == "wait":
            clock.advance(rest[0])
        elif what == "shadow":
            now.turn()
        else:
            await traffic.flush()
        if what in ("report", "lost"):
            link.loses = what == "lost"
            with suppress(NotReadyError):
                await traffic.report()
        elif what == "restart":
            traffic = begun()

    now.turn()
    for one in steps:
        await step(*one)

    def work(unit: ReadUnit) -> Told:
        digest, cells = SHADOW.digest, list[Cell](unit.cells.cells())
        return Told(
            SHADOW, (), cells, (), unit.traffic.reports(), unit.traffic.buckets(digest),
            unit.traffic.changes(digest),
        )  # fmt: skip

    return await world.store.read(work), oracle


def _expect(oracle: Counter[str], now_s: int, point: Point, asked: Flow, flows: int) -> None:
    """What both bundles say of it at this instant, compiled for it alone."""
    profiles = [tables(it, now_s).profile_for(asked.workspace, "DE") for it in (BASE, CANDIDATE)]
    asks = [point.questions(asked, it) for it in (1, 2)]
    for before, after in zip(*asks, strict=True):
        old, new = profiles[0].decide(before), profiles[1].decide(after)
        oracle["asked"] += flows
        if old.allow != new.allow:
            oracle["allowed" if new.allow else "refused"] += flows
        elif old.allow and {it.do for it in old.obligations} != {it.do for it in new.obligations}:
            oracle["owes"] += flows
