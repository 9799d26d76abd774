"""Sessions of people: counted work, the list, ending one, all others or too many, orders of other cells."""

from typing import Any

import pytest
from sqlalchemy import event

from regional_cell.domain.callers import END_ROLE, PERSON_ROLE, SESSION_ROLE
from regional_cell.domain.commands.people import SESSIONS_OPEN_MAX
from regional_cell.services.provisioning import PersonSpec, UserSpec, WorkspaceSpec
from tests.regional_cell.edges import TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import PASSWORD, Town


async def sign_in(
    edge: TestEdge, town: Town, who: int = 0, device: str = "tests"
) -> tuple[str, dict[str, str]]:
    """A person signs in: the session, and a token for each workspace."""
    said = {"email": f"{('ann', 'ben', 'cleo')[who]}@example.com", "password": PASSWORD, "device": device}
    answer = await edge.ask("sign-in/password", said, resident=town.persons[who])
    assert answer["ok"], answer
    tokens = {}
    for row in answer["identities"]:
        opened = await edge.ask("sign-in/session", {"identity": row["identity"]}, resident=row["team_id"])
        tokens[row["team_id"]] = opened["token"]
    return answer["session"], tokens


async def second_workspace(town: Town) -> str:
    """Another workspace of this cell that ann belongs to."""
    make = town.cell.provisioning
    workspace = WorkspaceSpec("Yard", "yard", "", "", "DE", ("DE",), ())
    team, _, _ = await make.create_workspace(workspace)
    card = PersonSpec("ann@example.com", "Ann")
    ((user, _),) = await make.add_users(team, [UserSpec(town.persons[0], "ann", card, "member")])
    await make.link_persons([(town.persons[0], team, user)])
    return team


async def code(edge: TestEdge, token: str, team: str) -> str:
    """What the token is answered."""
    return str((await edge.ask("auth.test", token=token, resident=team)).get("error", ""))


async def test_the_known_and_the_unknown_cost_the_same_statements_and_the_same_hash(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    hashed: list[str] = []
    fits = town.cell.hasher._fits

    def counted(encoded: str, password: str) -> bool:
        hashed.append("one")
        return fits(encoded, password)

    def heard(*arguments: Any) -> None:
        if any(str(value).startswith("P") for value in arguments[3]):
            statements.append(str(arguments[2]))

    # A tail that is rung reads the log of a person too, whenever it comes to it.
    for tail in town.cell.tails:
        await tail.stop()
    monkeypatch.setattr(town.cell.hasher, "_fits", counted)
    event.listen(town.cell.stores.database.reader, "before_cursor_execute", heard)
    work = []
    async with edge_to(town.site) as edge:
        for resident, email in (
            (town.persons[0], "ann@example.com"),
            (town.persons[1], "somebody.else@example.com"),
            ("", "nobody@example.com"),
        ):
            said = {"email": email, "password": "wrong"}
            answer = await edge.ask("sign-in/password", said, resident=resident)
            assert answer == {"ok": False, "error": "invalid_login"}
            work.append((list(statements), list(hashed)))
            statements.clear()
            hashed.clear()
    assert work[0] == work[1] == work[2]
    assert (len(work[0][0]), len(work[0][1])) == (4, 1)


async def test_the_list_is_the_persons_and_names_the_one_that_asks(town: Town) -> None:
    team = await second_workspace(town)
    async with edge_to(town.site) as edge:
        first, _ = await sign_in(edge, town, device="a telephone")
        second, tokens = await sign_in(edge, town, device="a desk")
        await sign_in(edge, town, who=1)
        answer = await edge.ask("ext.sessions.list", token=tokens[team], resident=team)
        by_api_token = await edge.ask("ext.sessions.list", token=town.tokens[0], resident=town.team)
    rows = [(row["id"], row["device"], row["current"]) for row in answer["sessions"]]
    assert rows == [(first, "a telephone", False), (second, "a desk", True)]
    assert answer["complete"] is True
    assert by_api_token["error"] == "missing_scope"
    assert all(row["expires"] > row["created"] for row in answer["sessions"])


async def test_ending_one_ends_its_tokens_and_sockets_in_every_workspace_and_nothing_else(town: Town) -> None:
    team = await second_workspace(town)
    async with edge_to(town.site) as edge:
        lost, lost_tokens = await sign_in(edge, town)
        _, kept_tokens = await sign_in(edge, town)
        _, others = await sign_in(edge, town, who=1)
        await edge.open_socket(1, lost_tokens[town.team], town.team)
        await edge.open_socket(2, lost_tokens[team], team)
        await edge.open_socket(3, kept_tokens[team], team)
        revoke: dict[str, Any] = {"token": kept_tokens[town.team], "resident": town.team}
        assert (await edge.ask("ext.sessions.revoke", {"session": lost}, **revoke))["ok"]
        for workspace, token in lost_tokens.items():
            assert await code(edge, token, workspace) == "token_revoked"
        for workspace, token in kept_tokens.items():
            assert await code(edge, token, workspace) == ""
        assert await code(edge, others[town.team], town.team) == ""
        await edge.until(lambda: edge.closed(1) == edge.closed(2) == "token_revoked")
        assert edge.closed(3) is None
        listed = (await edge.ask("ext.sessions.list", **revoke))["sessions"]
        assert lost not in {row["id"] for row in listed}
        assert (await edge.ask("ext.sessions.revoke", {"session": lost}, **revoke))["ok"]
        stranger = {"token": others[town.team], "resident": town.team}
        answer = await edge.ask("ext.sessions.revoke", {"session": listed[0]["id"]}, **stranger)
        assert answer["error"] == "session_not_found"


async def test_all_others_end_and_the_one_that_asks_stays(town: Town) -> None:
    async with edge_to(town.site) as edge:
        ended = [(await sign_in(edge, town))[1][town.team] for _ in range(3)]
        session, tokens = await sign_in(edge, town)
        how: dict[str, Any] = {"token": tokens[town.team], "resident": town.team}
        assert (await edge.ask("ext.sessions.revoke", {"others": True}, **how))["ok"]
        assert {await code(edge, token, town.team) for token in ended} == {"token_revoked"}
        assert [row["id"] for row in (await edge.ask("ext.sessions.list", **how))["sessions"]] == [session]


async def test_signing_out_closes_the_session_everywhere(town: Town) -> None:
    team = await second_workspace(town)
    async with edge_to(town.site) as edge:
        session, tokens = await sign_in(edge, town)
        assert (await edge.ask("sign-out", token=tokens[team], resident=team))["ok"]
        assert {await code(edge, token, where) for where, token in tokens.items()} == {"token_revoked"}
        answer = await edge.ask("sign-out", token=town.tokens[0], resident=town.team)
        assert answer["error"] == "not_allowed_token_type"
    state = await town.cell.commits.state(town.persons[0])
    assert state.rows["sessions"][(session,)]["closed_s"]


async def test_an_identity_that_is_still_good_opens_nothing_once_its_session_ended(town: Town) -> None:
    async with edge_to(town.site) as edge:
        said = {"email": "ann@example.com", "password": PASSWORD}
        answer = await edge.ask("sign-in/password", said, resident=town.persons[0])
        (row,) = answer["identities"]
        opened = await edge.ask("sign-in/session", {"identity": row["identity"]}, resident=town.team)
        await edge.ask("sign-out", token=opened["token"], resident=town.team)
        again = await edge.ask("sign-in/session", {"identity": row["identity"]}, resident=town.team)
        assert again == {"ok": False, "error": "token_revoked"}
        without = town.cell.tokens.identity(town.persons[0], "de-fra")
        twice = [SESSION_ROLE + "one", SESSION_ROLE + "two"]
        for identity in (without, town.cell.tokens.identity(town.persons[0], "de-fra", twice)):
            answer = await edge.ask("sign-in/session", {"identity": identity}, resident=town.team)
            assert answer["error"] == "invalid_auth"


async def test_the_oldest_session_ends_when_there_are_too_many(town: Town) -> None:
    person = town.persons[0]
    async with edge_to(town.site) as edge:
        first, tokens = await sign_in(edge, town)
        for _ in range(SESSIONS_OPEN_MAX - 1):
            ticket = town.cell.tokens.ticket("sign_in", person, 60)
            assert (await edge.ask("sign-in/ticket", {"ticket": ticket}, resident=person))["ok"]
        assert await code(edge, tokens[town.team], town.team) == ""
        await sign_in(edge, town)
        assert await code(edge, tokens[town.team], town.team) == "token_revoked"
    rows = (await town.cell.commits.state(person)).rows["sessions"]
    assert rows[(first,)]["closed_s"]
    assert len([row for row in rows.values() if not row["closed_s"]]) == SESSIONS_OPEN_MAX


async def test_orders_are_believed_from_whom_they_concern_alone(town: Town) -> None:
    mint, person, other = town.cell.tokens, town.persons[0], town.persons[1]
    async with edge_to(town.site) as edge:
        session, tokens = await sign_in(edge, town)
        caller = await town.cell.tokens.caller(tokens[town.team])
        ends = [END_ROLE + session]
        forged = [
            ("session/end", town.team, mint.identity(other, "de-fra", ends)),
            ("session/end", town.team, mint.identify(caller, "de-fra", ends)),
            ("session/end", town.team, mint.identity(person, "us-iad", ends)),
            ("session/close", person, mint.identity(person, "de-fra", ends)),
            ("session/close", other, mint.identify(caller, "de-fra", [*ends, PERSON_ROLE + other])),
            ("session/close", person, "nonsense"),
        ]
        for door, resident, identity in forged:
            await edge.ask(door, {"identity": identity}, resident=resident)
            assert await code(edge, tokens[town.team], town.team) == "", (door, resident)
        unknown = mint.identify(caller, "de-fra", [END_ROLE + "unknown"])
        answer = await edge.ask("session/close", {"identity": unknown}, resident=person)
        assert answer == {"ok": True, "orders": []}
        honest = mint.identity(person, "de-fra", ends)
        assert (await edge.ask("session/end", {"identity": honest}, resident=town.team))["ok"]
        assert await code(edge, tokens[town.team], town.team) == "token_revoked"
        closing = mint.identify(caller, "de-fra", ends)
        assert (await edge.ask("session/close", {"identity": closing}, resident=person))["ok"]
    state = await town.cell.commits.state(person)
    assert state.rows["sessions"][(session,)]["closed_s"]


@pytest.mark.parametrize("method", ["session/close", "session/end"])
async def test_orders_for_somebody_unknown_are_refused(town: Town, method: str) -> None:
    async with edge_to(town.site) as edge:
        resident = ("P" if method == "session/close" else "T") + "0" * 12
        answer = await edge.ask(method, {"identity": "x"}, resident=resident)
        assert answer["ok"] is False
