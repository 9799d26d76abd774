"""Users who go lose everything at once, and come back with nothing but their name and what they wrote."""

import pytest

from accord.errors import ForbiddenError, NotFoundError
from regional_cell.domain.commands.standing import deactivate, reactivate
from regional_cell.domain.commands.tokens import TokenRecord, issue
from regional_cell.services.rebuild import Rebuild
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    TEAM,
    Cell,
)


async def go(cell: Cell, *users: str) -> None:
    await cell.commits.commit(TEAM, deactivate(users), principal="")


async def test_who_goes_is_in_no_channel_and_opens_nothing(cell: Cell) -> None:
    record = TokenRecord("cids", "00", "xoxp", user=CID, scopes=("chat:write",))
    await cell.commits.commit(TEAM, issue([record]), principal="")
    closed = (await cell.ok(BOB, "conversations.create", name="closed", is_private=True))["channel"]["id"]
    await cell.ok(BOB, "conversations.invite", channel=closed, users=CID)
    direct = (await cell.ok(BOB, "conversations.open", users=CID))["channel"]["id"]
    ts = await cell.post(CID, RANDOM, "kept")
    cell.recorder.heard.clear()
    await go(cell, CID)
    told = cell.recorder.types()
    assert told[0] == (TEAM, "user_change")
    assert sorted(told[1:]) == sorted(
        (channel, "member_left_channel") for channel in (GENERAL, RANDOM, closed)
    )
    assert cell.recorder.heard[0][1]["user"]["deleted"] is True
    for channel in (GENERAL, RANDOM, closed):
        assert CID not in (await cell.ok(BOB, "conversations.members", channel=channel))["members"]
    listed = {row["id"]: row for row in (await cell.ok(ANN, "conversations.list"))["channels"]}
    assert (listed[GENERAL]["num_members"], listed[RANDOM]["num_members"]) == (3, 2)
    state = await cell.commits.state(TEAM)
    assert state.rows["tokens"][("cids",)]["state"] == "revoked"
    assert state.is_member(direct, CID)
    assert ts in [m["ts"] for m in (await cell.ok(BOB, "conversations.history", channel=RANDOM))["messages"]]
    assert await cell.error(CID, "chat.postMessage", channel=GENERAL, text="x") == "account_inactive"
    assert await cell.error(BOB, "conversations.open", users=CID) == "user_disabled"
    assert (await cell.ok(BOB, "users.getPresence", user=CID))["presence"] == "away"
    head = state.head
    await go(cell, CID)
    assert (await cell.commits.state(TEAM)).head == head
    assert (await Rebuild(cell.store, cell.views, cell.sealer).compare(TEAM)).equal


async def test_who_comes_back_is_in_the_general_channel_and_a_guest_in_none(cell: Cell) -> None:
    await cell.ok(ANN, "conversations.invite", channel=RANDOM, users=GUS)
    await go(cell, CID, GUS)
    cell.recorder.heard.clear()
    await cell.commits.commit(TEAM, reactivate([CID, GUS, BOB]), principal="")
    assert cell.recorder.types() == [
        (TEAM, "user_change"), (GENERAL, "member_joined_channel"), (CID, "channel_joined"),
        (TEAM, "user_change"),
    ]  # fmt: skip
    assert [row["id"] for row in (await cell.ok(CID, "users.conversations"))["channels"]] == [GENERAL]
    assert (await cell.ok(GUS, "users.conversations"))["channels"] == []
    await cell.post(CID, GENERAL, "back")


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ((CID, ANN), ForbiddenError(api="cannot_modify_primary_owner")),
        ((CID, BOT_USER), ForbiddenError(api="is_bot")),
        ((CID, "U00000000000X"), NotFoundError(thing="user")),
    ],
)
async def test_all_go_or_none(cell: Cell, users: tuple[str, ...], error: ForbiddenError) -> None:
    with pytest.raises(type(error)) as refused:
        await go(cell, *users)
    assert refused.value.api == error.api
    await cell.post(CID, GENERAL, "still here")
