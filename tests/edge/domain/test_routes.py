"""The route table: read or refused, never made up; epochs only rise."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import NotReadyError, UnknownResidentError
from accord.identity import RingKey, key_id_of
from accord.ids import new_id
from accord.signing import KeyState
from edge.domain.processes import ranked
from edge.domain.routes import CellRoute, Delta, EdgeRoute, Misses, Placement, RouteTable, Tombstone

TEAM = new_id("T")
PUBLIC = bytes(range(32))
KEY = RingKey("de-fra", "*", key_id_of(PUBLIC), PUBLIC, 0, 2**40)


def entry(epoch: int, cell: str = "", resident: str = TEAM) -> Placement:
    return Placement(resident, cell or f"cell-{epoch}", epoch, 1, epoch, b"")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["put", "full", "saw", "gone"]), st.integers(1, 6)),
    ),
    max_size=30,
)


@given(STEPS)
def test_an_entry_never_goes_back_to_a_lower_epoch(steps: list[tuple[str, int]]) -> None:
    table, highest = RouteTable(), 0
    for version, (kind, epoch) in enumerate(steps):
        if kind == "saw":
            table.saw_epoch(TEAM, epoch)
        elif kind == "gone":
            table.apply(Delta(version, 1, False, tombstones=(Tombstone(TEAM, epoch, version),)))
        else:
            table.apply(Delta(version, 1, kind == "full", placements=(entry(epoch),)))
        highest = max(highest, epoch)
        held = table.find(TEAM)
        assert table.highest_epoch(TEAM) == highest
        assert held is None or (held.epoch == highest and held.cell == f"cell-{highest}")


def test_two_homes_at_one_epoch_are_never_believed() -> None:
    table = RouteTable()
    table.put(entry(1, "de-fra"))
    assert not table.put(entry(1, "us-iad"))
    assert table.require(TEAM).cell == "de-fra"


def test_a_tombstone_is_not_revived_by_its_own_epoch() -> None:
    table = RouteTable()
    table.apply(Delta(1, 1, True, placements=(entry(2),)))
    table.apply(Delta(2, 1, False, tombstones=(Tombstone(TEAM, 2, 2),)))
    assert not table.put(entry(2))
    assert table.is_gone(TEAM)
    assert table.put(entry(3))


def test_epochs_outlive_the_table() -> None:
    before = RouteTable()
    before.put(entry(5))
    after = RouteTable(before.epochs)
    assert not after.put(entry(4))
    assert after.find(TEAM) is None


def test_an_unknown_resident_has_no_home_and_no_default() -> None:
    table = RouteTable()
    table.apply(Delta(1, 1, True, cells=(CellRoute("de-fra", "DE", "r", ("a:1",), "active", 1),)))
    with pytest.raises(UnknownResidentError):
        table.require(TEAM)


@pytest.mark.parametrize("cells", [(), (CellRoute("de-fra", "DE", "r", ("a:1",), "retired", 1),)])
def test_a_home_that_does_not_serve_is_not_ready_and_not_another(cells: tuple[CellRoute, ...]) -> None:
    table = RouteTable()
    other = CellRoute("us-iad", "US", "r", ("b:1",), "active", 1)
    table.apply(Delta(1, 1, True, placements=(entry(1, "de-fra"),), cells=(*cells, other)))
    with pytest.raises(NotReadyError):
        table.home(table.require(TEAM))


def test_misses_are_kept_for_a_while_and_bounded() -> None:
    misses = Misses(kept_s=5, size_max=2)
    misses.add("a", 0, ready=True)
    misses.add("b", 0, ready=False)
    with pytest.raises(UnknownResidentError):
        misses.check("a", 4.9)
    with pytest.raises(NotReadyError):
        misses.check("b", 4.9)
    misses.check("a", 5)
    misses.add("c", 5, ready=True)
    misses.add("d", 5, ready=True)
    misses.check("b", 1)


ADDRESSES = st.sets(st.text("abc:1", min_size=1), min_size=1, max_size=6)


@given(ADDRESSES, st.text())
def test_rendezvous_is_one_order_whatever_the_order_given(addresses: set[str], resident: str) -> None:
    order = ranked(resident, sorted(addresses))
    assert order == ranked(resident, sorted(addresses, reverse=True))
    assert set(order) == addresses


@given(ADDRESSES, st.text(), st.data())
def test_a_lost_process_moves_only_its_own_residents(
    addresses: set[str], resident: str, draw: st.DataObject
) -> None:
    lost = draw.draw(st.sampled_from(sorted(addresses)))
    before = [address for address in ranked(resident, addresses) if address != lost]
    assert ranked(resident, addresses - {lost}) == before


def test_a_whole_table_takes_nothing_away_but_by_tombstones() -> None:
    other, gone = new_id("T"), new_id("T")
    held = (entry(1, "de-fra"), entry(1, "de-fra", other), entry(1, "de-fra", gone))
    table = RouteTable()
    table.apply(Delta(9, 1, True, placements=held))
    for version in (5, 12):
        stone = Tombstone(gone, 1, 4)
        table.apply(Delta(version, 1, True, placements=(entry(1, "us-iad"),), tombstones=(stone,)))
        assert table.watch_version == version
        assert [table.find(resident) for resident in (TEAM, other, gone)] == [*held[:2], None]
        # Nor does it bring back who is gone.
        table.apply(Delta(version + 1, 1, True, placements=held))
        assert table.find(gone) is None


def test_an_older_copy_brings_back_no_address_no_edge_and_no_key() -> None:
    def told(version: int, word: str, state: KeyState) -> Delta:
        cell = CellRoute("de-fra", "DE", "r", (f"{word}:1",), "active", version)
        edge = EdgeRoute("fra", "DE", "r", word, version)
        return Delta(version, 1, True, cells=(cell,), edges=(edge,), keys=(replace(KEY, state=state),))

    table = RouteTable()
    for delta in (told(2, "new", "verify_only"), told(1, "old", "active")):
        table.apply(delta)
        assert (table.cells["de-fra"].addresses, table.edges["fra"].url) == (("new:1",), "new")
        assert table.keys[KEY.key_id].state == "verify_only"
    table.apply(told(3, "newest", "withdrawn"))
    assert (table.cells["de-fra"].addresses, table.edges["fra"].url) == (("newest:1",), "newest")
    assert table.keys[KEY.key_id].state == "withdrawn"
