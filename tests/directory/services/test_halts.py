"""Halts and cut-offs, and the orders that carry them; over every store."""

from dataclasses import replace

import pytest

from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, WrongStateError
from accord.identity import KeyRing, RingKey
from accord.orders import Orders, open_orders
from directory.adapters.memory.store import MemoryStore
from directory.domain.halts import ALONE_S, APPROVED_S
from directory.ports.store import WriteUnit
from residency_policies.builtin import builtin_floors
from tests.directory.services.test_policies import GERMAN, LOOSER, STRICTER, approved, submitted
from tests.directory.world import World


async def told(world: World) -> Orders:
    """What planes are told now."""
    await world.halts.renew()
    signed = await world.halts.current()
    if signed is None:
        return Orders()
    key = world.bundle_key
    ring = KeyRing([RingKey("directory", frozenset({"bundle"}), key.key_id, key.public, 0, 2**40)])
    return open_orders(signed.orders, signed.key_id, signed.signature, ring)


async def test_one_person_halts_at_once_and_for_a_day(world: World) -> None:
    officer, rung = await world.officer("de-one", "officer", "DE"), world.bell.rung()
    record = await world.halts.halt(officer, "jurisdiction", "DE", "a court's order")
    assert record.until_s == record.halted_s + ALONE_S
    assert world.bell.rung() == rung + 1
    assert [(it.scope, it.value) for it in (await told(world)).halts] == [("jurisdiction", "DE")]
    world.clock.advance(ALONE_S)
    assert (await told(world)).halts == ()
    with pytest.raises(WrongStateError):
        await world.halts.lift(officer, record.number)


async def test_a_second_person_keeps_it_and_either_lifts_it(world: World) -> None:
    first, second = await world.officer("de-one"), await world.officer("de-two")
    record = await world.halts.halt(first, "instrument", "ins-scc-us", "it may fall tonight")
    with pytest.raises(ForbiddenError) as refused:
        await world.halts.approve(first, record.number)
    assert refused.value.metadata["code"] == "E-SOD"
    kept = await world.halts.approve(second, record.number)
    assert (kept.approver, kept.until_s) == ("de-two", record.halted_s + APPROVED_S)
    with pytest.raises(ConflictError):
        await world.halts.approve(second, record.number)
    world.clock.advance(ALONE_S)
    assert len((await told(world)).halts) == 1
    await world.halts.lift(first, record.number)
    assert (await told(world)).halts == ()
    said = await world.store.read(lambda unit: unit.log.page(0, 100))
    words = [it.open["act"] for it in said if str(it.open["act"]).startswith(("halt_", "orders_"))]
    assert words == [
        "halt_ordered",
        "orders_signed",
        "halt_approved",
        "orders_signed",
        "halt_lifted",
        "orders_signed",
    ]


async def test_a_halt_needs_a_right_where_it_stands(world: World) -> None:
    german = await world.officer("de-one", "officer", "DE")
    operator = await world.officer("op-one", "operator")
    auditor = await world.officer("au-one", "auditor")
    cell = await world.admit()
    workspace = (await world.place(cell)).resident
    await world.halts.halt(german, "workspace", workspace, "why")
    await world.halts.halt(operator, "jurisdiction", "US", "why")
    for who, scope, value in (
        (german, "jurisdiction", "US"),
        (german, "workspace", "T00000000000A"),
        (auditor, "jurisdiction", "DE"),
    ):
        with pytest.raises(ForbiddenError):
            await world.halts.halt(who, scope, value, "why")
    for act in (world.halts.approve(operator, 1), world.halts.lift(operator, 1)):
        with pytest.raises(ForbiddenError):
            await act
    with pytest.raises(NotFoundError):
        await world.halts.lift(german, 9)
    assert [it.number for it in await world.halts.everything(auditor)] == [2, 1]


@pytest.mark.parametrize(
    ("scope", "value", "reason"),
    [("all", "DE", "x"), ("jurisdiction", "de", "x"), ("workspace", "acme", "x"), ("jurisdiction", "DE", "")],
)
async def test_a_halt_of_another_form_is_refused(world: World, scope: str, value: str, reason: str) -> None:
    officer = await world.officer("de-one")
    with pytest.raises(InvalidError):
        await world.halts.halt(officer, scope, value, reason)


async def test_who_does_not_acknowledge_in_time_is_cut_off_until_they_do(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    bundle = await world.bundles.fetch(cell.peer, 0)
    await world.bundles.acknowledge(edge, "fra", 1, bundle.digest, "")

    def now(unit: WriteUnit) -> None:
        unit.bundles.add(replace(bundle, version=2), world.clock.now_us() // 1_000_000)
        unit.commit()

    await world.store.write(now)
    world.clock.advance(9)
    assert (await told(world)).cut_off == frozenset()
    await world.bundles.acknowledge(cell.peer, "de-fra", 2, bundle.digest, "")
    world.clock.advance(1)
    assert (await told(world)).cut_off == {"fra"}
    await world.bundles.acknowledge(edge, "fra", 2, bundle.digest, "")
    assert (await told(world)).cut_off == frozenset()


async def test_orders_are_renewed_only_when_they_say_something_else(world: World) -> None:
    officer = await world.officer("de-one")
    await world.halts.halt(officer, "jurisdiction", "DE", "why")
    before = await told(world)
    assert not await world.halts.renew()
    assert await told(world) == before


async def test_during_a_halt_only_what_allows_less_takes_effect() -> None:
    world = await World(MemoryStore()).begin((*builtin_floors(), GERMAN))
    author, second, third = [await world.officer(name) for name in ("de-one", "de-two", "de-three")]
    await world.halts.halt(author, "jurisdiction", "DE", "why")
    wider = await approved(world, await submitted(world, author, LOOSER), second, third)
    with pytest.raises(InvalidError) as refused:
        await world.rollout.activate(author, wider.revision.number)
    assert refused.value.metadata["code"] == "E-BACKDATE"
    narrower = await approved(world, await submitted(world, author, STRICTER), second)
    assert (await world.rollout.activate(author, narrower.revision.number)).revision.bundle_version == 2
