"""Guests: what they never learn by any method, what they may not do, and the end of their stay."""

from dataclasses import replace
from typing import Any

import pytest

from accord.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, WrongStateError
from regional_cell.domain.commands import workspaces
from regional_cell.domain.commands.workspaces import NewChannel, Newcomer
from regional_cell.entrypoints.web_api.methods import METHODS
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    SECRET,
    TEAM,
    Cell,
)

SOLO = "U00000000000F"
MONTH_S = 30 * 86_400
ALL_TYPES = "public_channel,private_channel,im,mpim"


async def admit(cell: Cell, **about: Any) -> None:
    """Let a guest of a single channel in, named solo."""
    newcomer = Newcomer(SOLO, "P0000000000SO", "single_channel_guest", {"name": "solo"}, **about)
    await cell.commits.commit(TEAM, workspaces.admit([newcomer]), principal="")


async def test_no_method_tells_a_guest_of_channels_and_people_beyond_their_own(cell: Cell) -> None:
    await cell.ok(ANN, "conversations.invite", channel=SECRET, users=GUS)
    file = await cell.upload(BOB, GENERAL)
    ts = await cell.post(BOB, GENERAL, "only for members, <@U00000000000C>")
    await cell.post(CID, GENERAL, "an answer", thread_ts=ts)
    await cell.ok(CID, "reactions.add", channel=GENERAL, timestamp=ts, name="eyes")
    everything = {
        "channel": GENERAL, "channel_id": GENERAL, "channels": GENERAL, "user": BOB, "user_id": BOB,
        "users": BOB, "email": "bob@acme.example", "ts": ts, "timestamp": ts, "message_ts": ts, "file": file,
        "files": [{"id": file}], "name": "eyes", "text": "hi #general @bob", "link_names": True,
        "parse": "full", "types": ALL_TYPES, "presence": "auto", "topic": "x", "purpose": "x",
        "post_at": cell.clock.now_us() // 1_000_000 + 600, "filename": "a", "length": 1,
    }  # fmt: skip
    secrets = (
        GENERAL, RANDOM, "general", "random", BOB, CID, BOT, BOT_USER, "bob", "cid", "deploy", file, ts,
        "only for members", "notes.txt",
    )  # fmt: skip
    for method in sorted(set(METHODS) - {"api.test", "search.messages", "ext.search"}):
        for arguments in (everything, {**everything, "channel": "#general"}, {"types": ALL_TYPES}):
            answer = (await cell.answer(GUS, method, **arguments)).body.decode()
            told = [secret for secret in secrets if f'"{secret}' in answer or f"{secret}|" in answer]
            assert not told, (method, told)
    inside = await cell.ok(GUS, "chat.postMessage", channel=SECRET, text="#general @bob @ann", link_names=1)
    assert inside["message"]["text"] == f"#general @bob <@{ANN}>"
    assert [one["id"] for one in (await cell.ok(GUS, "conversations.list", types=ALL_TYPES))["channels"]] == [
        SECRET
    ]


async def test_a_guest_of_a_single_channel_is_in_one_and_no_other(cell: Cell) -> None:
    await admit(cell, channels=(RANDOM,))
    listed = (await cell.ok(ANN, "conversations.members", channel=RANDOM))["members"]
    assert SOLO in listed
    shown = (await cell.ok(ANN, "users.info", user=SOLO))["user"]
    assert (shown["is_restricted"], shown["is_ultra_restricted"]) == (True, True)
    assert await cell.error(ANN, "conversations.invite", channel=SECRET, users=SOLO) == "ura_max_channels"
    another = NewChannel("C00000000000N", "another", False, ANN, (SOLO,))
    with pytest.raises(ForbiddenError):
        await cell.commits.commit(TEAM, workspaces.create_channels([another]), principal="")
    who = replace(cell.caller(GUS), user=SOLO, role="single_channel_guest")
    assert (await cell.ok(who, "conversations.open", users=ANN))["channel"]["id"]
    await cell.ok(who, "chat.postMessage", channel=RANDOM, text="here")
    assert await cell.error(who, "conversations.join", channel=GENERAL) == "channel_not_found"
    await cell.ok(ANN, "conversations.kick", channel=RANDOM, user=SOLO)
    await cell.ok(ANN, "conversations.invite", channel=SECRET, users=SOLO)


async def test_two_channels_made_at_once_do_not_share_a_guest_of_one(cell: Cell) -> None:
    await admit(cell)
    both = [NewChannel(f"C00000000000{n}", f"room-{n.lower()}", False, ANN, (SOLO,)) for n in "MN"]
    with pytest.raises(ForbiddenError):
        await cell.commits.commit(TEAM, workspaces.create_channels(both), principal="")
    await cell.commits.commit(TEAM, workspaces.create_channels(both[:1]), principal="")


async def test_whom_a_workspace_does_not_let_in_is_named(cell: Cell) -> None:
    now_s = cell.clock.now_us() // 1_000_000
    await cell.ok(ANN, "conversations.archive", channel=RANDOM)
    direct = (await cell.ok(ANN, "conversations.open", users=BOB))["channel"]["id"]
    faults: list[tuple[type[Exception], dict[str, Any]]] = [
        (InvalidError, {"channels": (GENERAL, SECRET)}),
        (NotFoundError, {"channels": ("C00000000000X",)}),
        (WrongStateError, {"channels": (RANDOM,)}),
        (InvalidError, {"channels": (direct,)}),
        (InvalidError, {"expires_s": now_s}),
        (InvalidError, {"expires_s": 1}),
    ]
    for error, about in faults:
        with pytest.raises(error):
            await admit(cell, **about)
    member = Newcomer(SOLO, "", "member", {"name": "solo"}, expires_s=now_s + MONTH_S)
    with pytest.raises(InvalidError):
        await cell.commits.commit(TEAM, workspaces.admit([member]), principal="")
    await admit(cell)
    with pytest.raises(ConflictError):
        await admit(cell)


async def test_the_stay_of_a_guest_ends_by_itself(cell: Cell) -> None:
    now_s = cell.clock.now_us() // 1_000_000
    await admit(cell, channels=(RANDOM,), expires_s=now_s + 60)
    cell.clock.advance(59)
    await cell.services.guests.end_due()
    assert not (await cell.ok(ANN, "users.info", user=SOLO))["user"]["deleted"]
    cell.recorder.heard.clear()
    cell.clock.advance(1)
    await cell.services.guests.end_due()
    assert (await cell.ok(ANN, "users.info", user=SOLO))["user"]["deleted"]
    assert (RANDOM, "member_left_channel") in cell.recorder.types()
    assert SOLO not in (await cell.ok(ANN, "conversations.members", channel=RANDOM))["members"]
    head = (await cell.commits.state(TEAM)).head
    await cell.services.guests.end_due()
    assert (await cell.commits.state(TEAM)).head == head


async def test_admins_set_when_the_stay_of_a_guest_ends(cell: Cell) -> None:
    now_s = cell.clock.now_us() // 1_000_000
    put, get = "admin.users.setExpiration", "admin.users.getExpiration"
    await cell.ok(ANN, put, user_id=GUS, expiration_ts=now_s + 60)
    shown = (await cell.ok(ANN, get, user_id=GUS))["user"]
    assert shown == {
        "id": GUS, "email": "gus@acme.example", "is_restricted": True, "is_ultra_restricted": False,
        "expiration_ts": now_s + 60,
    }  # fmt: skip
    await cell.ok(ANN, put, user_id=GUS, expiration_ts=now_s + MONTH_S, team_id=TEAM)
    cell.clock.advance(61)
    await cell.services.guests.end_due()
    assert not (await cell.ok(ANN, "users.info", user=GUS))["user"]["deleted"]
    await cell.ok(ANN, put, user_id=GUS, expiration_ts=0)
    assert (await cell.ok(ANN, get, user_id=GUS))["user"]["expiration_ts"] == 0
    for who, arguments, code in (
        (ANN, {"user_id": BOB, "expiration_ts": now_s + MONTH_S}, "user_is_not_a_guest"),
        (ANN, {"user_id": GUS, "expiration_ts": now_s}, "failed_to_validate_expiration"),
        (ANN, {"user_id": GUS, "expiration_ts": -1}, "failed_to_validate_expiration"),
        (ANN, {"user_id": GUS, "expiration_ts": "soon"}, "failed_to_validate_expiration"),
        (ANN, {"user_id": GUS}, "failed_to_validate_expiration"),
        (ANN, {"user_id": "U00000000000X", "expiration_ts": 0}, "user_not_found"),
        (ANN, {"expiration_ts": 0}, "user_not_found"),
        (ANN, {"user_id": GUS, "expiration_ts": 0, "team_id": "T00000000000X"}, "team_not_found"),
        (BOB, {"user_id": GUS, "expiration_ts": 0}, "not_an_admin"),
        (GUS, {"user_id": GUS, "expiration_ts": 0}, "not_an_admin"),
    ):
        assert await cell.error(who, put, **arguments) == code, arguments
    assert await cell.error(ANN, get, user_id=BOB) == "user_is_not_guest"
    assert await cell.error(GUS, get, user_id=GUS) == "not_an_admin"
