"""The contract of a store: transactions, order, versions; one suite for every adapter."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from accord.ids import new_id
from accord.ledger import leaf_data, leaf_hash, root_at, root_of
from accord.signing import SigningKey
from directory.domain.bundles import Acknowledgement
from directory.domain.cells import Edge
from directory.domain.claims import Claim, Lease, LeaseState
from directory.domain.halts import HaltRecord, SignedOrders
from directory.domain.officers import Officer, OfficerState, Role, Session
from directory.domain.placements import Placement, ReportedEpoch, ResidentKind, Tombstone
from directory.domain.policies import Approval, Revision, RevisionState
from directory.domain.policy_log import Act, LogPen
from directory.ports.store import ReadUnit, Store, WriteUnit

EDGE = Edge("fra", "DE", "eu-central-1", "https://fra.example.test", 1)


def placement(resident: str, version: int, cell: str = "de-fra") -> Placement:
    return Placement(
        resident,
        ResidentKind.WORKSPACE,
        cell,
        1,
        1,
        version,
        b"record",
        "DE",
        ("AT", "DE"),
        ("a", "b"),
        "k",
        b"d",
    )


async def test_a_unit_that_does_not_commit_leaves_nothing(store: Store) -> None:
    await store.write(lambda unit: unit.cells.put_edge(EDGE))
    assert await store.read(lambda unit: unit.cells.edges()) == []


async def test_a_unit_that_raises_leaves_nothing_even_after_commit(store: Store) -> None:
    def work(unit: WriteUnit) -> None:
        unit.cells.put_edge(EDGE)
        unit.commit()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(work)
    assert await store.read(lambda unit: unit.cells.find_edge("fra")) is None


async def test_a_committed_unit_is_seen_by_the_next(store: Store) -> None:
    def work(unit: WriteUnit) -> None:
        unit.cells.put_edge(EDGE)
        unit.commit()

    await store.write(work)
    assert await store.read(lambda unit: unit.cells.edges()) == [EDGE]


async def test_units_that_write_run_one_after_another(store: Store) -> None:
    def work(unit: WriteUnit) -> int:
        given = unit.versions.next(0)
        unit.commit()
        return given

    given = await asyncio.gather(*(store.write(work) for _ in range(20)))
    assert sorted(given) == list(range(1, 21))
    assert await store.read(lambda unit: unit.versions.current()) == 20


async def test_versions_rise_with_time_and_over_it(store: Store) -> None:
    def work(unit: WriteUnit) -> list[int]:
        found = [unit.versions.next(1_000), unit.versions.next(1_000), unit.versions.next(5)]
        unit.commit()
        return found

    assert await store.write(work) == [1_000, 1_001, 1_002]
    assert await store.read(lambda unit: unit.versions.was_given(1_001))
    assert not await store.read(lambda unit: unit.versions.was_given(999))


async def test_forgotten_versions_are_the_oldest(store: Store) -> None:
    def work(unit: WriteUnit) -> None:
        for _ in range(5):
            unit.versions.next(0)
        unit.versions.forget_all_but(2)
        unit.commit()

    await store.write(work)
    known = await store.read(lambda unit: [it for it in range(1, 6) if unit.versions.was_given(it)])
    assert known == [4, 5]


async def test_a_placement_comes_back_as_it_went_in_and_in_order_of_version(store: Store) -> None:
    first, second = placement("T00000000000B", 7), placement("T00000000000A", 9, "us-iad")

    def work(unit: WriteUnit) -> None:
        unit.placements.add(second)
        unit.placements.add(first)
        unit.commit()

    await store.write(work)
    assert await store.read(lambda unit: unit.placements.changed_after(0, 10)) == [first, second]
    assert await store.read(lambda unit: unit.placements.changed_after(7, 10)) == [second]
    assert await store.read(lambda unit: unit.placements.changed_after(0, 1)) == [first]
    assert await store.read(lambda unit: unit.placements.find_all([first.resident, "T00000000000Z"])) == [
        first
    ]
    assert await store.read(lambda unit: unit.placements.count_in("us-iad")) == 1


async def test_a_buried_resident_has_a_tombstone_and_no_placement(store: Store) -> None:
    gone = placement("T00000000000A", 3)
    stone = Tombstone(gone.resident, gone.cell, 1, 4)

    def work(unit: WriteUnit) -> None:
        unit.placements.add(gone)
        unit.placements.bury(stone)
        unit.commit()

    await store.write(work)
    assert await store.read(lambda unit: unit.placements.find_all([gone.resident])) == []
    assert await store.read(lambda unit: unit.placements.tombstone(gone.resident)) == stone
    assert await store.read(lambda unit: unit.placements.buried_after(3, 10)) == [stone]


async def test_reports_keep_the_highest_epoch_and_only_the_home_cells_puts_a_placement_behind(
    store: Store,
) -> None:
    home = placement("T00000000000A", 3)

    def work(unit: WriteUnit) -> None:
        unit.placements.add(home)
        unit.placements.report(ReportedEpoch(home.resident, "us-iad", 9))
        unit.placements.report(ReportedEpoch(home.resident, "us-iad", 4))
        unit.commit()

    await store.write(work)
    reports = await store.read(lambda unit: unit.placements.reports_of([home.resident]))
    assert reports == {home.resident: (ReportedEpoch(home.resident, "us-iad", 9),)}
    assert await store.read(lambda unit: unit.placements.behind()) == set()

    def later(unit: WriteUnit) -> None:
        unit.placements.report(ReportedEpoch(home.resident, home.cell, 2))
        unit.commit()

    await store.write(later)
    assert await store.read(lambda unit: unit.placements.behind()) == {home.resident}


async def test_a_name_is_held_per_jurisdiction(store: Store) -> None:
    name = Claim("email", "key-1", b"i" * 32, "P00000000000A")
    other = replace(name, resident="P00000000000B")
    here = Lease("l1", "de-fra", "DE", LeaseState.COMMITTED, 5)
    there = Lease("l2", "us-iad", "US", LeaseState.LEASED, 5)

    def work(unit: WriteUnit) -> None:
        unit.claims.put_lease(here)
        unit.claims.put_lease(there)
        unit.claims.put_claims(here, [name])
        unit.claims.put_claims(there, [other])
        unit.commit()

    await store.write(work)
    held = await store.write(lambda unit: unit.claims.held("US", [name.name]))
    assert held[name.name].claim == other
    found = await store.read(lambda unit: unit.claims.match([name.name]))
    assert [(it.claim.resident, it.lease.state) for it in found] == [
        ("P00000000000A", LeaseState.COMMITTED),
        ("P00000000000B", LeaseState.LEASED),
    ]
    assert await store.read(lambda unit: unit.claims.match([("phone", "key-1", b"i" * 32)])) == []


async def test_the_list_of_a_cell_goes_on_behind_its_cursor(store: Store) -> None:
    lease = Lease("l1", "de-fra", "DE", LeaseState.COMMITTED, 5)
    names = [Claim("email", "key-1", bytes([place]) * 32, "P00000000000A") for place in range(5)]

    def work(unit: WriteUnit) -> None:
        unit.claims.put_lease(lease)
        unit.claims.put_claims(lease, names)
        unit.commit()

    await store.write(work)
    first = await store.read(lambda unit: unit.claims.list_of("de-fra", None, 3))
    last = first[-1]
    after = (last.lease.jurisdiction, *last.claim.name)
    rest = await store.read(lambda unit: unit.claims.list_of("de-fra", after, 3))
    assert [it.claim for it in first + rest] == names


async def test_ended_leases_are_forgotten_and_held_ones_are_not(store: Store) -> None:
    def work(unit: WriteUnit) -> int:
        for lease_id, state, expires_s in (
            ("l1", LeaseState.RELEASED, 10),
            ("l2", LeaseState.COMMITTED, 10),
            ("l3", LeaseState.LEASED, 10),
            ("l4", LeaseState.EXPIRED, 99),
        ):
            unit.claims.put_lease(Lease(lease_id, "de-fra", "DE", state, expires_s))
        unit.claims.put_claims(
            Lease("l2", "de-fra", "DE", LeaseState.COMMITTED, 10),
            [Claim("email", "key-1", b"i" * 32, "P00000000000A")],
        )
        over = unit.claims.expired(10, 9)
        assert [it.lease_id for it in over] == ["l3"]
        dropped = unit.claims.drop_leases(50)
        unit.commit()
        return dropped

    assert await store.write(work) == 1
    kept = await store.write(lambda unit: [it for it in ("l1", "l2", "l3", "l4") if unit.claims.lease(it)])
    assert kept == ["l2", "l3", "l4"]


def revision(
    number: int, document: str = "acme/main", state: RevisionState = RevisionState.DRAFT
) -> Revision:
    return Revision(
        number, document, number + 1, False, "de-one", "ab" * 32, b"{}", ("DE", "FR"), state, b"[]", 5,
        b"{}", 6, ("T00000000000A",), 1, 2, 0,
    )  # fmt: skip


async def test_the_first_acknowledgement_of_a_version_stays_and_the_last_one_is_replaced(
    store: Store,
) -> None:
    def work(unit: WriteUnit) -> None:
        for node, version, at_s in (
            ("fra", 1, 1),
            ("iad", 1, 2),
            ("fra", 3, 3),
            ("fra", 3, 4),
            ("fra", 4, 5),
        ):
            unit.bundles.acknowledge(Acknowledgement(node, version, "note", at_s))
        unit.commit()

    await store.write(work)
    first = {version: await store.read(partial(_first, version=version)) for version in (1, 2, 3, 4, 5)}
    assert first[1] == [("fra", 1, 1), ("iad", 1, 2)]
    assert first[2] == first[3] == [("fra", 3, 3)]
    assert (first[4], first[5]) == ([("fra", 4, 5)], [])
    last = await store.read(lambda unit: unit.bundles.acknowledgements())
    assert [(it.node, it.bundle_version, it.checkpoint) for it in last] == [
        ("fra", 4, "note"),
        ("iad", 1, "note"),
    ]


def _first(unit: ReadUnit, version: int) -> list[tuple[str, int, int]]:
    found = unit.bundles.first_acknowledged(version)
    return [(it.node, it.bundle_version, it.acknowledged_s) for it in found]


async def test_halts_and_orders_come_back_as_they_went_in(store: Store) -> None:
    halts = [
        HaltRecord(1, "jurisdiction", "DE", "a try", "de-one", 10, 20),
        HaltRecord(2, "workspace", new_id("T"), "another", "de-one", 11, 21, "de-two", 15),
    ]
    orders = [SignedOrders(version, b"orders %d" % version, "key", b"signature") for version in (1, 2)]

    def work(unit: WriteUnit) -> None:
        assert (unit.halts.next_number(), unit.halts.orders()) == (1, None)
        for record in (halts[0], replace(halts[1], lifted_s=0), halts[1]):
            unit.halts.put(record)
        for signed in orders:
            unit.halts.put_orders(signed)
        unit.commit()

    await store.write(work)
    assert await store.read(lambda unit: unit.halts.everything()) == halts
    assert await store.read(lambda unit: [unit.halts.find(number) for number in (2, 3)]) == [halts[1], None]
    assert await store.read(lambda unit: unit.halts.orders()) == orders[1]
    assert await store.write(lambda unit: unit.halts.next_number()) == 3


async def test_officers_and_sessions_come_back_as_they_went_in(store: Store) -> None:
    roles = frozenset({Role.OFFICER, Role.OPERATOR})
    officer = Officer(
        "de-one", roles, ("DE", "FR"), OfficerState.ACTIVE, "hash", b"sealed", 7, 2, 9, b"secret", 11
    )
    first, second = Session(b"a" * 32, "de-one", 1, 5), Session(b"b" * 32, "de-one", 2, 9)

    def work(unit: WriteUnit) -> None:
        unit.officers.put(replace(officer, failures=0))
        unit.officers.put(officer)
        for session in (second, first):
            unit.officers.open_session(session)
        unit.commit()

    await store.write(work)
    assert await store.read(lambda unit: unit.officers.find("de-one")) == officer
    assert await store.read(lambda unit: unit.officers.everybody()) == [officer]
    assert await store.read(lambda unit: unit.officers.sessions_of("de-one")) == [first, second]

    def later(unit: WriteUnit) -> None:
        unit.officers.close_sessions_before(5)
        unit.commit()

    await store.write(later)
    assert await store.read(lambda unit: unit.officers.session(first.digest)) is None
    assert await store.read(lambda unit: unit.officers.session(second.digest)) == second


async def test_revisions_and_approvals_come_back_as_they_went_in(store: Store) -> None:
    rows = [revision(1), revision(2, "other/main"), revision(3, state=RevisionState.ACTIVE)]
    approvals = [
        Approval(1, "de-two", ("officer",), "cd" * 32, 9),
        Approval(1, "de-three", ("counsel",), "cd" * 32, 8),
    ]

    def work(unit: WriteUnit) -> int:
        for row in rows:
            unit.policies.put(row)
        for approval in approvals:
            unit.policies.approve(approval)
        unit.commit()
        return unit.policies.next_number()

    assert await store.write(work) == 4
    assert await store.read(lambda unit: unit.policies.find(2)) == rows[1]
    assert await store.read(lambda unit: unit.policies.page(0, 2)) == [rows[2], rows[1]]
    assert await store.read(lambda unit: unit.policies.page(2, 2)) == [rows[0]]
    assert await store.read(lambda unit: unit.policies.of_document("acme/main")) == [rows[0], rows[2]]
    assert await store.read(lambda unit: unit.policies.in_states({RevisionState.ACTIVE})) == [rows[2]]
    assert await store.read(lambda unit: unit.policies.approvals_of(1)) == approvals[::-1]


async def test_the_log_grows_by_one_and_its_tree_is_the_tree_of_its_leaves(store: Store) -> None:
    pen = LogPen(SigningKey.generate(), "policies.test")

    def work(unit: WriteUnit) -> None:
        for place in range(5):
            pen.enter(unit.log, Act("tried", "de-one", {"place": place}), 9, bytes(32))
        unit.commit()

    await store.write(work)
    await store.write(work)
    entries = await store.read(lambda unit: unit.log.page(0, 100))
    assert [it.seq for it in entries] == list(range(10))
    assert await store.read(lambda unit: unit.log.page(7, 2)) == entries[7:9]
    leaves = [leaf_hash(leaf_data(it.open, it.sealed, it.salt)) for it in entries]
    assert await store.read(lambda unit: root_at(unit.log.size(), unit.log.hash_at)) == root_of(leaves)
