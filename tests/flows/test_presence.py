"""Presence and ephemeral messages through edges in several countries, with the official clients."""

import pytest

from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.provisioning import add_guest
from tests.support.rooms import Person, person, room
from tests.support.sockets import ChatSocket, open_socket
from tests.support.waiting import until


def change(socket: ChatSocket, user: str, presence: str, within_s: float = 30.0) -> None:
    """Wait until the socket was told that this user is now so."""
    wanted = {"type": "presence_change", "presence": presence, "user": user}
    socket.until(lambda frame: frame == wanted, within_s)


def test_who_opens_a_socket_somewhere_is_active_for_those_who_asked(demo: RunningDemo, anna: Person) -> None:
    other = person(demo, "acme", "member", 5)
    with open_socket(demo.edge("fra"), anna.token) as socket:
        socket.say("presence_sub", ids=[other.user])
        change(socket, other.user, "away")
        with open_socket(demo.edge("bom"), other.token) as theirs:
            change(socket, other.user, "active")
            his = web(demo.edge("iad"), other.token)
            assert his.users_getPresence(user=other.user)["connection_count"] == 1
            his.users_setPresence(presence="away")
            theirs.until(lambda frame: frame.get("type") == "manual_presence_change")
            change(socket, other.user, "away")
            assert web(demo.edge("fra"), anna.token).users_getPresence(user=other.user)["presence"] == "away"
            his.users_setPresence(presence="auto")
            change(socket, other.user, "active")
        change(socket, other.user, "away", within_s=30)
    own = web(demo.edge("fra"), other.token).users_getPresence(user=other.user)
    assert (own["online"], own["connection_count"], own["manual_away"]) == (False, 0, False)


@pytest.mark.parametrize("name", ["fra", "iad"])
def test_an_ephemeral_message_is_seen_by_one_and_kept_by_nobody(
    demo: RunningDemo, anna: Person, jonas: Person, name: str
) -> None:
    channel = room(demo, anna, jonas)
    hers = web(demo.edge("fra"), anna.token)
    with (
        open_socket(demo.edge(name), jonas.token) as his,
        open_socket(demo.edge(name), anna.token) as own,
    ):
        answer = hers.chat_postEphemeral(channel=channel, user=jonas.user, text="only you")
        frame = his.message("only you")
        assert (frame["is_ephemeral"], frame["ts"], frame["user"]) == (True, answer["message_ts"], anna.user)
        assert "x_seq" not in frame
        hers.chat_postMessage(channel=channel, text="everybody")
        own.message("everybody")
        assert "only you" not in str(own.frames)
    kept = [message["text"] for message in hers.conversations_history(channel=channel)["messages"]]
    assert kept[0] == "everybody"
    assert "only you" not in kept


def test_a_guest_hears_of_those_with_whom_a_channel_is_shared_and_of_nobody_else(
    demo: RunningDemo, anna: Person
) -> None:
    stranger = person(demo, "acme", "member", 6)
    guest = add_guest(demo, room(demo, anna))
    with open_socket(demo.edge("fra"), guest.token) as socket, open_socket(demo.edge("fra"), anna.token):
        socket.say("presence_query", ids=[stranger.user, "U00000000000X", anna.user])
        change(socket, anna.user, "active")
        with open_socket(demo.edge("fra"), stranger.token):
            socket.say("presence_query", ids=[stranger.user, anna.user])
            change(socket, anna.user, "active")
        assert stranger.user not in str(socket.frames)


def test_presence_comes_back_after_a_cell_was_killed(hurt: RunningDemo) -> None:
    anna, jonas = person(hurt), person(hurt, place=1)
    with open_socket(hurt.edge("fra"), jonas.token):
        assert hurt.kill("de-fra") == -9
        hurt.companion("start", "de-fra")
    with open_socket(hurt.edge("fra"), jonas.token):
        client = web(hurt.edge("fra"), anna.token)
        until(lambda: client.users_getPresence(user=jonas.user)["presence"] == "active", 60, "jonas is there")
