"""Roll-outs: pilots, schedules and rollbacks."""

import json

import pytest

from accord.encoding import canonical_json
from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, WrongStateError
from accord.ids import new_id
from directory.domain.officers import Officer
from directory.domain.policies import RevisionState, content_of
from residency_policies.bundle import load_bundle
from tests.directory.services.test_policies import (
    AMERICAN,
    DRAFT_US,
    acts,
    approved,
    decide,
    submitted,
    three,
    world,
)
from tests.directory.world import OPERATOR, World

__all__ = ["three", "world"]


async def test_a_pilot_rules_its_workspaces_alone_until_everybody(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    cell = await world.admit()
    inside, outside = (await world.place(cell)).resident, (await world.place(cell)).resident
    standing = await approved(world, await submitted(world, author), second, third)
    number = standing.revision.number
    standing = await world.rollout.activate(author, number, pilot=[inside])
    assert standing.revision.state is RevisionState.PILOT
    assert await decide(world, inside) == "default/de.pilot F9"
    assert await decide(world, outside) == "OK"
    other = await submitted(world, second, DRAFT_US)
    await approved(world, other, author, third)
    with pytest.raises(WrongStateError) as busy:
        await world.rollout.activate(second, other.revision.number)
    assert busy.value.metadata["code"] == "E-BUSY"
    standing = await world.rollout.activate(author, number)
    assert await decide(world, inside) == await decide(world, outside) == "default/de F9"
    bundle = load_bundle((await world.bundles.fetch(OPERATOR, 0)).bundle)
    assert not [it.id for it in bundle.parsed if it.id.endswith(".pilot")]


async def test_a_pilot_that_is_withdrawn_leaves_what_was_before(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second, third)
    workspace = new_id("T")
    await world.rollout.activate(author, standing.revision.number, pilot=[workspace])
    gone = await world.review.withdraw(author, standing.revision.number)
    assert gone.revision.state is RevisionState.WITHDRAWN
    assert await decide(world, workspace) == "OK"
    bundles = [load_bundle((await world.bundles.fetch(OPERATOR, it)).bundle) for it in (1, 3)]
    assert [it.id for it in bundles[0].parsed] == [it.id for it in bundles[1].parsed]
    with pytest.raises(WrongStateError):
        await world.rollout.activate(author, standing.revision.number)


async def test_a_pilot_is_tried_on_workspaces_of_the_officers_jurisdictions_alone(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    german = await world.officer("de-four", "officer", "DE")
    cells = await world.admit("de-fra"), await world.admit("us-iad")
    inside, abroad = [(await world.place(it)).resident for it in cells]
    number = (await approved(world, await submitted(world, author), second, third)).revision.number
    for pilot, needed in (([inside, abroad], "US"), ([new_id("T")], "*")):
        with pytest.raises(ForbiddenError) as refused:
            await world.rollout.activate(german, number, pilot=pilot)
        assert refused.value.metadata["needed"] == f"jurisdiction:{needed}"
    assert (await world.rollout.activate(german, number, pilot=[inside])).pilot == (inside,)
    assert await world.review.page(await world.officer("us-one", "officer", "US"), 0, 9) == []


async def test_a_rollback_is_a_new_version_with_the_older_content(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second, third)
    first = (await world.rollout.activate(author, standing.revision.number)).revision
    with pytest.raises(ConflictError):
        await world.review.roll_back(author, "default/de", 2)
    with pytest.raises(NotFoundError):
        await world.review.roll_back(author, "default/de", 9)
    back = await world.review.roll_back(author, "default/de", 1)
    assert (back.revision.version, back.revision.rolls_back) == (3, first.number)
    back = await approved(world, await world.review.analyse(author, back.revision.number), second, third)
    done = (await world.rollout.activate(author, back.revision.number)).revision
    assert done.bundle_version == 3
    assert await decide(world) == "OK"
    assert (await world.review.find(author, first.number)).revision.state is RevisionState.ROLLED_BACK
    bundles = [load_bundle((await world.bundles.fetch(OPERATOR, it)).bundle) for it in (1, 3)]
    meant = [
        [content_of(canonical_json(document.canonical)) for document in bundle.parsed] for bundle in bundles
    ]
    assert meant[0] == meant[1]


async def test_what_was_scheduled_and_lapsed_has_to_be_analysed_again(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second, third)
    number, now_s = standing.revision.number, world.clock.now_us() // 1_000_000
    await world.rollout.activate(author, number, now_s + 60)
    await world.admit()
    world.clock.advance(60)
    await world.rollout.tick()
    found = await world.review.find(author, number)
    assert found.revision.state is RevisionState.VALIDATED
    assert (await acts(world))[-1] == "revision_lapsed"
    assert await decide(world) == "OK"


async def test_a_document_is_taken_away_by_the_signatures_of_others_and_comes_back(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    sent = await world.review.remove(author, "default/us")
    assert (sent.revision.removes, sent.revision.version) == (True, 2)
    gone = await world.review.analyse(author, sent.revision.number)
    facts = json.loads(gone.revision.analysis)
    assert facts["direction"] == "mixed"
    assert [(it["policy"], it["what"]) for it in facts["diff"]["policies"]] == [("default/us", "ends")]
    with pytest.raises(ForbiddenError):
        await world.review.approve(author, sent.revision.number, gone.hash)
    gone = await approved(world, gone, second)
    with pytest.raises(WrongStateError) as early:
        await world.rollout.activate(author, gone.revision.number)
    assert early.value.metadata["code"] == "E-SOD"
    gone = await approved(world, gone, third)
    with pytest.raises(InvalidError):
        await world.rollout.activate(author, gone.revision.number, pilot=[new_id("T")])
    await world.rollout.activate(author, gone.revision.number)
    assert await documents(world, 2) == await documents(world, 1) - {"default/us"}
    with pytest.raises(NotFoundError):
        await world.review.remove(author, "default/us")
    back = await world.review.roll_back(author, "default/us", 1)
    back = await approved(world, await world.review.analyse(author, back.revision.number), second, third)
    done = (await world.rollout.activate(author, back.revision.number)).revision
    assert (done.version, done.rolls_back) == (3, gone.revision.number)
    assert await documents(world, 3) == await documents(world, 1)
    assert (await world.review.find(author, gone.revision.number)).revision.state is RevisionState.ROLLED_BACK
    assert (await acts(world))[:2] == ["removal_submitted", "revision_analysed"]


async def documents(world: World, version: int) -> set[str]:
    """Ids of the documents of a bundle."""
    return {it.id for it in load_bundle((await world.bundles.fetch(OPERATOR, version)).bundle).parsed}


async def test_what_began_is_rolled_back_by_taking_it_away(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    fresh = AMERICAN.replace("default/us", "acme/br").replace('"US"', '"BR"')
    fresh = fresh[: fresh.index("tests:")]
    begun = await approved(world, await submitted(world, author, fresh), second, third)
    await world.rollout.activate(author, begun.revision.number)
    back = await world.review.roll_back(author, "acme/br", 1)
    assert (back.revision.removes, back.revision.rolls_back) == (True, begun.revision.number)


async def test_floors_stay_and_a_removal_is_of_what_was_in_force_then(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    with pytest.raises(InvalidError) as refused:
        await world.review.remove(author, "floor/us-coc")
    assert refused.value.metadata["code"] == "E-FLOOR"
    with pytest.raises(NotFoundError):
        await world.review.remove(author, "acme/none")
    gone = await world.review.remove(author, "default/us")
    other = await approved(world, await submitted(world, author, DRAFT_US), second, third)
    await world.rollout.activate(author, other.revision.number)
    late = await world.review.analyse(author, gone.revision.number)
    assert late.revision.state is RevisionState.DRAFT
    assert [it["code"] for it in json.loads(late.revision.findings)] == ["E-REF"]
