"""Traffic of a cell: counted once, kept, told to the directory from where it stopped."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord.clock import ManualClock
from accord.errors import NotReadyError, WithheldError
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.schema_version import migrate
from regional_cell.adapters.sql.traffic import SqlTraffic
from regional_cell.domain.enforcement import QUERY_RECEIVED, QUERY_SENT, SEARCH_HERE
from regional_cell.ports.sockets import EdgeFacts
from regional_cell.ports.traffic import Piece
from regional_cell.services import traffic as service
from regional_cell.services.edge_passages import EdgePassages
from regional_cell.services.egress import Egress
from regional_cell.services.traffic import FLUSH_S, PIECE_MAX, QUIET_S, Traffic
from residency_policies.traffic import HOUR_S, SPAN_S, read_kind
from tests.regional_cell.services.search.federation import AT_S, WHERE, FixedPolicies, FixedRoutes
from tests.regional_cell.services.test_egress import COMPILED, FACTS, FLOW, HERE, SHOWN, RecordingLedger
from tests.regional_cell.stores import sql_url

NOON_S = AT_S - AT_S % HOUR_S + 24 * HOUR_S


class Door:
    """The directory's half: holds a history as it comes."""

    def __init__(self) -> None:
        self.position, self.counts = 0, dict[tuple[bytes, int], int]()
        self.away = False
        self.pieces: list[Piece] = []

    async def report(self, piece: Piece) -> int:
        if self.away:
            raise NotReadyError(why="away")
        self.pieces.append(piece)
        if piece.after == self.position:
            self.position = piece.position
            for it in piece.counts:
                self.counts[piece.kinds.get(it.number, b""), it.start_s] = it.flows
        return self.position


class Cell:
    """Traffic over a real store."""

    def __init__(self, database: Database) -> None:
        self.store, self.door = SqlTraffic(database), Door()
        self.clock = ManualClock(NOON_S * 1_000_000)
        self.traffic = self.again()

    def again(self) -> Traffic:
        return Traffic(FixedPolicies(COMPILED), self.store, self.door, self.clock)

    async def told(self) -> dict[tuple[bytes, int], int]:
        await self.traffic.flush()
        await self.traffic.report()
        return self.door.counts


@pytest.fixture
async def cell(tmp_path: Path) -> AsyncIterator[Cell]:
    migrate(sql_url(tmp_path))
    database = Database(sql_url(tmp_path))
    yield Cell(database)
    database.close()


async def test_flows_of_a_kind_are_summed_by_the_hour_over_flushes_and_restarts(cell: Cell) -> None:
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS, 4)
    assert list((await cell.told()).values()) == [5]
    cell.traffic = cell.again()
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    cell.traffic.count(QUERY_SENT, FLOW, FACTS)
    cell.clock.advance(HOUR_S)
    cell.traffic.count(QUERY_SENT, FLOW, FACTS)
    told = await cell.told()
    assert {(read_kind(kind).op, start_s): flows for (kind, start_s), flows in told.items()} == {
        ("disclose", NOON_S): 6, ("process", NOON_S): 1, ("process", NOON_S + HOUR_S): 1,
    }  # fmt: skip
    assert cell.door.pieces[-1].until_s == NOON_S + HOUR_S


async def test_the_directory_is_told_only_what_is_new_and_everything_after_it_was_away(cell: Cell) -> None:
    cell.door.away = True
    for number in range(3):
        cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
        await cell.traffic.flush()
        with pytest.raises(NotReadyError):
            await cell.traffic.report()
        cell.clock.advance(HOUR_S * (number + 1))
    cell.door.away = False
    assert sorted((await cell.told()).values()) == [1, 1, 1]
    cell.door.pieces.clear()
    cell.clock.advance(QUIET_S)
    await cell.told()
    assert [piece.counts for piece in cell.door.pieces] == [()]


async def test_an_idle_cell_keeps_and_tells_once_a_minute_that_nothing_was_asked(cell: Cell) -> None:
    await cell.told()
    first = cell.door.pieces[-1].until_s
    for _ in range(24):
        cell.clock.advance(FLUSH_S)
        await cell.told()
    assert [piece.until_s - first for piece in cell.door.pieces] == [0, QUIET_S, 2 * QUIET_S]
    cell.clock.advance(1)
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    assert list((await cell.told()).values()) == [1]


async def test_a_long_history_comes_in_pieces(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PIECE_MAX", 2)
    assert PIECE_MAX > 2
    for _ in range(5):
        cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
        cell.clock.advance(HOUR_S)
    assert len(await cell.told()) == 5
    assert [len(piece.counts) for piece in cell.door.pieces] == [2, 2, 1]
    assert [bool(piece.until_s) for piece in cell.door.pieces] == [False, False, True]


async def test_what_cannot_be_kept_is_kept_with_the_next_turn(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise NotReadyError(what="store")

    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    with monkeypatch.context() as broken:
        broken.setattr(SqlTraffic, "add", fail)
        with pytest.raises(NotReadyError):
            await cell.traffic.flush()
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    assert list((await cell.told()).values()) == [2]


async def test_kinds_beyond_the_bound_are_counted_without_their_kind(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regional_cell.services.traffic.KINDS_MAX", 1)
    monkeypatch.setattr("regional_cell.adapters.sql.traffic.KINDS_MAX", 1)
    for point in (SEARCH_HERE, QUERY_SENT, SEARCH_HERE):
        cell.traffic.count(point, FLOW, FACTS)
    await cell.traffic.flush()
    cell.traffic.count(QUERY_SENT, FLOW, FACTS)
    told = await cell.told()
    assert {kind and read_kind(kind).op: flows for (kind, _), flows in told.items()} == {
        "disclose": 2, b"": 2,
    }  # fmt: skip


async def test_what_is_older_than_its_span_is_forgotten_and_no_number_comes_again(cell: Cell) -> None:
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    await cell.told()
    cell.clock.advance(SPAN_S + HOUR_S)
    cell.traffic.count(QUERY_SENT, FLOW, FACTS)
    await cell.told()
    piece = await cell.store.piece(0, PIECE_MAX)
    assert [(it.number, it.flows) for it in piece.counts] == [(2, 1)]
    assert [read_kind(kind).op for kind in piece.kinds.values()] == ["process"]


async def test_a_bucket_begins_with_another_table(cell: Cell) -> None:
    cell.clock = ManualClock((COMPILED.at_s + 10) * 1_000_000)
    cell.traffic = cell.again()
    cell.traffic.count(SEARCH_HERE, FLOW, FACTS)
    assert [start_s for _, start_s in await cell.told()] == [COMPILED.at_s]


async def test_a_flow_is_counted_where_it_is_asked_about_first_whatever_the_answer(cell: Cell) -> None:
    counted: list[tuple[str, str, int]] = []
    ledger, home = RecordingLedger(), WHERE["us-iad"][2]
    egress = Egress(
        HERE, FixedPolicies(COMPILED), ledger, cell.clock, lambda: "t", bytes,
        counted=lambda point, flow, facts, flows: counted.append((point.name, facts.establishment, flows)),
    )  # fmt: skip
    for point in (QUERY_SENT, QUERY_RECEIVED):
        egress.check(point, FLOW, FACTS)
    assert counted == [("cell.query.sent", "US", 1)]
    counted.clear()
    passages = EdgePassages(
        egress, ledger, FixedPolicies(COMPILED), FixedRoutes(homes={home: "us-iad"}), lambda: 1, lambda: "t",
        lambda work: work.close(),
        lambda point, flow, facts, flows: counted.append((point.name, flow.viewer.country, flows)),
    )  # fmt: skip
    edge = EdgeFacts("fra", "DE", "eu-central-1", "", "")
    for _ in range(2):
        passages.edge_passage(edge, home, 10, SHOWN, viewer_country="DE")
    for _ in range(3):
        with pytest.raises(WithheldError):
            passages.edge_passage(edge, home, 10, SHOWN, viewer_country="RU")
    await passages.flush()
    passages.count()
    assert sorted(counted) == [
        ("cell.edge.disclose", "DE", 2), ("cell.edge.transit", "DE", 2), ("cell.edge.transit", "RU", 3),
    ]  # fmt: skip
