"""The route table of a cell: what an older copy of the directory does not know, stands."""

from pathlib import Path
from typing import Any

import pytest

from accord.errors import InvalidError
from accord.identity import KeyRing, RingKey, SigningKey
from accord.ids import new_id
from accord.routes import CHAIN_START, sign_route
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.records import RecordFiles
from regional_cell.adapters.directory.routes import RouteTable

HERE, OTHER, GONE = new_id("T"), new_id("P"), new_id("E")
KEY = SigningKey.generate()
PUBLIC = SigningKey.generate()


class Told:
    """A table, and the directory that signs for it."""

    def __init__(self) -> None:
        ring = KeyRing([RingKey("directory", "*", KEY.key_id, KEY.public, 0, 2**40)])
        self.table = RouteTable(ring, "de-fra")

    def tell(
        self, version: int, *placements: wire.Placement, full: bool = True, begins: bool = False, **more: Any
    ) -> wire.WatchResponse:
        previous = CHAIN_START if begins else self.table.last_hash or CHAIN_START
        delta = wire.RouteDelta(watch_version=version, full=full, placements=placements, **more)
        data = delta.SerializeToString()
        key_id, signature = bytes.fromhex(KEY.key_id), sign_route(KEY, previous, data)
        record = wire.WatchResponse(nonce=1, delta=data, key_id=key_id, signature=signature)
        assert self.table.take(record) == (previous == CHAIN_START)
        return record


def entry(resident: str, epoch: int = 1, cell: str = "de-fra") -> wire.Placement:
    return wire.Placement(resident=resident, cell=cell, epoch=epoch)


async def test_what_is_kept_begins_where_a_chain_begins(tmp_path: Path) -> None:
    """A whole table that comes behind another one is kept behind it: alone it proves nothing."""
    told, files = Told(), RecordFiles(tmp_path / "routes")
    files.begin(told.tell(9, entry(HERE), entry(OTHER)))
    files.append(told.tell(5, entry(OTHER)))
    again = Told().table
    assert [again.take(record) for record in files.records()] == [True, False]
    assert (await again.home_of(HERE), again.is_missing(HERE)) == (("de-fra", 1), True)
    files.begin(told.tell(7, entry(OTHER), begins=True))
    assert [Told().table.take(record) for record in files.records()] == [True]


@pytest.mark.parametrize("version", [5, 12])
async def test_what_an_older_copy_does_not_name_stands_on_and_is_missing(version: int) -> None:
    """Whether or not that copy has given out higher versions by now."""
    told = Told()
    told.tell(9, entry(HERE), entry(OTHER))
    told.tell(version, entry(OTHER))
    assert (await told.table.home_of(HERE), told.table.tables) == (("de-fra", 1), 2)
    assert [told.table.is_missing(one) for one in (HERE, OTHER, GONE)] == [True, False, True]
    told.tell(version + 1, entry(HERE), full=False)
    assert not told.table.is_missing(HERE)


async def test_an_older_copy_brings_nothing_back() -> None:
    """No home beside the first at one epoch, nobody who is gone, no old address and no withdrawn key."""
    told = Told()
    stone = wire.Tombstone(resident=GONE, epoch=1)
    new = wire.Cell(name="de-fra", addresses=["new:1"], version=8, state=wire.CELL_STATE_ACTIVE)
    old = wire.Cell(name="de-fra", addresses=["old:1"], version=2, state=wire.CELL_STATE_ACTIVE)
    edges = [wire.Edge(name="fra", region=region, version=n) for region, n in (("old", 2), ("new", 8))]
    keys = [
        wire.Key(cell="de-fra", purposes=["*"], key_id=PUBLIC.key_id, public_key=PUBLIC.public, state=state)
        for state in (wire.KEY_STATE_ACTIVE, wire.KEY_STATE_WITHDRAWN)
    ]
    told.tell(7, entry(HERE), entry(GONE))
    told.tell(9, full=False, tombstones=[stone], cells=[new], edges=edges[1:], keys=keys[1:])
    told.tell(5, entry(HERE, cell="us-iad"), entry(GONE), cells=[old], edges=edges[:1], keys=keys[:1])
    assert [await told.table.home_of(one) for one in (HERE, GONE)] == [("de-fra", 1), None]
    assert told.table.is_missing(HERE)
    assert [cell.addresses for cell in told.table.cells()] == [("new:1",)]
    assert told.table.edge("fra") == ("", "new")
    held = told.table.key_ring.find(PUBLIC.key_id)
    assert held is not None
    assert held.state == "withdrawn"
    told.tell(10, entry(HERE, 2, "us-iad"), full=False)
    assert await told.table.home_of(HERE) == ("us-iad", 2)
    with pytest.raises(InvalidError):
        told.tell(11, entry(HERE, 1))
