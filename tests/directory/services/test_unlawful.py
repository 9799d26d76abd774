"""Conversations that policies no longer allow, as officers hear of them, and which cells said nothing."""

from dataclasses import replace

import pytest

from accord.errors import ForbiddenError, InvalidError, PeerRefusedError
from accord.ids import new_id
from directory.domain.peers import Peer, PeerKind
from directory.domain.unlawful import LISTED_MAX, OVERDUE, RESOLVE_S, UnlawfulConversation, UnlawfulReport
from directory.ports.store import Store, WriteUnit
from directory.services.unlawful import UnlawfulService
from tests.directory.world import World


def conversation(version: int = 1, outcome: str = "refused") -> UnlawfulConversation:
    return UnlawfulConversation(new_id("T"), new_id("C"), outcome, "default/de F9", version)


def report(*listed: UnlawfulConversation, version: int = 1) -> UnlawfulReport:
    counts = [sum(it.outcome == outcome for it in listed) for outcome in ("refused", "read_only")]
    return UnlawfulReport("", version, counts[0], counts[1], listed)


async def test_what_a_cell_says_stands_until_it_says_otherwise_and_who_is_silent_is_unknown(
    store: Store,
) -> None:
    world = await World(store).begin()
    cell, officer = await world.admit("de-fra"), await world.officer("de-one")
    await world.admit("us-iad")
    said = report(conversation(), conversation(outcome="read_only"))
    for _ in range(2):
        await world.unlawful.report(cell.peer, said)
    german, american = await world.unlawful.unresolved(officer)
    assert (american.cell, american.report, american.unresolved) == ("us-iad", None, ())
    assert german.report is not None
    assert (german.report.refused, german.report.read_only, german.report.more) == (1, 1, 0)
    assert [it.conversation for it in german.unresolved] == list(said.listed)
    begun_s = await store.read(lambda unit: unit.bundles.activated_s(1))
    assert {(it.since_s, it.deadline_s) for it in german.unresolved} == {(begun_s, begun_s + RESOLVE_S)}
    await world.unlawful.report(cell.peer, report())
    resolved, _ = await world.unlawful.unresolved(officer)
    assert (resolved.unresolved, resolved.report is None) == ((), False)


async def test_what_was_ruled_under_an_older_bundle_comes_too_late(store: Store) -> None:
    world = await World(store).begin()
    cell, officer = await world.admit("de-fra"), await world.officer("de-one")

    def work(unit: WriteUnit) -> None:
        unit.unlawful.put(replace(report(version=2), cell="de-fra"))
        unit.commit()

    await store.write(work)
    await world.unlawful.report(cell.peer, report(conversation()))
    [german] = await world.unlawful.unresolved(officer)
    assert german.report is not None
    assert (german.report.bundle_version, german.unresolved) == (2, ())


async def test_a_report_is_bounded_and_of_ids_alone(store: Store) -> None:
    world = await World(store).begin()
    cell, one = await world.admit("de-fra"), conversation()
    for wrong in (
        report(*(conversation() for _ in range(LISTED_MAX + 1))),
        replace(report(one), refused=0),
        report(one, one),
        report(replace(one, workspace="acme")),
        report(replace(one, channel="general")),
        replace(report(replace(one, outcome="here")), refused=1),
        report(replace(one, rule="a\nb")),
        report(replace(one, rule="r" * 1_000)),
        report(replace(one, bundle_version=2)),
        report(one, version=9),
    ):
        with pytest.raises(InvalidError):
            await world.unlawful.report(cell.peer, wrong)
    with pytest.raises(PeerRefusedError):
        await world.unlawful.report(Peer(PeerKind.NODE, "us-iad"), report(one))
    stranger = replace(await world.officer("de-one"), roles=frozenset())
    with pytest.raises(ForbiddenError):
        await world.unlawful.unresolved(stranger)


async def test_a_deadline_that_has_passed_is_told_with_its_length_and_entered_once(store: Store) -> None:
    world = await World(store).begin()
    cell, officer = await world.admit("de-fra"), await world.officer("de-one")
    begun_s = world.clock.now_us() // 1_000_000

    def newer(unit: WriteUnit) -> None:
        active = unit.bundles.active()
        assert active is not None
        unit.bundles.add(replace(active, version=2), begun_s)
        unit.commit()

    async def entered() -> list[dict[str, object]]:
        log = await store.read(lambda unit: unit.log.page(0, 256))
        return [it.open for it in log if it.open["act"] == OVERDUE]

    async def overdue_s() -> list[int]:
        [german] = await world.unlawful.unresolved(officer)
        return [it.overdue_s for it in german.unresolved]

    await store.write(newer)
    both = conversation(2), conversation(2, outcome="read_only")
    await world.unlawful.report(cell.peer, report(*both, version=2))
    world.clock.advance(RESOLVE_S)
    await world.unlawful.tick()
    assert (await overdue_s(), await entered()) == ([0, 0], [])
    world.clock.advance(7)
    for _ in range(2):
        await world.unlawful.tick()
    # Another process, or this one after a start, finds it in the log.
    await UnlawfulService(store, world.clock, world.random, world.pen).tick()
    assert await overdue_s() == [7, 7]
    [said] = await entered()
    told = {"cell": "de-fra", "bundle_version": 2, "deadline_s": begun_s + RESOLVE_S, "conversations": 2}
    assert said.items() >= told.items()
    await world.unlawful.report(cell.peer, report(version=2))
    await world.unlawful.tick()
    assert len(await entered()) == 1
