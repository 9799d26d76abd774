"""Placing, closing and resolving residents."""

from dataclasses import replace

import pytest

from accord.errors import (
    ConflictError,
    InvalidError,
    NotReadyError,
    PeerRefusedError,
    StaleEpochError,
    WithheldError,
    WrongStateError,
)
from accord.identity import Handover, sign_handover
from accord.ids import new_id
from directory.domain.peers import Peer, PeerKind
from directory.ports.store import Store
from directory.services.cells import Announcement
from tests.directory.world import OPERATOR, TestCell, World, claim


def said(cell: TestCell, *epochs: tuple[str, int]) -> Announcement:
    return Announcement(cell.name, "0.1.0", "serving", 1, "", epochs)


async def test_a_resident_is_placed_once_at_epoch_1_under_the_active_bundle(world: World) -> None:
    cell = await world.admit()
    placement = await world.place(cell)
    assert (placement.cell, placement.epoch, placement.bundle_version) == ("de-fra", 1, 1)
    found, missing = await world.placements.resolve(cell.peer, [placement.resident, "T00000000000Z"])
    assert found == [placement]
    assert missing == ["T00000000000Z"]


@pytest.mark.parametrize("prefix", ["T", "E", "P"])
async def test_every_kind_of_resident_may_rest_at_home(world: World, prefix: str) -> None:
    assert (await world.place(await world.admit(), prefix)).epoch == 1


async def test_the_same_request_again_gets_the_same_placement(world: World) -> None:
    cell = await world.admit()
    asked = cell.asks(new_id("T"))
    first = await world.placements.place(cell.peer, asked)
    assert await world.placements.place(cell.peer, asked) == first
    with pytest.raises(ConflictError):
        await world.placements.place(cell.peer, replace(asked, idempotency_key="another"))
    with pytest.raises(ConflictError):
        await world.placements.place(cell.peer, replace(asked, tags=("other",)))


async def test_a_resident_of_one_cell_is_never_placed_by_another(world: World) -> None:
    one, other = await world.admit("de-fra"), await world.admit("de-mun")
    placement = await world.place(one)
    with pytest.raises(ConflictError):
        await world.placements.place(other.peer, other.asks(placement.resident))


async def test_a_home_that_a_rule_forbids_is_withheld_with_the_rule(world: World) -> None:
    cell = await world.admit("us-iad")
    with pytest.raises(WithheldError) as refused:
        await world.placements.place(cell.peer, cell.asks(new_id("T"), establishment="DE"))
    assert refused.value.metadata["rule"]
    assert refused.value.metadata["decision"]


async def test_an_establishment_without_a_policy_has_no_home_by_default(world: World) -> None:
    cell = await world.admit()
    with pytest.raises(WithheldError) as refused:
        await world.placements.place(cell.peer, cell.asks(new_id("T"), establishment="KP"))
    assert refused.value.metadata["code"] == "NO_TABLE"


async def test_nothing_is_placed_without_an_active_bundle(store: Store) -> None:
    world = World(store)
    cell = await world.admit()
    with pytest.raises(NotReadyError):
        await world.place(cell)


@pytest.mark.parametrize("fault", ["resident", "cell", "epoch", "key", "bytes"])
async def test_a_hand_over_record_proves_exactly_this_placement(world: World, fault: str) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    resident = new_id("T")
    key = other.key if fault == "key" else cell.key
    name = "de-mun" if fault == "cell" else cell.name
    record = Handover(
        new_id("T") if fault == "resident" else resident,
        "de-mun" if fault == "epoch" else "",
        name,
        2 if fault == "epoch" else 1,
        "00" * 32,
    )
    signed = b"{}" if fault == "bytes" else sign_handover(key, record)
    with pytest.raises(InvalidError):
        await world.placements.place(cell.peer, replace(cell.asks(resident), handover=signed))


async def test_a_cell_that_drains_takes_no_residents(world: World) -> None:
    cell = await world.admit()
    await world.cells.drain(OPERATOR, cell.name)
    with pytest.raises(WrongStateError):
        await world.place(cell)


async def test_only_an_admitted_cell_places(world: World) -> None:
    cell = await world.admit()
    edge = await world.admit_edge()
    for peer in (Peer(PeerKind.NODE, "de-mun"), edge, Peer(PeerKind.NODE, "fra")):
        with pytest.raises(PeerRefusedError):
            await world.placements.place(peer, cell.asks(new_id("T")))


async def test_a_closed_resident_is_gone_for_good_and_its_names_are_free(world: World) -> None:
    cell = await world.admit()
    placement, next_one = await world.place(cell, "P"), await world.place(cell, "P")
    lease = await world.claims.lease(cell.peer, [claim(placement.resident, "anna")])
    await world.claims.commit(cell.peer, lease.lease_id)
    version = await world.placements.close(cell.peer, placement.resident, 1)
    assert await world.placements.close(cell.peer, placement.resident, 1) == version
    assert (await world.placements.resolve(cell.peer, [placement.resident]))[1] == [placement.resident]
    with pytest.raises(ConflictError):
        await world.placements.place(cell.peer, cell.asks(placement.resident))
    await world.cells.announce(cell.peer, said(cell, (placement.resident, 5)))
    assert (await world.placements.resolve(cell.peer, [placement.resident]))[1] == [placement.resident]
    await world.claims.lease(cell.peer, [claim(next_one.resident, "anna")])


async def test_only_the_home_cell_closes_and_only_at_the_current_epoch(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    placement = await world.place(cell)
    with pytest.raises(StaleEpochError):
        await world.placements.close(cell.peer, placement.resident, 2)
    with pytest.raises(StaleEpochError) as refused:
        await world.placements.close(other.peer, placement.resident, 1)
    assert refused.value.moved is not None
    assert refused.value.moved.cell == "de-fra"


async def test_a_placement_that_its_home_says_is_behind_is_not_served(world: World) -> None:
    cell = await world.admit()
    placement, fine = await world.place(cell), await world.place(cell)
    await world.cells.announce(cell.peer, said(cell, (placement.resident, 2)))
    with pytest.raises(NotReadyError) as refused:
        await world.placements.resolve(cell.peer, [fine.resident, placement.resident])
    assert refused.value.metadata["residents"] == placement.resident
    assert (await world.placements.resolve(cell.peer, [fine.resident]))[0] == [fine]
    with pytest.raises(NotReadyError):
        await world.claims.lease(cell.peer, [claim(placement.resident, "slug", "slug")])


async def test_another_cells_word_does_not_put_a_resident_out(world: World) -> None:
    cell, hostile = await world.admit("de-fra"), await world.admit("us-iad")
    placement = await world.place(cell)
    await world.cells.announce(hostile.peer, said(hostile, (placement.resident, 99)))
    assert (await world.placements.resolve(cell.peer, [placement.resident]))[0] == [placement]


async def test_a_resident_that_the_directory_lost_is_not_unknown_and_comes_back_by_its_cell(
    world: World,
) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    resident = new_id("T")
    await world.cells.announce(cell.peer, said(cell, (resident, 1)))
    with pytest.raises(NotReadyError):
        await world.placements.resolve(cell.peer, [resident])
    with pytest.raises(ConflictError):
        await world.placements.place(other.peer, other.asks(resident))
    placement = await world.placements.place(cell.peer, cell.asks(resident))
    assert (await world.placements.resolve(cell.peer, [resident]))[0] == [placement]


@pytest.mark.parametrize("residents", [[], ["T0"], ["U00000000000A"], ["T00000000000A"] * 101])
async def test_malformed_questions_are_refused(world: World, residents: list[str]) -> None:
    cell = await world.admit()
    with pytest.raises(InvalidError):
        await world.placements.resolve(cell.peer, residents)


async def test_before_anything_is_known_there_is_no_default_home(world: World) -> None:
    cell = await world.admit()
    found, missing = await world.placements.resolve(cell.peer, ["T00000000000A", "P00000000000A"])
    assert found == []
    assert missing == ["P00000000000A", "T00000000000A"]
