"""Nobody comes into a conversation that the policies then refuse; who may not write reads; a change of the
policies marks and tells, and loses nothing.
"""

import random
from collections.abc import AsyncIterator

import pytest

from accord.errors import BundleSkewError, ColinkError, OverloadedError, WithheldError
from regional_cell.domain.commands import standing, workspaces
from regional_cell.domain.gatherings import Stage, bound_of
from regional_cell.domain.parties import party_of, ruling_of
from residency_policies.conversation import Gathering, Party, judge
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    CID,
    GENERAL,
    RANDOM,
    SECRET,
    TEAM,
)
from tests.regional_cell.services.ruling import (
    GERMAN,
    TIGHT,
    WIDE,
    Ruled,
    bundle_of,
    policy_of,
    ruling,
)

DISCLOSED = "floor/eea eea-1-disclose"


@pytest.fixture
async def ruled() -> AsyncIterator[Ruled]:
    async with ruling("DE", "eu-central-1") as german:
        yield german


@pytest.fixture
async def american() -> AsyncIterator[Ruled]:
    async with ruling("US", "us-east-1") as made:
        yield made


async def test_a_lawful_join_is_no_different(ruled: Ruled) -> None:
    colleague = await ruled.admit("US")
    channel = (await ruled.cell.ok(ANN, "conversations.create", name="open"))["channel"]["id"]
    await ruled.cell.ok(colleague, "conversations.join", channel=channel)
    await ruled.cell.post(colleague, channel, "hello")
    assert await ruled.ruling(channel) == {}


@pytest.mark.notices("regional_cell/services/gatherings.py::Gatherings._shows", "cell.conversation.disclose")
async def test_a_guest_whom_the_law_does_not_let_see_is_not_let_in(ruled: Ruled) -> None:
    guest = await ruled.admit("US", role="guest")
    body = await ruled.cell.call(ANN, "conversations.invite", channel=SECRET, users=guest)
    assert not body["ok"]
    assert (body["error"], body["x_rule"]) == ("restricted_action", DISCLOSED)
    assert "guest in DE" in body["x_nearest"]
    assert body["x_text"]
    assert await ruled.members(SECRET) == {ANN}
    assert ruled.counted == ["refused"]


async def test_a_guest_learns_the_rule_and_not_what_would_change_it(ruled: Ruled) -> None:
    guest = await ruled.admit("DE", SECRET, role="guest")
    stranger = await ruled.admit("US", role="guest")
    state = await ruled.cell.commits.state(TEAM)
    decided = workspaces.create_channels([workspaces.NewChannel("C9", "c9", True, ANN, (stranger,))])
    for principal, shown in ((guest, False), (ANN, True)):
        with pytest.raises(WithheldError) as caught:
            ruled.gatherings.ruled(state, decided(state, 1), principal)
        assert ("nearest" in caught.value.metadata) == shown
        assert caught.value.metadata["rule"] == DISCLOSED


async def test_a_join_is_refused_with_the_rule(american: Ruled) -> None:
    """The recipient is certified, so Germans write in the United States; a guest from India may be shown what
    Americans write, and not what Germans do.
    """
    certified = (
        'facts:\n  - {id: recipient_dpf_certified, owner: DPO, until: "2027-09-30", evidence: EX-1, '
        "because: on the list}\ntests:"
    )
    guests = '    to: ["US"]\n    viewers: [guest, external]'
    policy = policy_of("US").replace(guests, guests.replace('"US"', '"US", "IN"'))
    american.court.active = bundle_of(2, policy.replace("tests:", certified), "US")
    channel = (await american.cell.ok(ANN, "conversations.create", name="open"))["channel"]["id"]
    await american.admit("IN", channel, role="guest")
    german = await american.admit("DE")
    await american.cell.post(german, GENERAL, "certified")
    body = await american.cell.call(german, "conversations.join", channel=channel)
    assert (body["error"], body["x_rule"]) == ("restricted_action", DISCLOSED)
    assert german not in await american.members(channel)
    await american.cell.ok(BOB, "conversations.join", channel=channel)


async def test_with_force_those_go_in_whom_the_law_lets_in(ruled: Ruled) -> None:
    guest = await ruled.admit("US", role="guest")
    body = await ruled.cell.ok(
        ANN, "conversations.invite", channel=SECRET, users=f"{guest},{BOB}", force=True
    )
    assert body["errors"] == [{"user": guest, "ok": False, "error": "restricted_action"}]
    assert await ruled.members(SECRET) == {ANN, BOB}
    alone = await ruled.cell.call(ANN, "conversations.invite", channel=SECRET, users=guest, force=True)
    assert not alone["ok"]


@pytest.mark.parametrize("jurisdiction", ["CN", "ZZ", "QQ"])
async def test_a_user_who_may_not_be_shown_anything_is_not_admitted(ruled: Ruled, jurisdiction: str) -> None:
    """Full members read every public channel, so admission is where it is decided."""
    with pytest.raises(WithheldError) as caught:
        await ruled.admit(jurisdiction)
    # A reader nothing permits; an author under the law of China, which only a pack for reference states.
    codes = {"CLOSED", "NO_TABLE"} if jurisdiction == "CN" else {"UNKNOWN_VALUE"}
    assert caught.value.metadata["code"] in codes
    state = await ruled.cell.commits.state(TEAM)
    assert len(state.rows["users"]) == 5


async def test_direct_messages_and_new_channels_are_conversations_too(ruled: Ruled) -> None:
    guest = await ruled.admit("US", role="guest")
    assert await ruled.cell.error(ANN, "conversations.open", users=guest) == "restricted_action"
    assert await ruled.cell.error(ANN, "conversations.open", users=f"{guest},{BOB}") == "restricted_action"
    with pytest.raises(WithheldError):
        await ruled.admit("US", GENERAL, role="guest")
    new = workspaces.NewChannel("C00000000000X", "new", True, ANN, (guest,))
    with pytest.raises(WithheldError):
        await ruled.cell.commits.commit(TEAM, workspaces.create_channels([new]), principal="")


async def test_who_comes_back_is_judged_as_who_comes(ruled: Ruled) -> None:
    colleague = await ruled.admit("US")
    await ruled.cell.commits.commit(TEAM, standing.deactivate([colleague]), principal="")
    ruled.court.active = TIGHT
    await ruled.gatherings.walk()
    with pytest.raises(WithheldError):
        await ruled.cell.commits.commit(TEAM, standing.reactivate([colleague]), principal="")


# ---------------------------------------------------------------------------------- read-only for some


@pytest.mark.notices("regional_cell/services/gatherings.py::Gatherings._rests", "cell.conversation.store")
async def test_who_may_not_write_reads(american: Ruled) -> None:
    """The law of the EEA keeps what its people write at home; the others go on."""
    before = await american.cell.post(BOB, RANDOM, "before")
    german = await american.admit("DE")
    body = await american.cell.call(german, "chat.postMessage", channel=RANDOM, text="words of mine")
    assert not body["ok"]
    assert body["error"] == "restricted_action_read_only_channel"
    assert body["x_rule"] == "floor/eea eea-1"
    page = await american.cell.ok(german, "conversations.history", channel=RANDOM)
    assert page["messages"][-1]["ts"] == before
    await american.cell.post(BOB, RANDOM, "after")
    for arguments in (
        ("reactions.add", {"channel": RANDOM, "timestamp": before, "name": "eyes"}),
        ("conversations.setTopic", {"channel": RANDOM, "topic": "words of mine"}),
        ("chat.scheduleMessage", {"channel": RANDOM, "text": "later", "post_at": 4_000_000_000}),
        ("chat.postEphemeral", {"channel": RANDOM, "text": "now", "user": BOB}),
    ):
        assert await american.cell.error(german, arguments[0], **arguments[1]) == (
            "restricted_action_read_only_channel"
        )


async def test_a_conversation_says_who_only_reads(american: Ruled) -> None:
    german = await american.admit("DE")
    heard = [body for _, body in american.cell.recorder.heard if body["type"] == "x_conversation_ruled"]
    assert {body["channel"] for body in heard} == {GENERAL, RANDOM}
    assert heard[0]["outcome"] == "read_only"
    for user, read_only in ((german, True), (BOB, False)):
        shown = (await american.cell.ok(user, "conversations.info", channel=RANDOM))["channel"]
        assert shown["is_read_only"] == read_only
        assert shown["x_residency"] == {"outcome": "read_only", "rule": "floor/eea eea-1"}
    plain = (await american.cell.ok(ANN, "conversations.info", channel=SECRET))["channel"]
    assert not plain.keys() & {"is_read_only", "x_residency"}


async def test_a_conversation_is_plain_again_when_its_readers_are_gone(american: Ruled) -> None:
    german = await american.admit("DE")
    await american.cell.ok(german, "conversations.leave", channel=RANDOM)
    assert await american.ruling(RANDOM) == {}
    assert (await american.ruling(GENERAL))["outcome"] == "read_only"


async def test_what_a_party_wrote_counts_when_it_is_gone(ruled: Ruled) -> None:
    """A guest wrote, and left; the message is still shown to whoever comes."""
    guest = await ruled.admit("FR", SECRET, role="guest")
    await ruled.cell.post(guest, SECRET, "mine")
    await ruled.cell.ok(ANN, "conversations.kick", channel=SECRET, user=guest)
    kept = await ruled.ruling(SECRET)
    assert (kept["outcome"], kept["past"]) == ("here", ["guest:FR"])


# ------------------------------------------------------------------------------- a change of policies


async def test_a_change_of_policies_marks_and_tells_and_loses_nothing(ruled: Ruled) -> None:
    colleague = await ruled.admit("US")
    file = await ruled.cell.upload(BOB, RANDOM)
    ts = await ruled.cell.post(colleague, RANDOM, "while it was lawful")
    await ruled.cell.ok(BOB, "reactions.add", channel=RANDOM, timestamp=ts, name="eyes")
    for user in (colleague, CID):
        assert [row["id"] for row in (await ruled.cell.ok(user, "files.list"))["files"]] == [file]
        assert (await ruled.cell.ok(user, "reactions.list", user=BOB))["items"]
    quiet = await ruled.private("quiet")
    # The colleague is not in it, and could read it all the same.
    others = (await ruled.cell.ok(ANN, "conversations.create", name="others"))["channel"]["id"]
    ruled.court.active = TIGHT
    await ruled.gatherings.walk()
    assert {channel for _, channel, _ in ruled.unlawful} == {GENERAL, RANDOM, others}
    marked = await ruled.ruling(RANDOM)
    assert (marked["outcome"], list(marked["barred"])) == ("refused", ["employee:US"])
    assert await ruled.ruling(quiet) == {}
    for user in (BOB, colleague):
        error = await ruled.cell.error(user, "chat.postMessage", channel=RANDOM, text="x")
        assert error == "restricted_action_read_only_channel"
    assert colleague in await ruled.members(RANDOM)
    assert (await ruled.cell.ok(BOB, "conversations.history", channel=RANDOM))["messages"][0]["ts"] == ts
    assert await ruled.cell.error(colleague, "conversations.history", channel=RANDOM) == "restricted_action"
    assert (await ruled.cell.ok(colleague, "files.list"))["files"] == []
    assert (await ruled.cell.ok(colleague, "reactions.list", user=BOB))["items"] == []
    assert (await ruled.cell.ok(CID, "files.list"))["files"]
    assert (await ruled.cell.ok(CID, "reactions.list", user=BOB))["items"]
    told = await ruled.owner_is_told()
    assert f"<#{RANDOM}>: nobody may write" in told
    assert marked["rule"] in told
    assert quiet not in told
    await ruled.cell.post(ANN, quiet, "goes on")
    # Back again, as a new version: everything is as it was.
    ruled.court.active = bundle_of(3, GERMAN)
    await ruled.gatherings.walk()
    assert await ruled.ruling(RANDOM) == {}
    await ruled.cell.post(colleague, RANDOM, "lawful again")
    assert "everybody there may write again" in await ruled.owner_is_told()


async def test_an_unlawful_conversation_heals_when_those_go_who_may_not_see_it(ruled: Ruled) -> None:
    channel = await ruled.private("heal")
    colleague, another = await ruled.admit("US"), await ruled.admit("US")
    await ruled.cell.ok(ANN, "conversations.invite", channel=channel, users=colleague)
    ruled.court.active = TIGHT
    await ruled.gatherings.walk()
    assert await ruled.cell.error(ANN, "chat.postMessage", channel=channel, text="x")
    # Another one of the same kind is refused, one of the workspace's own is not.
    refused = await ruled.cell.error(ANN, "conversations.invite", channel=channel, users=another)
    assert refused == "restricted_action"
    await ruled.cell.ok(ANN, "conversations.invite", channel=channel, users=BOB)
    await ruled.cell.ok(ANN, "conversations.kick", channel=channel, user=colleague)
    await ruled.cell.post(BOB, channel, "healed")
    assert await ruled.cell.error(ANN, "conversations.invite", channel=channel, users=colleague) == (
        "restricted_action"
    )


async def test_a_process_with_older_policies_lets_nobody_in(ruled: Ruled) -> None:
    colleague = await ruled.admit("US")
    ruled.court.active = TIGHT
    await ruled.gatherings.walk()
    workspace = (await ruled.cell.commits.state(TEAM)).row("workspaces")
    assert workspace is not None
    assert bound_of(workspace) == ruled.gatherings.stage
    ruled.court.active = WIDE
    with pytest.raises(BundleSkewError):
        await ruled.admit("US")
    assert await ruled.cell.error(ANN, "conversations.invite", channel=SECRET, users=colleague)
    await ruled.cell.post(ANN, SECRET, "chat goes on")


async def test_a_walk_is_made_once_for_each_stage_of_the_policies(ruled: Ruled) -> None:
    await ruled.gatherings.walk()
    head = (await ruled.cell.commits.state(TEAM)).head
    await ruled.gatherings.walk()
    ruled.gatherings._walked = Stage(-1, 0)
    await ruled.gatherings.walk()
    assert (await ruled.cell.commits.state(TEAM)).head == head


async def test_what_cannot_be_ruled_on_before_the_start_is_ruled_on_by_the_next_walk(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(batch: object) -> None:
        raise OverloadedError(why="full")

    monkeypatch.setattr(ruled.cell.commits._log, "append", full)
    await ruled.gatherings.begin()
    with pytest.raises(OverloadedError):
        await ruled.gatherings.walk()
    monkeypatch.undo()
    await ruled.gatherings.begin()
    assert bound_of((await ruled.cell.commits.state(TEAM)).row("workspaces") or {}) == ruled.gatherings.stage


# ------------------------------------------------------------------------------------------ at random


@pytest.mark.parametrize("seed", range(4))
async def test_after_every_command_the_ruling_is_the_one_that_would_be_made(seed: int) -> None:
    """People of four countries come, go, are invited and removed at random: what is kept with each
    conversation is what its members come to, and nobody is in one that is refused.
    """
    dice = random.Random(seed)
    country, region = dice.choice([("DE", "eu-central-1"), ("US", "us-east-1"), ("IN", "ap-south-1")])
    async with ruling(country, region, seed) as one:
        users, refused = [BOB, CID], 0
        for _ in range(60):
            try:
                await _something(one, dice, users)
            except ColinkError:
                refused += 1
            await _check(one)
        assert refused < 60
        assert "refused" in one.counted


async def _something(one: Ruled, dice: random.Random, users: list[str]) -> None:
    cell, channel = one.cell, dice.choice([GENERAL, RANDOM, SECRET])
    act = dice.choice(["admit", "invite", "invite", "join", "leave", "kick", "open", "gone", "back"])
    user = dice.choice(users)
    if act == "admit":
        role, land = dice.choice(["member", "guest"]), dice.choice(["DE", "US", "IN", "CN"])
        users.append(await one.admit(land, *([channel] if dice.random() < 0.5 else []), role=role))
    elif act == "invite":
        await cell.call(ANN, "conversations.invite", channel=channel, users=user)
    elif act == "kick":
        await cell.call(ANN, "conversations.kick", channel=channel, user=user)
    elif act == "open":
        await cell.call(ANN, "conversations.open", users=",".join(dice.sample(users, min(2, len(users)))))
    elif act in ("join", "leave"):
        await cell.call(user, f"conversations.{act}", channel=channel)
    else:
        change = standing.deactivate if act == "gone" else standing.reactivate
        await cell.commits.commit(TEAM, change([user]), principal="")


async def _check(one: Ruled) -> None:
    state = await one.cell.commits.state(TEAM)
    law = one.gatherings.law(state)
    own = Party("employee", one.cell.establishment)
    full = {party_of(state, key[0]) for key, row in state.rows["users"].items()
            if not row["deleted"] and row["role"] not in ("guest", "bot")}  # fmt: skip
    for (channel,), row in state.rows["channels"].items():
        kept = ruling_of(row)
        here = {own, *(party_of(state, user) for user in state.members_of.get(channel, {}))}
        past = {Party.parse(text) for text in kept.get("past", ())}
        reads = here | full if row["kind"] == "public" else here
        wanted = judge(law, one.gatherings.region, Gathering(frozenset(here | past), frozenset(reads)))
        assert wanted.outcome != "refused", (channel, here)
        assert kept.get("outcome", "here") == wanted.outcome
        assert set(kept.get("silent", ())) == {str(party) for party in wanted.silent}
