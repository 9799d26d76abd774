"""Admission, announcements, draining, retiring."""

from dataclasses import replace
from typing import Any

import pytest

from accord.errors import ConflictError, InvalidError, NotFoundError, PeerRefusedError, WrongStateError
from accord.identity import SigningKey
from accord.ids import new_id
from directory.domain.cells import CellState, Room
from directory.domain.peers import Peer, PeerKind
from directory.services.cells import Announcement
from tests.directory.world import FEDERATION, OPERATOR, TestCell, World, authority_of


def cell_of(name: str) -> TestCell:
    return TestCell(name, authority_of(f"{name}.{FEDERATION}"), SigningKey.generate())


async def test_repeating_an_admission_changes_nothing(world: World) -> None:
    cell = await world.admit()
    rung = world.bell.rung()
    before = (await world.cells.list_all(OPERATOR)).cells[0].cell
    assert await world.cells.admit(OPERATOR, cell.described(), [cell.ring_key()]) == before.version
    assert (await world.cells.list_all(OPERATOR)).cells[0].cell == before
    assert world.bell.rung() == rung


async def test_only_operators_admit(world: World) -> None:
    cell = cell_of("de-fra")
    for peer in (cell.peer, Peer(PeerKind.EDGE, "fra")):
        with pytest.raises(PeerRefusedError):
            await world.cells.admit(peer, cell.described(), [cell.ring_key()])


@pytest.mark.parametrize(
    "change",
    [
        {"jurisdiction": "US"},
        {"region": "us-east-1"},
        {"operator": "someone-else"},
    ],
)
async def test_a_name_never_comes_to_stand_for_something_else(world: World, change: dict[str, Any]) -> None:
    cell = await world.admit()
    with pytest.raises(ConflictError):
        await world.cells.admit(OPERATOR, replace(cell.described(), **change), [cell.ring_key()])


async def test_addresses_may_change_and_keys_may_be_added(world: World) -> None:
    cell = await world.admit()
    moved = replace(cell.described(), addresses=("127.0.0.1:9000", "127.0.0.1:9001"))
    second = replace(cell, key=SigningKey.generate())
    version = await world.cells.admit(OPERATOR, moved, [cell.ring_key(), second.ring_key()])
    listed = (await world.cells.list_all(OPERATOR)).cells[0].cell
    assert listed.addresses == moved.addresses
    assert listed.version == version
    keys = await world.store.read(lambda unit: unit.cells.keys_of("de-fra"))
    assert {key.key_id for key in keys} == {cell.key.key_id, second.key.key_id}


async def test_a_withdrawn_key_never_comes_back(world: World) -> None:
    cell = await world.admit()
    withdrawn = replace(cell.ring_key(), state="withdrawn")
    await world.cells.admit(OPERATOR, cell.described(), [withdrawn])
    with pytest.raises(ConflictError):
        await world.cells.admit(OPERATOR, cell.described(), [cell.ring_key()])
    with pytest.raises(InvalidError):
        await world.place(cell)


async def test_a_key_belongs_to_one_cell(world: World) -> None:
    cell = await world.admit("de-fra")
    thief = replace(cell_of("de-mun"), key=cell.key)
    with pytest.raises(ConflictError):
        await world.cells.admit(OPERATOR, thief.described(), [thief.ring_key()])


async def test_the_authority_of_another_cell_is_refused(world: World) -> None:
    cell = replace(cell_of("de-fra"), authority=authority_of(f"de-mun.{FEDERATION}"))
    with pytest.raises(InvalidError):
        await world.cells.admit(OPERATOR, cell.described(), [cell.ring_key()])


@pytest.mark.parametrize("authority", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAA==\n"])
async def test_an_authority_is_one_certificate(world: World, authority: bytes) -> None:
    cell = cell_of("de-fra")
    with pytest.raises(InvalidError):
        await world.cells.admit(OPERATOR, replace(cell.described(), authority=authority), [cell.ring_key()])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "De-fra"},
        {"name": "directory"},
        {"name": "edge"},
        {"jurisdiction": "de"},
        {"region": "moon-1"},
        {"addresses": ()},
        {"addresses": ("localhost",)},
        {"addresses": ("a:1", "a:1")},
        {"operator": "<script>"},
    ],
)
async def test_a_malformed_cell_is_refused(world: World, change: dict[str, Any]) -> None:
    cell = cell_of("de-fra")
    with pytest.raises(InvalidError):
        await world.cells.admit(OPERATOR, replace(cell.described(), **change), [cell.ring_key()])


async def test_keys_must_be_the_cells_own(world: World) -> None:
    cell = cell_of("de-fra")
    for keys in (
        [],
        [replace(cell.ring_key(), cell="us-iad")],
        [replace(cell.ring_key(), key_id="0" * 16)],
        [replace(cell.ring_key(), not_after_s=0)],
        [cell.ring_key(), cell.ring_key()],
    ):
        with pytest.raises(InvalidError):
            await world.cells.admit(OPERATOR, cell.described(), keys)


async def test_names_are_unique_over_cells_and_edges(world: World) -> None:
    await world.admit_edge("de-fra")
    with pytest.raises(ConflictError):
        await world.admit("de-fra")
    await world.admit("de-mun")
    with pytest.raises(ConflictError):
        await world.admit_edge("de-mun")


async def test_a_cell_announces_itself_and_nobody_else(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    said = Announcement("de-fra", "0.1.0", "serving", 1, "", ())
    assert await world.cells.announce(cell.peer, said) == (CellState.ACTIVE, 1)
    with pytest.raises(InvalidError):
        await world.cells.announce(other.peer, said)
    with pytest.raises(PeerRefusedError):
        await world.cells.announce(Peer(PeerKind.NODE, "us-iad"), replace(said, node="us-iad"))
    status = {it.cell.name: it.report for it in (await world.cells.list_all(cell.peer)).cells}
    report = status["de-fra"]
    assert report is not None
    assert (report.software, report.room) == ("0.1.0", None)
    assert status["de-mun"] is None


async def test_the_newest_room_of_a_cell_is_kept_and_one_that_says_none_has_none(world: World) -> None:
    cell = await world.admit("de-fra")
    for room in (Room(5, 0), Room(0, 2**63 - 1), None):
        await world.cells.announce(cell.peer, Announcement("de-fra", "0.1.0", "serving", 1, "", (), room))
        (status,) = (await world.cells.list_all(cell.peer)).cells
        assert status.report is not None
        assert status.report.room == room


async def test_a_cell_is_retired_only_when_drained_and_empty_and_then_is_nobody(world: World) -> None:
    cell = await world.admit()
    placement = await world.place(cell)
    with pytest.raises(WrongStateError):
        await world.cells.retire(OPERATOR, cell.name)
    version = await world.cells.drain(OPERATOR, cell.name)
    assert await world.cells.drain(OPERATOR, cell.name) == version
    with pytest.raises(WrongStateError) as refused:
        await world.cells.retire(OPERATOR, cell.name)
    assert refused.value.metadata["residents"] == "1"
    await world.placements.close(cell.peer, placement.resident, 1)
    await world.cells.retire(OPERATOR, cell.name)
    keys = await world.store.read(lambda unit: unit.cells.keys_of(cell.name))
    assert [key.state for key in keys] == ["verify_only"]
    with pytest.raises(PeerRefusedError):
        await world.place(cell)
    with pytest.raises(WrongStateError):
        await world.cells.admit(OPERATOR, cell.described(), [replace(cell.ring_key(), state="verify_only")])


@pytest.mark.parametrize("checkpoint", ["x" * 4_097, "a\0b"])
async def test_what_no_store_keeps_is_refused_before_it(world: World, checkpoint: str) -> None:
    cell = await world.admit()
    with pytest.raises(InvalidError):
        await world.cells.announce(cell.peer, Announcement("de-fra", "0.1.0", "serving", 1, checkpoint, ()))
    with pytest.raises(InvalidError):
        await world.cells.drain(OPERATOR, "de\0fra")
    with pytest.raises(InvalidError):
        await world.claims.commit(cell.peer, "a\0b")
    with pytest.raises(InvalidError):
        await world.placements.place(cell.peer, cell.asks(new_id("T"), key="a\0b"))


async def test_a_checkpoint_is_kept_as_it_was_signed(world: World) -> None:
    cell = await world.admit()
    note = "de-fra.test/ledger\n1\nAAAA\n\n— de-fra.test/ledger AAAA\n"
    await world.cells.announce(cell.peer, Announcement("de-fra", "0.1.0", "serving", 1, note, ()))
    reports = await world.store.read(lambda unit: unit.cells.reports())
    assert [it.checkpoint for it in reports] == [note]


async def test_an_unknown_cell_is_neither_drained_nor_retired(world: World) -> None:
    with pytest.raises(NotFoundError):
        await world.cells.drain(OPERATOR, "de-fra")
    with pytest.raises(NotFoundError):
        await world.cells.retire(OPERATOR, "de-fra")


async def test_a_cell_begins_with_a_key_and_may_be_given_other_addresses_without_one(world: World) -> None:
    with pytest.raises(InvalidError):
        await world.cells.admit(OPERATOR, cell_of("de-fra").described(), [])
    cell = await world.admit()
    moved = replace(cell.described(), addresses=("127.0.0.1:9000",))
    await world.cells.admit(OPERATOR, moved, [])
    (listed,) = (await world.cells.list_all(OPERATOR)).cells
    assert listed.cell.addresses == moved.addresses
    keys = await world.store.read(lambda unit: unit.cells.keys_of("de-fra"))
    assert [key.key_id for key in keys] == [cell.key.key_id]
