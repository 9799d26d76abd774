"""Guests at real sockets: what they hear, when their stay ends, and what policies ask about them."""

import time
from typing import Any

import pytest

from accord.errors import WithheldError
from regional_cell.services.provisioning import PersonSpec, UserSpec
from tests.regional_cell.edges import edge_to
from tests.regional_cell.entrypoints.gateway.conftest import SCOPES, Town


async def guest_of(town: Town, *, expires_s: int = 0, role: str = "guest") -> tuple[str, str]:
    """A guest in the town's room: user and token."""
    card = PersonSpec("gus@example.com", "Gus")
    ((person, _),) = await town.cell.provisioning.create_persons("DE", [card])
    spec = UserSpec(person, "gus", card, role, (), SCOPES, (town.room,), expires_s)
    ((user, token),) = await town.cell.provisioning.add_users(town.team, [spec])
    return user, token


async def test_a_guest_hears_of_the_own_channels_and_of_nothing_else(town: Town) -> None:
    _, token = await guest_of(town)
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, token, town.team)
        how: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        await edge.ask("chat.postMessage", {"channel": town.general, "text": "for members"}, **how)
        await edge.ask("users.profile.set", {"profile": {"status_text": "busy"}}, **how)
        made = await edge.ask("conversations.create", {"name": "plans"}, **how)
        assert made["ok"]
        await edge.ask("chat.postMessage", {"channel": town.room, "text": "for all here"}, **how)
        await edge.until(lambda: edge.of(1, "message"))
        heard = [frame.get("text") or frame["type"] for frame in edge.heard[1]]
        assert [what for what in heard if what not in ("hello", "x_mark")] == ["for all here"]
        names = {topic.partition("/")[2] for topic in edge.topics[1]}
        assert not {town.general, town.team} & names


async def test_the_end_of_a_stay_closes_sockets_and_refuses_tokens(town: Town) -> None:
    ends_s = int(time.time()) + 3
    _, token = await guest_of(town, expires_s=ends_s)
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, token, town.team)
        await edge.open_socket(2, town.tokens[0], town.team)
        assert (await edge.ask("auth.test", token=token, resident=town.team))["ok"]
        await edge.until(lambda: edge.closed(1) is not None)
        assert edge.closed(1) == "account_inactive"
        assert time.time() >= ends_s
        answer = await edge.ask("auth.test", token=token, resident=town.team)
        assert answer["error"] == "token_revoked"
        assert edge.of(2, "member_left_channel")
        assert edge.closed(2) is None


async def test_a_token_is_refused_from_the_very_second_whoever_is_late(town: Town) -> None:
    user, token = await guest_of(town, expires_s=int(time.time()) + 1_000)
    state = await town.cell.commits.state(town.team)
    shown = town.cell.tokens.read(token)
    assert town.cell.tokens.caller_at(shown, state).role == "guest"
    state.rows["users"][(user,)]["due_s"] = int(time.time())
    with pytest.raises(Exception, match="user_inactive"):
        town.cell.tokens.caller_at(shown, state)


async def test_policies_are_asked_about_guests_as_guests(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = await guest_of(town)
    asked: list[bool] = []

    def passage(*_: object, guest: bool = False, **__: object) -> None:
        asked.append(guest)
        if guest:
            raise WithheldError(rule="no guests abroad", code="deny", decision="d")

    monkeypatch.setattr(town.cell.passages, "edge_passage", passage)
    async with edge_to(town.site, "iad", "US") as edge:
        member: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        ticket = (await edge.ask("rtm.connect", **member))["url"].rpartition("/")[2]
        await edge.open_with(1, ticket)
        assert edge.refused(1) is None
        assert not any(asked)
        answer = await edge.ask("auth.test", token=token, resident=town.team)
        assert (answer["error"], answer["x_rule"]) == ("restricted_action", "no guests abroad")
        caller = await town.cell.tokens.caller(token)
        await edge.open_with(2, town.cell.tokens.socket_ticket(caller, "iad"))
        refusal = edge.refused(2)
        assert refusal is not None
        assert refusal.reason == "withheld"
