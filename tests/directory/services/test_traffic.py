"""Traffic at the directory: a history of each cell, and what a change would mean for it; over every store."""

import json
from dataclasses import replace

import pytest

from accord.errors import InvalidError, PeerRefusedError
from directory.adapters.memory.store import MemoryStore
from directory.domain.peers import Peer, PeerKind
from directory.domain.traffic import DAY_S, DayCount, TrafficCount, TrafficDifference, TrafficPiece
from residency_policies.analyse.impact import KINDS
from residency_policies.decision import Viewer
from residency_policies.points import Flow, Point
from residency_policies.traffic import HOUR_S, SPAN_S, kind_of
from tests.directory.services.test_policies import LOOSER, STRICTER, submitted
from tests.directory.world import World

FILES = Point("x", "disclose", ("file_content",), "local", frozenset({"ledger_entry", "keep_record"}))
TO_GUESTS = LOOSER.replace('to: ["GB"]', 'to: ["DE"]\n    viewer_countries: ["GB"]')
WORKSPACE = "T0000000000A"
DIFFERENCE = TrafficDifference(1, 0, bytes(32), "file_content", "refused", "default/de F9", 1)


def files(country: str, relation: str = "employee", place: str = "us-east-1") -> bytes:
    """The kind of a German file shown abroad."""
    flow = Flow(WORKSPACE, "eu-central-1", place, Viewer(relation, country))
    return kind_of(FILES, flow, "DE", (), ()).to_bytes()


def now_s(world: World) -> int:
    return world.clock.now_us() // 1_000_000


def piece(world: World, *flows: int, after: int = 0, kind: bytes = b"") -> TrafficPiece:
    """Of one kind, one bucket an hour, the newest first."""
    start_s = now_s(world) // HOUR_S * HOUR_S
    counts = [TrafficCount(1, start_s - HOUR_S * hour, count) for hour, count in enumerate(flows)]
    kinds = {1: kind or files("US")}
    return TrafficPiece(1_000_000, after, after + len(counts), kinds, counts, now_s(world))


async def days(world: World) -> list[DayCount]:
    return await world.store.read(lambda unit: unit.traffic.days(0))


async def test_a_piece_that_comes_twice_counts_once_and_a_hole_is_not_taken(world: World) -> None:
    peer = (await world.admit()).peer
    assert await world.traffic.report(peer, piece(world, 3)) == 1
    assert await world.traffic.report(peer, piece(world, 3)) == 1
    assert await world.traffic.report(peer, piece(world, 9, after=5)) == 1
    assert [it.flows for it in await days(world)] == [3]
    assert await world.traffic.report(peer, piece(world, 7, after=1)) == 2
    assert [(it.cell, it.kind, it.flows) for it in await days(world)] == [("de-fra", files("US"), 7)]


async def test_another_beginning_is_another_history(world: World) -> None:
    peer = (await world.admit()).peer
    await world.traffic.report(peer, piece(world, 3))
    assert await world.traffic.report(peer, replace(piece(world, 5, after=4), since_us=2)) == 0
    assert await days(world) == []
    assert await world.traffic.report(peer, replace(piece(world, 5), since_us=2)) == 1
    assert [it.flows for it in await days(world)] == [5]


async def test_what_is_older_than_its_span_is_forgotten(world: World) -> None:
    peer = (await world.admit()).peer
    await world.traffic.report(peer, piece(world, 3, 4))
    world.clock.advance(SPAN_S + DAY_S)
    assert await world.traffic.report(peer, piece(world, 1, after=2, kind=files("CH"))) == 3
    assert [(it.kind, it.flows) for it in await days(world)] == [(files("CH"), 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": {}}, {"kinds": {0: b"", 1: b""}}, {"kinds": {1: b"{}"}}, {"position": 0, "after": 1},
        {"until_s": 2**40}, {"since_us": 2**62}, {"counts": [TrafficCount(1, 0, 0)]},
        {"counts": [TrafficCount(1, 2**40, 1)]}, {"counts": [TrafficCount(1, 0, 1)] * 1_001},
        {"counts": [TrafficCount(1, 0, 1, b"short")]}, {"differences": [DIFFERENCE] * 1_001},
        {"differences": [replace(DIFFERENCE, number=0)]}, {"differences": [replace(DIFFERENCE, shadow=b"")]},
        {"differences": [replace(DIFFERENCE, data_class="message_body")]},
        {"differences": [replace(DIFFERENCE, what="moved")]},
        {"differences": [replace(DIFFERENCE, rule="r" * 1_001)]},
        {"differences": [replace(DIFFERENCE, rule="\0")]},
        {"differences": [replace(DIFFERENCE, flows=0)]},
    ],
)  # fmt: skip
async def test_what_is_no_piece_is_refused_and_changes_nothing(change: dict[str, object]) -> None:
    world = World(MemoryStore())
    peer = (await world.admit()).peer
    with pytest.raises(InvalidError):
        await world.traffic.report(peer, replace(piece(world, 3), **change))  # type: ignore[arg-type]
    assert await days(world) == []
    with pytest.raises(PeerRefusedError):
        await world.traffic.report(Peer(PeerKind.NODE, "us-iad"), piece(world, 3))


async def test_an_analysis_says_what_recorded_flows_would_become_and_whose_flows_it_does_not_know() -> None:
    world = await World(MemoryStore()).begin()
    author = await world.officer("de-one")
    cell = await world.admit()
    await world.admit("us-iad")
    await world.admit_edge()
    start_s = now_s(world) // HOUR_S * HOUR_S
    kinds = {1: files("US"), 2: files("GB", "guest", "eu-central-1")}
    counts = [
        TrafficCount(*it)
        for it in ((1, start_s, 3), (1, start_s - HOUR_S, 4), (2, start_s, 5), (0, start_s, 6))
    ]
    await world.traffic.report(cell.peer, TrafficPiece(1, 0, 4, kinds, counts, now_s(world)))
    standing = await submitted(world, author, STRICTER)
    told = json.loads(standing.revision.analysis)["traffic"]
    assert [told[it] if it == "asked" else told[it]["flows"] for it in ("asked", *KINDS)] == [12, 0, 7, 0]
    assert told["refused"]["workspaces"] == [{"workspace": WORKSPACE, "flows": 7}]
    assert told["refused"]["rules"] == [{"rule": "default/de F9", "flows": 7}]
    assert [it["viewer"] for it in told["refused"]["examples"]] == [{"relation": "employee", "country": "US"}]
    known = {"since_s": now_s(world) - SPAN_S, "until_s": now_s(world), "other": 6}
    unknown = {"since_s": None, "until_s": None, "other": 0}
    assert told["nodes"] == [
        {"node": "de-fra", "kind": "cell", **known},
        {"node": "us-iad", "kind": "cell", **unknown},
        {"node": "fra", "kind": "edge", **unknown},
    ]
    part = await world.review.find(await world.officer("de-two", "officer", "DE"), standing.revision.number)
    assert part.analysis is not None
    refused = part.analysis["traffic"]["refused"]
    assert (refused["flows"], refused["workspaces"], refused["examples"]) == (7, [], [])
    assert (standing.withheld, part.withheld) == (0, 2), "it is not placed: nobody knows whose it is"
    looser = await submitted(world, author, TO_GUESTS)
    told = json.loads(looser.revision.analysis)["traffic"]
    assert [told[it]["flows"] for it in KINDS] == [5, 0, 0]
    await world.traffic.report(
        cell.peer, TrafficPiece(1, 4, 5, {1: kinds[1]}, [TrafficCount(1, start_s, 9)], now_s(world))
    )
    again = await world.review.analyse(author, standing.revision.number)
    assert json.loads(again.revision.analysis)["traffic"]["refused"]["flows"] == 13
    assert again.hash != standing.hash
