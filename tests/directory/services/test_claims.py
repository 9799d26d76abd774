"""Leases and claims: who holds a name, for how long, and who is told."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import event

from accord.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PeerRefusedError,
    RateLimitedError,
    StaleEpochError,
    WrongStateError,
)
from directory.adapters.memory.store import MemoryStore
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.domain.claims import Claim, LeaseState
from directory.services.cells import Announcement
from tests.directory.world import LEASE_S, OPERATOR, TestCell, World, claim


async def person(world: World, cell: TestCell) -> str:
    return (await world.place(cell, "P")).resident


async def claimed(world: World, cell: TestCell, resident: str, value: str) -> Claim:
    asked = claim(resident, value)
    lease = await world.claims.lease(cell.peer, [asked])
    await world.claims.commit(cell.peer, lease.lease_id)
    return asked


async def test_a_lease_that_is_committed_stands_beyond_its_time(world: World) -> None:
    cell = await world.admit()
    anna, bert = await person(world, cell), await person(world, cell)
    lease = await world.claims.lease(cell.peer, [claim(anna, "a")])
    assert lease.expires_s == world.clock.now_us() // 1_000_000 + LEASE_S
    await world.claims.commit(cell.peer, lease.lease_id)
    await world.claims.commit(cell.peer, lease.lease_id)
    world.clock.advance(10 * LEASE_S)
    assert await world.claims.sweep() == 0
    with pytest.raises(ConflictError):
        await world.claims.lease(cell.peer, [claim(bert, "a")])


async def test_a_lease_holds_all_of_its_names_or_none(world: World) -> None:
    cell = await world.admit()
    anna, bert = await person(world, cell), await person(world, cell)
    await claimed(world, cell, anna, "taken")
    with pytest.raises(ConflictError):
        await world.claims.lease(cell.peer, [claim(bert, "free"), claim(bert, "taken")])
    await world.claims.lease(cell.peer, [claim(anna, "free")])


async def test_a_leased_name_is_kept_from_others_until_its_time_is_over(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    anna, bert = await person(world, cell), await person(world, other)
    lease = await world.claims.lease(cell.peer, [claim(anna, "a")])
    with pytest.raises(ConflictError):
        await world.claims.lease(other.peer, [claim(bert, "a")])
    world.clock.advance(LEASE_S)
    second = await world.claims.lease(other.peer, [claim(bert, "a")])
    with pytest.raises(WrongStateError):
        await world.claims.commit(cell.peer, lease.lease_id)
    await world.claims.commit(other.peer, second.lease_id)


async def test_an_expired_lease_never_commits_even_before_the_sweep(world: World) -> None:
    cell = await world.admit()
    lease = await world.claims.lease(cell.peer, [claim(await person(world, cell), "a")])
    world.clock.advance(LEASE_S)
    with pytest.raises(WrongStateError) as refused:
        await world.claims.commit(cell.peer, lease.lease_id)
    assert refused.value.metadata["state"] == "expired"
    assert await world.claims.sweep() == 1
    assert await world.claims.list_held(cell.peer, "", 10) == ([], "")
    with pytest.raises(WrongStateError):
        await world.claims.commit(cell.peer, lease.lease_id)


async def test_asking_again_for_the_same_renews_the_lease(world: World) -> None:
    cell = await world.admit()
    anna = await person(world, cell)
    asked = [claim(anna, "a"), claim(anna, "b", "phone")]
    first = await world.claims.lease(cell.peer, asked)
    world.clock.advance(LEASE_S - 1)
    again = await world.claims.lease(cell.peer, asked)
    assert again.lease_id == first.lease_id
    world.clock.advance(LEASE_S - 1)
    await world.claims.commit(cell.peer, first.lease_id)


async def test_a_lease_that_lost_a_name_to_a_later_one_of_its_resident_never_commits(world: World) -> None:
    cell = await world.admit()
    anna = await person(world, cell)
    first = await world.claims.lease(cell.peer, [claim(anna, "a"), claim(anna, "b")])
    second = await world.claims.lease(cell.peer, [claim(anna, "a")])
    assert second.lease_id != first.lease_id
    with pytest.raises(WrongStateError):
        await world.claims.commit(cell.peer, first.lease_id)
    await world.claims.commit(cell.peer, second.lease_id)
    held, _ = await world.claims.list_held(cell.peer, "", 10)
    assert [it.claim for it in held] == [claim(anna, "a")]


async def test_a_release_frees_committed_names_too_and_may_be_repeated(world: World) -> None:
    cell = await world.admit()
    anna, bert = await person(world, cell), await person(world, cell)
    lease = await world.claims.lease(cell.peer, [claim(anna, "a")])
    await world.claims.commit(cell.peer, lease.lease_id)
    await world.claims.release(cell.peer, lease.lease_id)
    await world.claims.release(cell.peer, lease.lease_id)
    await claimed(world, cell, bert, "a")
    with pytest.raises(WrongStateError):
        await world.claims.commit(cell.peer, lease.lease_id)


async def test_leases_of_another_cell_do_not_exist(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    lease = await world.claims.lease(cell.peer, [claim(await person(world, cell), "a")])
    for act in (world.claims.commit, world.claims.release):
        with pytest.raises(NotFoundError):
            await act(other.peer, lease.lease_id)
        with pytest.raises(NotFoundError):
            await act(cell.peer, "no such lease")
    assert await world.claims.list_held(other.peer, "", 10) == ([], "")


async def test_a_cell_claims_only_for_its_own_residents(world: World) -> None:
    cell, other = await world.admit("de-fra"), await world.admit("de-mun")
    anna = await person(world, cell)
    with pytest.raises(StaleEpochError):
        await world.claims.lease(other.peer, [claim(anna, "a")])
    with pytest.raises(NotFoundError):
        await world.claims.lease(cell.peer, [claim("P00000000000A", "a")])


async def test_the_same_name_may_be_claimed_once_in_each_jurisdiction(world: World) -> None:
    here, there = await world.admit("de-fra"), await world.admit("us-iad")
    anna, ann = await person(world, here), await person(world, there)
    name = (await claimed(world, here, anna, "a")).name
    await claimed(world, there, ann, "a")
    german, other = await world.admit_edge("fra", "DE"), await world.admit_edge("sin", "SG")
    assert await world.claims.find(german, [name]) == anna
    assert await world.claims.find(other, [name]) is None


@pytest.mark.parametrize(
    "claims",
    [
        [],
        [claim("P00000000000A", "a")] * 2,
        [claim("P00000000000A", str(number)) for number in range(33)],
        [claim("P00000000000A", "a", "shoe_size")],
        [claim("P00000000000A", "a", key_id="")],
        [Claim("email", "k1", b"short", "P00000000000A")],
        [claim("U00000000000A", "a")],
    ],
)
async def test_malformed_claims_are_refused(world: World, claims: list[Claim]) -> None:
    cell = await world.admit()
    with pytest.raises(InvalidError):
        await world.claims.lease(cell.peer, claims)


async def test_the_list_is_paged_and_whole(world: World) -> None:
    cell = await world.admit()
    anna = await person(world, cell)
    for number in range(5):
        await claimed(world, cell, anna, str(number))
    found: list[bytes] = []
    cursor = ""
    for _ in range(3):
        page, cursor = await world.claims.list_held(cell.peer, cursor, 2)
        found += [it.claim.index for it in page]
        assert all(it.lease.state is LeaseState.COMMITTED for it in page)
    assert cursor == ""
    assert sorted(found) == sorted(claim(anna, str(number)).index for number in range(5))
    for bad in ("!", "e30", "WzEsMiwzLDRd"):
        with pytest.raises(InvalidError):
            await world.claims.list_held(cell.peer, bad, 2)


async def test_only_edges_find_and_only_committed_names(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    anna = await person(world, cell)
    name = claim(anna, "a").name
    lease = await world.claims.lease(cell.peer, [claim(anna, "a")])
    assert await world.claims.find(edge, [name]) is None
    await world.claims.commit(cell.peer, lease.lease_id)
    assert await world.claims.find(edge, [name]) == anna
    for peer in (cell.peer, OPERATOR):
        with pytest.raises(PeerRefusedError):
            await world.claims.find(peer, [name])


async def test_finding_is_limited_per_edge() -> None:
    world = await World(MemoryStore(), find_per_minute=3).begin()
    one, other = await world.admit_edge("fra"), await world.admit_edge("mun")
    names = [("email", "k1", hashlib.sha256(bytes([number])).digest()) for number in range(4)]
    await world.claims.find(one, names[:3])
    with pytest.raises(RateLimitedError):
        await world.claims.find(one, names[3:])
    assert await world.claims.find(other, names[:3]) is None


async def test_unknown_and_forbidden_cost_the_same_statements_as_found(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    world = await World(SqlStore(engines)).begin()
    cell, edge = await world.admit(), await world.admit_edge()
    known = (await claimed(world, cell, await person(world, cell), "known")).name
    behind = await person(world, cell)
    forbidden = (await claimed(world, cell, behind, "forbidden")).name
    await world.cells.announce(cell.peer, Announcement("de-fra", "0.1.0", "serving", 1, "", ((behind, 2),)))
    unknown = claim(behind, "unknown").name
    statements: list[str] = []
    event.listen(
        engines.reader, "before_cursor_execute", lambda *arguments: statements.append(str(arguments[2]))
    )
    work: list[list[str]] = []
    answers = []
    for name in (known, unknown, forbidden):
        statements.clear()
        answers.append(await world.claims.find(edge, [name]))
        work.append(list(statements))
    await world.store.close()
    assert answers[0] is not None
    assert answers[1:] == [None, None]
    assert work[0] == work[1] == work[2]
    assert len(work[0]) >= 4
