"""Revisions: submitted, analysed, approved by others, in force.

Over the store in memory, since each test compiles bundles; one walk goes over every store.
"""

import hashlib
import json

import pytest

from accord.encoding import canonical_json
from accord.errors import ConflictError, ForbiddenError, InvalidError, WrongStateError
from accord.ledger import NoteKey, leaf_data, leaf_hash, open_checkpoint, root_of
from accord.signing import verify_signature
from directory.adapters.memory.store import MemoryStore
from directory.domain.officers import Officer
from directory.domain.policies import DELAY_S, RevisionState, content_of, findings_json, replaced
from directory.domain.policy_log import LogEntry
from directory.ports.store import Store
from directory.services.policies.base import Standing
from residency_policies.analyse.lint import lint
from residency_policies.builtin import builtin_floors, builtin_policies
from residency_policies.bundle import compile_bundle, load_bundle
from residency_policies.decision import Question, Viewer
from residency_policies.errors import DocumentError
from tests.directory.world import OPERATOR, World

GERMAN = next(text for text in builtin_policies() if "id: default/de" in text)
STRICTER = GERMAN.replace(
    "flows:\n",
    """flows:
  - id: F9
    effect: deny
    classes: [file_content]
    ops: [disclose]
    to: ["US"]
    because: "Files are read in Europe"
""",
)
AMERICAN = next(text for text in builtin_policies() if "id: default/us" in text)
DRAFT_US = AMERICAN.replace("title: ", "title: New ")
LOOSER = GERMAN.replace(
    "flows:\n",
    """flows:
  - id: F9
    effect: permit
    classes: [file_content]
    ops: [disclose]
    to: ["GB"]
    viewers: [guest]
    because: "Guests of the branch in London"
""",
)
DEAD = STRICTER.replace("effect: deny", "effect: deny\n    when: {workspace_tag: nobody}", 1)
DENIED = LOOSER[LOOSER.index("flows:\n") :].split("  - id: ")[1]
DENIED = f"flows:\n  - id: {DENIED}".replace("id: F9", "id: F8").replace("permit", "deny")
US_READER = ("disclose", "file_content", "eu-central-1", "us-east-1", "US")


async def submitted(world: World, author: Officer, text: str = STRICTER) -> Standing:
    """A revision, analysed."""
    standing = await world.review.submit(author, text)
    assert standing.revision.state is RevisionState.VALIDATED
    return await world.review.analyse(author, standing.revision.number)


async def approved(world: World, standing: Standing, *others: Officer) -> Standing:
    """The revision, signed by others."""
    for other in others:
        standing = await world.review.approve(other, standing.revision.number, standing.hash)
    return standing


async def acts(world: World) -> list[str]:
    """The log, as words."""
    log = await world.store.read(lambda unit: unit.log.page(0, 256))
    said = [str(it.open["act"]) for it in log]
    return [it for it in said if not it.startswith(("officer_", "bundle_adopted"))]


async def decide(world: World, workspace: str = "", establishment: str = "DE") -> str:
    """The code for an American who reads a German file, under the active bundle."""
    bundle = await world.bundles.fetch(OPERATOR, 0)
    compiled = compile_bundle(load_bundle(bundle.bundle), world.clock.now_us() // 1_000_000)
    op, data_class, src, dst, country = US_READER
    question = Question(
        workspace,
        bundle.version,
        op,
        data_class,
        src,
        dst,
        Viewer("employee", country),
        "local",
        can=frozenset({"ledger_entry"}),
    )
    decision = compiled.profile_for(workspace, establishment).decide(question)
    return decision.rule if not decision.allow else decision.code


@pytest.fixture
async def world() -> World:
    """Over a store in memory, with as few policies as will do."""
    return await World(MemoryStore()).begin((*builtin_floors(), GERMAN, AMERICAN))


@pytest.fixture
async def three(world: World) -> tuple[Officer, Officer, Officer]:
    """An author and two who may approve."""
    return await world.officer("de-one"), await world.officer("de-two"), await world.officer("de-three")


async def test_a_change_takes_effect_after_two_others_signed_it(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    assert await decide(world) == "OK"
    rung = world.bell.rung()
    standing = await approved(world, await submitted(world, author), second, third)
    assert standing.revision.state is RevisionState.APPROVED
    standing = await world.rollout.activate(author, standing.revision.number)
    assert (standing.revision.state, standing.revision.bundle_version) == (RevisionState.ACTIVE, 2)
    assert await decide(world) == "default/de F9"
    assert world.bell.rung() == rung + 1
    bundle = await world.bundles.fetch(OPERATOR, 0)
    assert verify_signature(world.bundle_key.public, "bundle", bundle.digest, bundle.signature)
    assert await acts(world) == [
        "revision_submitted",
        "revision_analysed",
        "revision_approved",
        "revision_approved",
        "revision_activated",
        "bundle_signed",
    ]


async def test_the_same_over_every_store(store: Store) -> None:
    world = await World(store).begin((*builtin_floors(), GERMAN))
    trio = await world.officer("de-one"), await world.officer("de-two"), await world.officer("de-three")
    await test_a_change_takes_effect_after_two_others_signed_it(world, trio)


async def test_the_author_never_approves_and_nobody_twice(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, _ = three
    standing = await submitted(world, author)
    number = standing.revision.number
    with pytest.raises(ForbiddenError) as refused:
        await world.review.approve(author, number, standing.hash)
    assert refused.value.metadata["code"] == "E-SOD"
    await world.review.approve(second, number, standing.hash)
    with pytest.raises(ConflictError):
        await world.review.approve(second, number, standing.hash)
    with pytest.raises(ConflictError):
        await world.review.approve(three[2], number, "0" * 64)


async def test_what_allows_less_needs_one_signature(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, _ = three
    standing = await approved(world, await submitted(world, author), second)
    analysis = json.loads(standing.revision.analysis)
    assert analysis["direction"] == "tighter"
    assert "file_content" in json.dumps(analysis["diff"])
    await world.rollout.activate(author, standing.revision.number)
    assert await decide(world) == "default/de F9"


async def test_what_may_allow_more_needs_two_signatures_or_one_and_a_day(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, _ = three
    standing = await approved(world, await submitted(world, author, LOOSER), second)
    assert json.loads(standing.revision.analysis)["direction"] == "looser"
    number, now_s = standing.revision.number, world.clock.now_us() // 1_000_000
    assert standing.earliest_s == now_s + DELAY_S
    for at_s in (None, now_s + DELAY_S - 1):
        with pytest.raises(WrongStateError) as refused:
            await world.rollout.activate(author, number, at_s)
        assert refused.value.metadata["code"] == "E-SOD"
    scheduled = await world.rollout.activate(author, number, now_s + DELAY_S)
    assert scheduled.revision.state is RevisionState.SCHEDULED
    await world.rollout.tick()
    assert (await world.bundles.fetch(OPERATOR, 0)).version == 1
    world.clock.advance(DELAY_S)
    await world.rollout.tick()
    assert (await world.bundles.fetch(OPERATOR, 0)).version == 2
    third = three[2]
    again = await submitted(world, author, LOOSER.replace("London", "Leeds"))
    assert json.loads(again.revision.analysis)["direction"] == "same"
    wider = await submitted(world, author, LOOSER.replace('["GB"]', '["GB", "CH"]'))
    await approved(world, wider, second, third)
    await world.rollout.activate(author, wider.revision.number)


async def test_nothing_takes_effect_in_the_past_or_in_a_far_future(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second, third)
    number, now_s = standing.revision.number, world.clock.now_us() // 1_000_000
    with pytest.raises(InvalidError) as refused:
        await world.rollout.activate(author, number, now_s - 1)
    assert refused.value.metadata["code"] == "E-BACKDATE"
    with pytest.raises(InvalidError):
        await world.rollout.activate(author, number, now_s + 400 * 24 * 3600)


@pytest.mark.parametrize("moved", ["bundle", "cells"])
async def test_signatures_lapse_when_the_world_moves(
    world: World, three: tuple[Officer, Officer, Officer], moved: str
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second)
    number = standing.revision.number
    if moved == "cells":
        await world.admit()
    else:
        other = await approved(world, await submitted(world, second, DRAFT_US), author, third)
        await world.rollout.activate(second, other.revision.number)
    assert (await world.review.find(author, number)).lapsed
    lapsed = (world.review.approve(third, number, standing.hash), world.rollout.activate(author, number))
    for act in lapsed:
        with pytest.raises(WrongStateError) as refused:
            await act
        assert refused.value.metadata["code"] == "E-LAPSED"
    again = await world.review.analyse(author, number)
    assert again.hash != standing.hash
    assert again.earliest_s is None
    with pytest.raises(WrongStateError):
        await world.rollout.activate(author, number)
    await approved(world, again, second, third)
    await world.rollout.activate(author, number)
    assert await decide(world) == "default/de F9"


async def test_a_document_with_findings_stays_a_draft_and_one_that_cannot_be_read_is_not_kept(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, _ = three
    wrong = STRICTER.replace("expect: allow, obligations: [ledger_entry]}", "expect: deny}", 1)
    standing = await world.review.submit(author, wrong)
    assert standing.revision.state is RevisionState.DRAFT
    assert "E-TEST" in {it["code"] for it in json.loads(standing.revision.findings)}
    again = await world.review.analyse(author, standing.revision.number)
    assert again.revision.state is RevisionState.DRAFT
    with pytest.raises(WrongStateError):
        await world.review.approve(second, standing.revision.number, "0" * 64)
    with pytest.raises(DocumentError):
        await world.review.submit(author, "kind: nothing\n")
    assert len(await world.review.page(author, 0, 100)) == 1


async def test_a_submitted_document_is_told_what_lint_says_and_where(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    standing = await world.review.submit(three[0], DEAD)
    held = load_bundle((await world.bundles.fetch(OPERATOR, 0)).bundle)
    text, now_s = replaced(held, [("default/de", DEAD)], 2), world.clock.now_us() // 1_000_000
    found = [it for it in lint(compile_bundle(text, now_s)) if it.document == "default/de"]
    told = json.loads(standing.revision.findings)
    assert told == json.loads(findings_json(found))
    dead = [it for it in told if it["code"] == "W-UNREACHABLE"]
    assert [it["path"] for it in dead] == ["flows.F9"]
    assert DEAD.splitlines()[dead[0]["line"] - 1].strip() == "- id: F9"
    assert standing.revision.state is RevisionState.VALIDATED
    # The analysis reads the canonical form; what it finds stands where the author wrote it.
    standing = await world.review.analyse(three[0], standing.revision.number)
    assert json.loads(standing.revision.findings) == told


async def test_a_document_that_says_the_opposite_of_itself_stays_a_draft(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    opposite = LOOSER.replace("flows:\n", DENIED)
    standing = await world.review.submit(three[0], opposite)
    assert standing.revision.state is RevisionState.DRAFT
    assert "E-CONTRADICT" in {it["code"] for it in json.loads(standing.revision.findings)}


async def test_the_directory_gives_the_version_and_the_hash_is_of_the_canonical_form(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    first = (await world.review.submit(three[0], STRICTER)).revision
    second = (await world.review.submit(three[0], STRICTER + "\n# a remark\n")).revision
    assert (first.version, second.version) == (2, 3)
    assert content_of(first.canonical) == content_of(second.canonical)
    assert first.hash == hashlib.sha256(canonical_json(json.loads(first.canonical))).hexdigest()


async def test_an_officer_has_rights_in_their_jurisdictions_alone(world: World) -> None:
    german = await world.officer("de-one", "officer", "DE")
    american = await world.officer("us-one", "officer", "US")
    auditor = await world.officer("au-one", "auditor")
    operator = await world.officer("op-one", "operator")
    standing = await submitted(world, german)
    number = standing.revision.number
    for nobody in (american, auditor, operator):
        for act in (
            world.review.submit(nobody, STRICTER),
            world.review.analyse(nobody, number),
            world.review.approve(nobody, number, standing.hash),
            world.review.withdraw(nobody, number),
            world.rollout.activate(nobody, number, world.clock.now_us() // 1_000_000 + 60),
        ):
            with pytest.raises(ForbiddenError):
                await act
    for reader in (german, auditor, operator):
        assert (await world.review.find(reader, number)).revision == standing.revision
    with pytest.raises(ForbiddenError):
        await world.review.find(american, number)
    with pytest.raises(ForbiddenError):
        await world.review.submit(german, DRAFT_US)
    assert (await acts(world)) == ["revision_submitted", "revision_analysed"]


async def test_an_officer_who_was_disabled_meanwhile_does_nothing_more(world: World) -> None:
    german, operator = await world.officer("de-one"), await world.officer("op-one", "operator")
    await world.officers.disable(operator, "de-one")
    with pytest.raises(ForbiddenError):
        await world.review.submit(german, STRICTER)


FLOOR = builtin_floors()[0].replace("id: floor/eea", "id: floor/xx", 1)


async def test_a_floor_needs_two_counsel(world: World, three: tuple[Officer, Officer, Officer]) -> None:
    author, second, third = three
    counsel = [await world.officer(f"co-{name}", "counsel") for name in ("one", "two", "three")]
    standing = await submitted(world, author, FLOOR)
    number = standing.revision.number
    for nobody in (second, third):
        with pytest.raises(ForbiddenError):
            await world.review.approve(nobody, number, standing.hash)
    standing = await approved(world, standing, counsel[0])
    assert standing.earliest_s is None
    with pytest.raises(WrongStateError):
        await world.rollout.activate(author, number)
    await approved(world, standing, counsel[1])
    done = await world.rollout.activate(author, number)
    assert done.revision.state is RevisionState.ACTIVE


async def test_pages_go_back_in_order(world: World, three: tuple[Officer, Officer, Officer]) -> None:
    for _ in range(3):
        await world.review.submit(three[0], STRICTER)
    newest = await world.review.page(three[0], 0, 2)
    rest = await world.review.page(three[0], newest[-1].revision.number, 2)
    assert [it.revision.number for it in (*newest, *rest)] == [3, 2, 1]


async def test_the_log_proves_every_act_and_who_did_it(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    author, second, third = three
    standing = await approved(world, await submitted(world, author), second, third)
    await world.rollout.activate(author, standing.revision.number)
    page = await world.log.page(author, 0, 256)
    key = NoteKey("policies.test", world.log_key.public, "log")
    leaves = []
    entries = [it for it in page.entries if isinstance(it, LogEntry)]
    assert len(entries) == len(page.entries)
    for entry in entries:
        leaves.append(leaf_hash(leaf_data(entry.open, entry.sealed, entry.salt)))
        proven = open_checkpoint(entry.note, [key])
        assert (proven.size, proven.root) == (len(leaves), root_of(leaves))
    assert page.checkpoint == entries[-1].note
    said = [(it.open["act"], it.sealed["by"]) for it in entries]
    assert ("revision_submitted", "de-one") in said
    assert ("revision_approved", "de-three") in said
    bundle = await world.bundles.fetch(OPERATOR, 0)
    signed = next(it.open for it in entries if it.open["act"] == "bundle_signed")
    assert signed["bundle_sha256"] == bundle.digest.hex()
    assert all("de-" not in json.dumps(it.open) for it in entries)


async def test_the_analysis_says_who_may_not_stay_and_where_they_could_go(
    world: World, three: tuple[Officer, Officer, Officer]
) -> None:
    german, american = await world.admit("de-fra"), await world.admit("us-iad")
    await world.place(german)
    resident = (await world.place(american)).resident
    standing = await submitted(world, three[0])
    walked = json.loads(standing.revision.analysis)["placements"]
    assert (walked["placements"], walked["moving"], walked["moving_after"]) == (2, [], 0)
    elsewhere = AMERICAN.replace('in: ["US"]', 'in: ["BR"]')
    standing = await submitted(world, three[0], elsewhere[: elsewhere.index("tests:")])
    walked = json.loads(standing.revision.analysis)["placements"]
    assert (walked["moving_before"], walked["moving_after"]) == (0, 1)
    (group,) = walked["moving"]
    assert (group["region"], group["residents"], group["example"]) == ("us-east-1", 1, resident)
    assert (group["needs"], walked["shortages"], walked["room_unknown"]) == ({}, [], ["us-iad"])
