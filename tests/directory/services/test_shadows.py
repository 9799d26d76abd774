"""Shadows: told to nodes, acknowledged, compared with the replay of the same flows; over every store."""

import json
from dataclasses import replace
from typing import Any

import pytest

from accord.errors import InvalidError, NotFoundError, PeerRefusedError, WrongStateError
from accord.signing import verify_signature
from directory.adapters.memory.store import MemoryStore
from directory.domain.bundles import sign_bundle
from directory.domain.officers import Officer
from directory.domain.peers import Peer, PeerKind
from directory.domain.policies import RevisionState, analysed, replaced
from directory.domain.shadows import Shadow, sign_shadow
from directory.domain.traffic import TrafficCount, TrafficDifference, TrafficPiece
from directory.ports.store import WriteUnit
from directory.services.policies.base import require_revision, world_of
from residency_policies.bundle import load_bundle
from residency_policies.document import load_document
from residency_policies.traffic import HOUR_S, SPAN_S
from tests.directory.services.test_policies import DRAFT_US, STRICTER, acts, approved, decide
from tests.directory.services.test_traffic import DIFFERENCE, files, now_s
from tests.directory.world import TestCell, World

RULE = "default/de F9"


async def three(world: World) -> tuple[Officer, Officer, Officer]:
    author, second, third = [await world.officer(f"de-{name}") for name in ("one", "two", "three")]
    return author, second, third


async def signed(world: World, author: Officer, *others: Officer, text: str = STRICTER) -> int:
    """A revision that others signed. Its analysis says no more than what is asked of it later: a whole one
    takes longer than the test.
    """
    number = (await world.review.submit(author, text)).revision.number

    def work(unit: WriteUnit) -> None:
        said: dict[str, object] = {"direction": "tighter", "world": world_of(unit).to_json()}
        unit.policies.put(analysed(require_revision(unit, number), said))
        unit.commit()

    await world.store.write(work)
    await approved(world, await world.review.find(author, number), *others)
    return number


async def shadowed(world: World, author: Officer, *others: Officer) -> tuple[int, Shadow]:
    """A revision in shadow, and what nodes are told of."""
    number = await signed(world, author, *others)
    assert (await world.shadow.begin(author, number)).revision.state is RevisionState.SHADOW
    found = await world.store.read(lambda unit: unit.shadows.of_revision(number))
    assert found is not None
    return number, found


async def told(world: World, cell: TestCell, shadow: Shadow, flows: int, live: int) -> None:
    """A cell tells of flows in shadow, and how many of them that would decide otherwise."""
    start_s = now_s(world) // HOUR_S * HOUR_S
    counts = [TrafficCount(1, start_s, 9), TrafficCount(1, start_s, flows, shadow.digest)]
    change = TrafficDifference(1, start_s, shadow.digest, "file_content", "refused", RULE, live)
    piece = TrafficPiece(1, 0, 3, {1: files("US")}, counts, now_s(world), [change])
    assert await world.traffic.report(cell.peer, piece) == 3


async def test_a_shadow_decides_nothing_and_is_no_bundle_in_force() -> None:
    world = await World(MemoryStore()).begin()
    author, second, third = await three(world)
    unsigned = await signed(world, author)
    with pytest.raises(WrongStateError):
        await world.shadow.begin(author, unsigned)
    number, shadow = await shadowed(world, author, second, third)
    assert await decide(world) == "OK"
    assert (await acts(world))[-1] == "revision_shadowed"
    key = world.bundle_key.public
    assert verify_signature(key, "shadow", shadow.digest, shadow.signature)
    assert not verify_signature(key, "bundle", shadow.digest, shadow.signature)
    # Activated from there, the very bytes that were evaluated are in force, and nothing is in shadow.
    done = (await world.rollout.activate(author, number)).revision
    active = await world.store.read(lambda unit: unit.bundles.active())
    assert active is not None
    assert (done.state, active.bundle, await decide(world)) == (RevisionState.ACTIVE, shadow.bundle, RULE)
    assert await world.shadows.standing() is None


async def test_one_revision_is_in_shadow_at_a_time_and_comes_out_as_it_was() -> None:
    world = await World(MemoryStore()).begin()
    author, second, third = await three(world)
    number, shadow = await shadowed(world, author, second, third)
    other = await signed(world, second, author, third, text=DRAFT_US)
    with pytest.raises(WrongStateError) as busy:
        await world.shadow.begin(second, other)
    assert busy.value.metadata["code"] == "E-BUSY"
    with pytest.raises(WrongStateError):
        await world.review.analyse(author, number)
    assert (await world.shadow.end(author, number)).revision.state is RevisionState.APPROVED
    with pytest.raises(WrongStateError):
        await world.shadow.end(author, number)
    assert (await acts(world))[-1] == "revision_unshadowed"
    assert await world.shadows.standing() is None
    assert (await world.shadow.begin(author, number)).revision.state is RevisionState.SHADOW
    assert await world.shadows.standing() == (1, shadow.digest)
    piloted = await world.rollout.activate(author, number, pilot=["T0000000000A"])
    assert (piloted.revision.state, await world.shadows.standing()) == (RevisionState.PILOT, None)


async def test_a_shadow_ends_with_its_revision_and_when_the_world_has_moved() -> None:
    world = await World(MemoryStore()).begin()
    author, second, third = await three(world)
    number, _ = await shadowed(world, author, second, third)
    await world.review.withdraw(author, number)
    assert await world.shadows.standing() is None
    number, _ = await shadowed(world, author, second, third)
    await world.shadow.tick()
    assert await world.shadows.standing() is not None
    await world.admit()
    await world.shadow.tick()
    assert await world.shadows.standing() is None
    assert (await world.review.find(author, number)).revision.state is RevisionState.VALIDATED
    assert (await acts(world))[-1] == "revision_lapsed"


async def test_what_nodes_are_told_and_say_of_a_shadow_is_kept(world: World) -> None:
    cell, edge = await world.admit(), await world.admit_edge()
    active = await world.store.read(lambda unit: unit.bundles.active())
    assert active is not None
    made = replace(load_bundle(active.bundle), version=2)
    shadow = sign_shadow(made, 7, world.bundle_key, now_s(world))
    assert shadow.signature != sign_bundle(made, world.bundle_key).signature
    await put(world, shadow)
    assert await world.shadows.standing() == (1, shadow.digest)
    assert await world.shadows.fetch(edge, shadow.digest) == shadow
    with pytest.raises(PeerRefusedError):
        await world.shadows.fetch(Peer(PeerKind.NODE, "us-iad"), shadow.digest)
    with pytest.raises(NotFoundError):
        await world.shadows.fetch(cell.peer, bytes(32))
    for peer, digest, word, error in (
        (edge, shadow.digest, "", PeerRefusedError), (cell.peer, bytes(32), "", InvalidError),
        (cell.peer, b"", "", InvalidError), (cell.peer, shadow.digest, "x" * 65, InvalidError),
    ):  # fmt: skip
        with pytest.raises(error):
            await world.shadows.acknowledge(peer, digest, word)
    for word in ("does not compile", "", ""):
        await world.shadows.acknowledge(cell.peer, shadow.digest, word)
        world.clock.advance(10)
    said = await world.store.read(lambda unit: unit.shadows.acknowledgements(shadow.digest))
    assert [(it.node, it.refused, it.acknowledged_s) for it in said] == [("de-fra", "", now_s(world) - 20)]
    await put(world, replace(shadow, ended_s=5))
    assert await world.shadows.standing() is None
    with pytest.raises(NotFoundError):
        await world.shadows.fetch(cell.peer, shadow.digest)
    assert await world.store.read(lambda unit: unit.shadows.of_revision(7)) == replace(shadow, ended_s=5)


async def put(world: World, shadow: Shadow) -> None:
    def work(unit: WriteUnit) -> None:
        unit.shadows.put(shadow)
        unit.commit()

    await world.store.write(work)


async def test_what_is_counted_in_shadow_is_kept_apart_once_and_for_its_span(world: World) -> None:
    peer = (await world.admit()).peer
    digest = b"s" * 32
    start_s = now_s(world) // HOUR_S * HOUR_S
    counts = [
        TrafficCount(1, start_s, 3),
        TrafficCount(1, start_s, 4, digest),
        TrafficCount(0, start_s, 2, digest),
    ]
    change = replace(DIFFERENCE, start_s=start_s, shadow=digest, flows=4)
    piece = TrafficPiece(1, 0, 4, {1: files("US")}, counts, now_s(world), [change])
    for _ in range(2):
        assert await world.traffic.report(peer, piece) == 4

    async def kept() -> tuple[list[Any], list[Any], int]:
        return await world.store.read(
            lambda unit: (
                [(it.kind, it.flows) for it in unit.traffic.buckets(digest)],
                [(it.kind, it.start_s, it.what, it.rule, it.flows) for it in unit.traffic.changes(digest)],
                sum(it.flows for it in unit.traffic.days(0)),
            )
        )

    changed = (files("US"), start_s, "refused", RULE, 4)
    assert await kept() == ([(b"", 2), (files("US"), 4)], [changed], 9)
    world.clock.advance(SPAN_S + 2 * HOUR_S)
    await world.traffic.report(peer, TrafficPiece(1, 4, 4, {}, [], now_s(world)))
    assert await kept() == ([], [], 0)
    await world.traffic.report(peer, piece)
    await world.traffic.report(peer, replace(piece, since_us=2, after=9, position=13))
    assert await kept() == ([], [], 0)


async def standing(world: World) -> tuple[TestCell, Officer, Shadow]:
    """A cell, an officer who looks, and a shadow of revision 7 that refuses what the base allows."""
    active = await world.store.read(lambda unit: unit.bundles.active())
    assert active is not None
    document = json.dumps(load_document(STRICTER).canonical)
    made = replaced(load_bundle(active.bundle), [("default/de", document)], 2)
    shadow = sign_shadow(made, 7, world.bundle_key, now_s(world))
    await put(world, shadow)
    return await world.admit(), await world.officer("auditor-1", "auditor"), shadow


async def test_officers_see_live_beside_replayed_and_of_whom_it_is() -> None:
    world = await World(MemoryStore()).begin()
    cell, officer, shadow = await standing(world)
    await world.admit("us-iad")
    await world.admit_edge()
    await world.shadows.acknowledge(cell.peer, shadow.digest, "")
    await told(world, cell, shadow, flows=5, live=5)
    found: dict[str, Any] = await world.shadows.look(officer, 7) or {}
    assert found["live"] == found["replayed"]
    assert (found["agrees"], found["live"]["asked"], found["live"]["refused"]["flows"]) == (True, 5, 5)
    assert [(it["node"], it["state"], it.get("flows")) for it in found["nodes"]] == [
        ("de-fra", "evaluating", 5), ("us-iad", "waiting", 0), ("fra", "unknown", None),
    ]  # fmt: skip
    assert await world.shadows.look(officer, 99) is None


async def test_what_a_cell_saw_otherwise_than_the_replay_is_told() -> None:
    world = await World(MemoryStore()).begin()
    cell, officer, shadow = await standing(world)
    await world.shadows.acknowledge(cell.peer, shadow.digest, "does not compile")
    await told(world, cell, shadow, flows=5, live=4)
    found: dict[str, Any] = await world.shadows.look(officer, 7) or {}
    assert (found["agrees"], found["live"]["refused"]["flows"]) == (False, 4)
    assert found["replayed"]["refused"]["flows"] == 5
    assert (found["nodes"][0]["state"], found["nodes"][0]["why"]) == ("refused", "does not compile")
