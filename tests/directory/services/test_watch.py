"""What a node is told: snapshot, deltas, chain, refusals."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import InvalidError, PeerRefusedError
from accord.identity import KeyRing, RingKey, SigningKey
from accord.routes import CHAIN_START, route_record_hash, verify_route
from accord.wire.directory.v1 import directory_pb2 as pb
from directory.adapters.memory.store import MemoryStore
from directory.domain.peers import Peer
from directory.domain.watch import Record, Start, WatchedNode
from directory.services import watch as watch_service
from directory.services.cells import Announcement
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from tests.directory.world import OPERATOR, TestCell, World


class Journal:
    """What an edge does with records: proves the chain, keeps entries. Wrong ones fail the test."""

    def __init__(self, world: World) -> None:
        key = world.routes_key
        self._ring = KeyRing([RingKey("directory", frozenset({"routes"}), key.key_id, key.public, 0, 2**40)])
        self.key_id = key.key_id
        self.hash = CHAIN_START
        self.version = 0
        self.bundle_version = 0
        self.homes: dict[str, tuple[str, int]] = {}
        self.cells: dict[str, int] = {}
        self.keys: set[str] = set()

    def apply(self, record: Record) -> pb.RouteDelta:
        assert verify_route(self._ring, self.key_id, self.hash, record.delta, record.signature)
        self.hash = route_record_hash(self.hash, record.delta, record.signature)
        delta = pb.RouteDelta.FromString(record.delta)
        self.homes |= {it.resident: (it.cell, it.epoch) for it in delta.placements}
        self.cells |= {it.name: it.state for it in delta.cells}
        self.keys |= {it.key_id for it in delta.keys}
        for stone in delta.tombstones:
            self.homes.pop(stone.resident, None)
        self.version, self.bundle_version = delta.watch_version, delta.bundle_version
        return delta


def start(
    name: str, journal: Journal | None = None, everything: bool = True, residents: tuple[str, ...] = ()
) -> Start:
    version = journal.version if journal else 0
    return Start(name, version, journal.hash if journal and version else b"", everything, residents)


async def drain(world: World, node: WatchedNode, journal: Journal) -> list[pb.RouteDelta]:
    """Take and acknowledge everything that is due."""
    found = []
    while (record := await world.watch.next_record(node)) is not None:
        found.append(journal.apply(record))
        assert node.ack(record.nonce)
    return found


async def begun(world: World) -> tuple[TestCell, Peer, WatchedNode, Journal]:
    cell, edge = await world.admit(), await world.admit_edge()
    return cell, edge, await world.watch.open(edge, start("fra")), Journal(world)


async def test_a_new_journal_gets_one_full_snapshot_and_then_deltas(world: World) -> None:
    cell, _, node, journal = await begun(world)
    placement = await world.place(cell)
    deltas = await drain(world, node, journal)
    assert [delta.full for delta in deltas] == [True]
    assert journal.homes == {placement.resident: ("de-fra", 1)}
    assert journal.keys == {cell.key.key_id}
    assert journal.bundle_version == 1
    second = await world.place(cell)
    deltas = await drain(world, node, journal)
    assert [(delta.full, len(delta.placements), len(delta.cells)) for delta in deltas] == [(False, 1, 0)]
    assert set(journal.homes) == {placement.resident, second.resident}


async def test_a_node_goes_on_from_what_it_holds_and_is_told_that_it_is_current(world: World) -> None:
    cell, edge, node, journal = await begun(world)
    await drain(world, node, journal)
    again = await world.watch.open(edge, start("fra", journal))
    deltas = await drain(world, again, journal)
    assert [(delta.full, len(delta.placements)) for delta in deltas] == [(False, 0)]
    placement = await world.place(cell)
    third = await world.watch.open(edge, start("fra", journal))
    await drain(world, third, journal)
    assert placement.resident in journal.homes


async def test_a_version_that_was_never_given_out_gets_a_snapshot(world: World) -> None:
    cell, edge, node, journal = await begun(world)
    await drain(world, node, journal)
    journal.version += 7
    await world.place(cell)
    deltas = await drain(world, await world.watch.open(edge, start("fra", journal)), journal)
    assert [delta.full for delta in deltas] == [True]


async def test_a_store_that_went_back_below_an_open_stream_tells_a_snapshot(world: World) -> None:
    cell, _, node, journal = await begun(world)
    await world.place(cell)
    await drain(world, node, journal)
    node.acked_version, node.scanned_version = node.acked_version + 7, node.acked_version + 9
    later = await world.place(cell)
    deltas = await drain(world, node, journal)
    assert [delta.full for delta in deltas] == [True]
    assert node.held_version == deltas[0].watch_version
    assert later.resident in journal.homes


async def test_changes_between_two_records_coalesce(world: World) -> None:
    cell, _, node, journal = await begun(world)
    await drain(world, node, journal)
    gone, kept = await world.place(cell), await world.place(cell)
    await world.placements.close(cell.peer, gone.resident, 1)
    await world.cells.drain(OPERATOR, "de-fra")
    deltas = await drain(world, node, journal)
    assert len(deltas) == 1
    assert [it.resident for it in deltas[0].placements] == [kept.resident]
    assert [it.resident for it in deltas[0].tombstones] == [gone.resident]
    assert journal.cells == {"de-fra": pb.CELL_STATE_DRAINING}


async def test_a_refused_record_is_due_again_behind_the_same_predecessor(world: World) -> None:
    cell, _, node, journal = await begun(world)
    await drain(world, node, journal)
    first = await world.place(cell)
    record = await world.watch.next_record(node)
    assert record is not None
    assert node.nack(record.nonce)
    assert node.backoff_s == 1.0
    second = await world.place(cell)
    await drain(world, node, journal)
    assert set(journal.homes) == {first.resident, second.resident}
    assert node.backoff_s == 0.0


async def test_refusals_back_off_up_to_a_bound(world: World) -> None:
    _, _, node, _ = await begun(world)
    waits = []
    for _ in range(8):
        record = await world.watch.next_record(node)
        assert record is not None
        assert node.nack(record.nonce)
        waits.append(node.backoff_s)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


async def test_late_repeated_and_invented_answers_change_nothing(world: World) -> None:
    cell, _, node, journal = await begun(world)
    first = await world.watch.next_record(node)
    assert first is not None
    journal.apply(first)
    assert node.ack(first.nonce)
    assert not node.ack(first.nonce)
    assert not node.nack(first.nonce)
    await world.place(cell)
    second = await world.watch.next_record(node)
    assert second is not None
    assert not node.ack(first.nonce)
    assert node.pending == second
    for invented in (0, 99):
        with pytest.raises(InvalidError):
            node.ack(invented)


async def test_a_new_bundle_is_told_without_any_entry(world: World) -> None:
    _, _, node, journal = await begun(world)
    await drain(world, node, journal)
    await world.bundles.adopt(builtin_documents()[:-1], BUILTIN_REGIONS)
    deltas = await drain(world, node, journal)
    assert [(len(delta.placements), delta.bundle_version) for delta in deltas] == [(0, 2)]


async def test_a_node_that_wants_some_gets_those_and_what_it_asks_for_later(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    wanted, other, later = await world.place(cell), await world.place(cell), await world.place(cell)
    journal = Journal(world)
    node = await world.watch.open(edge, start("fra", everything=False, residents=(wanted.resident,)))
    await drain(world, node, journal)
    assert set(journal.homes) == {wanted.resident}
    node.subscribe([later.resident])
    await drain(world, node, journal)
    assert set(journal.homes) == {wanted.resident, later.resident}
    await world.placements.close(cell.peer, other.resident, 1)
    assert await drain(world, node, journal) == []
    await world.placements.close(cell.peer, later.resident, 1)
    await drain(world, node, journal)
    assert set(journal.homes) == {wanted.resident}
    # A whole table takes nothing away by itself: it names who is gone, as well.
    everyone = tuple(it.resident for it in (wanted, other, later))
    journal.hash = CHAIN_START
    again = await world.watch.open(edge, start("fra", everything=False, residents=everyone))
    (delta,) = await drain(world, again, journal)
    assert delta.full
    assert {it.resident for it in delta.tombstones} == {other.resident, later.resident}


async def test_a_large_table_comes_in_parts_that_lose_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_service, "BATCH_MAX", 2)
    cell, edge = await world.admit(), await world.admit_edge()
    placed = [(await world.place(cell)).resident for _ in range(7)]
    await world.placements.close(cell.peer, placed[0], 1)
    journal = Journal(world)
    deltas = await drain(world, await world.watch.open(edge, start("fra")), journal)
    assert len(deltas) >= 3
    assert [delta.full for delta in deltas] == [True] + [False] * (len(deltas) - 1)
    assert set(journal.homes) == set(placed[1:])


async def test_a_placement_that_is_behind_and_a_name_are_never_told(world: World) -> None:
    cell, _, node, journal = await begun(world)
    placement = await world.place(cell)
    behind = Announcement("de-fra", "0.1.0", "serving", 1, "", ((placement.resident, 2),))
    await world.cells.announce(cell.peer, behind)
    await drain(world, node, journal)
    assert journal.homes == {}
    fields = {field.message_type.name for field in pb.RouteDelta.DESCRIPTOR.fields if field.message_type}
    assert fields == {"Placement", "Cell", "Edge", "Key", "Tombstone"}


async def test_a_watch_is_of_the_node_that_the_certificate_names(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    with pytest.raises(InvalidError):
        await world.watch.open(edge, start("de-fra"))
    with pytest.raises(PeerRefusedError):
        await world.watch.open(OPERATOR, start("root"))
    assert (await world.watch.open(cell.peer, start("de-fra"))).needs_full


@pytest.mark.parametrize(
    "fault",
    [
        Start("fra", 5, b"", True, ()),
        Start("fra", 5, b"short", True, ()),
        Start("fra", 0, b"", True, ("T00000000000A",)),
        Start("fra", 0, b"", False, ("nobody",)),
    ],
)
async def test_a_malformed_start_is_refused(world: World, fault: Start) -> None:
    edge = await world.admit_edge()
    with pytest.raises(InvalidError):
        await world.watch.open(edge, fault)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["place", "close", "ack", "nack", "lose"]), max_size=25))
async def test_whatever_happens_the_journal_ends_equal_to_the_directory(steps: list[str]) -> None:
    world = await World(MemoryStore()).begin()
    cell, edge, node, journal = await begun(world)
    alive: list[str] = []
    for step in steps:
        if step == "place":
            alive.append((await world.place(cell)).resident)
        elif step == "close" and alive:
            await world.placements.close(cell.peer, alive.pop(0), 1)
        elif step == "lose":
            node = await world.watch.open(edge, start("fra", journal))
        elif (record := await world.watch.next_record(node)) is not None:
            if step == "ack":
                journal.apply(record)
                node.ack(record.nonce)
            else:
                node.nack(record.nonce)
    await drain(world, await world.watch.open(edge, start("fra", journal)), journal)
    assert set(journal.homes) == set(alive)


async def test_what_a_node_holds_is_what_all_its_streams_hold(world: World) -> None:
    cell, edge, node, journal = await begun(world)
    assert world.watch.held() == {"fra": 0}
    await drain(world, node, journal)
    federation = await world.cells.list_all(OPERATOR)
    assert world.watch.held() == {"fra": federation.watch_version}
    await world.cells.admit(OPERATOR, cell.described(), [replace(cell, key=SigningKey.generate()).ring_key()])
    newest = (await world.cells.list_all(OPERATOR)).watch_version
    record = await world.watch.next_record(node)
    assert record is not None
    # On its way is not held.
    assert world.watch.held()["fra"] < newest
    node.ack(record.nonce)
    assert world.watch.held()["fra"] == newest
    late = await world.watch.open(edge, start("fra"))
    assert world.watch.held() == {"fra": 0}
    world.watch.close(late)
    assert world.watch.held() == {"fra": newest}
    world.watch.close(node)
    assert world.watch.held() == {}
