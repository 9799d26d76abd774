"""Signing in and out: by the same door for the known and the unknown."""

from typing import Any

import pytest

from tests.support.clients import Plain, sign_in
from tests.support.federation import RunningDemo
from tests.support.rooms import Person
from tests.support.sockets import open_socket
from tests.support.waiting import until


@pytest.mark.parametrize("workspace", ["acme", "globex", "initech"])
def test_a_person_signs_in_at_the_own_edge_and_gets_a_token_that_works(
    demo: RunningDemo, workspace: str
) -> None:
    home = demo.workspace(workspace)["home"]
    edge = demo.edge(home.partition("-")[2])
    row = next(row for row in demo.people(workspace, "member")[1:] if row["home"] == home)
    answer = sign_in(edge, row["email"], row["password"])
    assert answer["ok"] is True
    session = next(s for s in answer["workspaces"] if s["team_id"] == demo.workspace(workspace)["id"])
    assert session["user_id"] == row["user_id"]
    with Plain(edge, session["token"]) as plain:
        assert plain.done("auth.test")["user_id"] == row["user_id"]


def test_a_person_of_two_workspaces_gets_a_token_of_each_home(demo: RunningDemo) -> None:
    in_acme, in_globex = demo.visitor()
    answer = sign_in(demo.edge("iad"), in_globex["email"], in_globex["password"])
    users = {session["team_id"]: session["user_id"] for session in answer["workspaces"]}
    assert users == {
        demo.workspace("acme")["id"]: in_acme["user_id"],
        demo.workspace("globex")["id"]: in_globex["user_id"],
    }
    for session in answer["workspaces"]:
        with Plain(demo.edge("iad"), session["token"]) as plain:
            assert plain.done("auth.test")["team_id"] == session["team_id"]


def test_unknown_people_and_wrong_passwords_get_one_answer(demo: RunningDemo, anna: Person) -> None:
    edge = demo.edge("fra")
    wrong = sign_in(edge, anna.email, "not the password")
    unknown = sign_in(edge, "nobody@de.example", "not the password")
    malformed = sign_in(edge, "not an address", "not the password")
    assert wrong == unknown == malformed == {"ok": False, "error": "invalid_login"}


def sessions_of(row: dict[str, Any], edge: dict[str, Any]) -> dict[str, str]:
    """Sign in: the token for each workspace."""
    answer = sign_in(edge, row["email"], row["password"])
    return {session["team_id"]: session["token"] for session in answer["workspaces"]}


def refusals(edge: dict[str, Any], tokens: dict[str, str]) -> set[str]:
    """What the tokens are answered, empty for those that are good."""
    found = set()
    for token in tokens.values():
        with Plain(edge, token) as plain:
            found.add(plain.patient("auth.test").error)
    return found


def test_signing_out_closes_the_session_and_no_other(demo: RunningDemo, jonas: Person) -> None:
    edge = demo.edge("fra")
    tokens = [sign_in(edge, jonas.email, jonas.password)["workspaces"][0]["token"] for _ in range(2)]
    with Plain(demo.edge("bom"), tokens[0]) as plain, Plain(edge, tokens[1]) as other:
        (own,) = [row["id"] for row in plain.done("ext.sessions.list")["sessions"] if row["current"]]
        signed_out = plain.send("POST", f"{edge['url']}/sign-out").fields
        assert signed_out == {"ok": True, "complete": True, "away": []}
        assert plain.patient("auth.test").error == "token_revoked"
        listed = other.done("ext.sessions.list")
        assert own not in {row["id"] for row in listed["sessions"]}
        assert listed["complete"] is True


@pytest.mark.parametrize(("closed_in", "through"), [("acme", "fra"), ("globex", "iad"), ("acme", "bom")])
def test_a_session_ends_in_every_cell_from_whichever_workspace_it_is_signed_out(
    demo: RunningDemo, closed_in: str, through: str
) -> None:
    _, in_globex = demo.visitor()
    edge, acme = demo.edge("iad"), demo.workspace("acme")["id"]
    tokens, kept = sessions_of(in_globex, edge), sessions_of(in_globex, edge)
    with (
        open_socket(demo.edge("fra"), tokens[acme]) as abroad,
        open_socket(edge, tokens[demo.workspace("globex")["id"]]) as at_home,
        Plain(demo.edge(through), tokens[demo.workspace(closed_in)["id"]]) as plain,
    ):
        answer = plain.send("POST", f"{demo.edge(through)['url']}/sign-out").fields
        assert answer == {"ok": True, "complete": True, "away": []}
        assert abroad.ended() == at_home.ended() == (1008, "token_revoked")
    assert refusals(edge, tokens) == {"token_revoked"}
    assert refusals(edge, kept) == {""}


def test_the_list_is_whole_at_the_persons_home_and_says_where_it_is_not(demo: RunningDemo) -> None:
    _, in_globex = demo.visitor()
    edge = demo.edge("iad")
    tokens = sessions_of(in_globex, edge)
    with Plain(edge, tokens[demo.workspace("globex")["id"]]) as plain:
        at_home = plain.done("ext.sessions.list")
    with Plain(edge, tokens[demo.workspace("acme")["id"]]) as plain:
        abroad = plain.done("ext.sessions.list")
    assert (at_home["complete"], abroad["complete"]) == (True, False)
    current = [[row["id"] for row in each["sessions"] if row["current"]] for each in (at_home, abroad)]
    assert current[0] == current[1] != []
    assert {row["id"] for row in abroad["sessions"]} <= {row["id"] for row in at_home["sessions"]}


def test_all_other_sessions_end_in_every_cell(demo: RunningDemo) -> None:
    _, in_globex = demo.visitor()
    edge = demo.edge("iad")
    others = [sessions_of(in_globex, edge) for _ in range(2)]
    own = sessions_of(in_globex, edge)
    with Plain(edge, own[demo.workspace("globex")["id"]]) as plain:
        answer = plain.done("ext.sessions.revoke", others=True)
        assert (answer["complete"], answer["away"]) == (True, [])
        assert [row["current"] for row in plain.done("ext.sessions.list")["sessions"]] == [True]
    assert [refusals(edge, tokens) for tokens in others] == [{"token_revoked"}] * 2
    assert refusals(edge, own) == {""}


def test_a_cell_that_is_away_is_named_and_told_when_it_is_asked_again(hurt: RunningDemo) -> None:
    _, in_globex = hurt.visitor()
    edge, acme, globex = hurt.edge("iad"), hurt.workspace("acme")["id"], hurt.workspace("globex")["id"]
    lost, own = sessions_of(in_globex, edge), sessions_of(in_globex, edge)
    with Plain(edge, lost[globex]) as plain:
        (session,) = [row["id"] for row in plain.done("ext.sessions.list")["sessions"] if row["current"]]
    hurt.kill("de-fra")
    try:
        with Plain(edge, own[globex]) as plain:
            answer = plain.done("ext.sessions.revoke", session=session)
            assert (answer["complete"], answer["away"]) == (False, [acme])
    finally:
        hurt.companion("start", "de-fra")
    with Plain(edge, own[globex]) as plain:
        until(lambda: plain.done("ext.sessions.revoke", session=session)["complete"], 60, "the cell is back")
    assert refusals(edge, lost) == {"token_revoked"}


def test_a_revoked_token_opens_nothing_more_and_its_sockets_close_at_every_edge(
    demo: RunningDemo, jonas: Person
) -> None:
    fra = demo.edge("fra")
    token, other = (sign_in(fra, jonas.email, jonas.password)["workspaces"][0]["token"] for _ in range(2))
    with (
        open_socket(demo.edge("iad"), token) as near,
        open_socket(demo.edge("bom"), token) as far,
        open_socket(fra, other) as stays,
        Plain(demo.edge("bom"), token) as plain,
    ):
        assert plain.done("auth.revoke", test=True)["revoked"] is False
        assert plain.done("auth.revoke")["revoked"] is True
        assert (near.ended(), far.ended()) == ((1008, "token_revoked"),) * 2
        assert {plain.patient(method).error for method in ("auth.test", "rtm.connect")} == {"token_revoked"}
        stays.reply(stays.say("ping"))


def test_a_session_can_be_revoked_from_another(demo: RunningDemo, jonas: Person) -> None:
    edge = demo.edge("fra")
    lost = sign_in(edge, jonas.email, jonas.password)["workspaces"][0]["token"]
    kept = sign_in(edge, jonas.email, jonas.password)["workspaces"][0]["token"]
    with Plain(edge, lost) as plain, Plain(edge, kept) as other:
        (own,) = [row["id"] for row in plain.done("ext.sessions.list")["sessions"] if row["current"]]
        assert own in {row["id"] for row in other.done("ext.sessions.list")["sessions"]}
        other.done("ext.sessions.revoke", session=own)
        assert own not in {row["id"] for row in other.done("ext.sessions.list")["sessions"]}
        assert plain.patient("auth.test").error == "token_revoked"
        assert other.done("auth.test")["user_id"] == jonas.user
