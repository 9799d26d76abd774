"""The room of cells: an analysis names those that are too full for who must move there."""

import json
from typing import Any

import pytest

from directory.adapters.memory.store import MemoryStore
from directory.domain.cells import Room
from directory.services.cells import Announcement
from residency_policies.builtin import builtin_floors
from tests.directory.services.test_policies import AMERICAN, GERMAN, submitted
from tests.directory.world import World


@pytest.fixture
async def world() -> World:
    """Over a store in memory, with as few policies as will do."""
    return await World(MemoryStore()).begin((*builtin_floors(), GERMAN, AMERICAN))


async def test_the_analysis_names_the_cells_that_are_too_full_for_who_must_move(
    world: World,
) -> None:
    author = await world.officer("de-one")
    german, american, brazilian = [await world.admit(name) for name in ("de-fra", "us-iad", "br-gru")]
    await world.place(german)
    for _ in range(3):
        await world.place(american)
    elsewhere = AMERICAN.replace('in: ["US"]', 'in: ["BR"]')
    text = elsewhere[: elsewhere.index("tests:")]

    async def walked(full: Room, free: Room | None) -> dict[str, Any]:
        for cell, room in ((german, Room(10**12, 10**12)), (american, full), (brazilian, free)):
            said = Announcement(cell.name, "0.1.0", "serving", 1, "", (), room)
            await world.cells.announce(cell.peer, said)
        standing = await submitted(world, author, text)
        found: dict[str, Any] = json.loads(standing.revision.analysis)["placements"]
        return found

    fits = await walked(Room(0, 10), Room(12, 0))
    assert (fits["moving"][0]["needs"], fits["shortages"], fits["room_unknown"]) == ({"bytes": 12}, [], [])
    assert fits["moving"][0]["cells"] == ["br-gru"]
    for free, told, unknown in ((Room(11, 0), 11, []), (None, 0, ["br-gru"])):
        tight = await walked(Room(0, 10), free)
        (shortage,) = tight["shortages"]
        assert {
            name: shortage[name] for name in ("code", "resource", "cells", "groups", "free", "needed")
        } == {
            "code": "E-CAPACITY",
            "resource": "bytes",
            "cells": ["br-gru"],
            "groups": ["3 in us-east-1"],
            "free": told,
            "needed": 12,
        }
        assert tight["room_unknown"] == unknown
