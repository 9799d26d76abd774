"""Signing in and out: by the same door for the known and the unknown."""

import pytest

from tests.support.clients import Plain, sign_in
from tests.support.federation import RunningDemo
from tests.support.rooms import Person
from tests.support.sockets import open_socket


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


def test_a_session_ends_where_it_is_signed_out(demo: RunningDemo, jonas: Person) -> None:
    edge = demo.edge("fra")
    tokens = [sign_in(edge, jonas.email, jonas.password)["workspaces"][0]["token"] for _ in range(2)]
    with Plain(demo.edge("bom"), tokens[0]) as plain, Plain(edge, tokens[1]) as other:
        assert plain.done("auth.test")["user_id"] == jonas.user
        assert plain.send("POST", f"{edge['url']}/sign-out").fields["ok"] is True
        assert plain.patient("auth.test").error in ("token_revoked", "invalid_auth")
        assert other.done("auth.test")["user_id"] == jonas.user


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
