"""A socket tells every visible change once, in order, at any edge, and goes on where another ended."""

import json
import re
import socket as plain_sockets
import time
import uuid
from urllib.parse import urlsplit

import pytest

from tests.support.clients import Plain, sign_in, web
from tests.support.federation import RunningDemo
from tests.support.listening import told_wrongly
from tests.support.rooms import Person, person, room
from tests.support.sockets import ChatSocket, DoorClosedError, open_socket, socket_url

EDGES = ("fra", "iad", "bom")
TICKET_S = 33.0


@pytest.fixture(scope="module", autouse=True)
def old_ticket(demo: RunningDemo) -> tuple[str, float]:
    """An address with a ticket, and when it was given: taken before all tests here, shown after them."""
    return socket_url(demo.edge("fra"), person(demo).token), time.monotonic()


@pytest.mark.parametrize("name", EDGES)
def test_a_socket_says_hello_first_and_then_hears_what_is_posted_elsewhere(
    demo: RunningDemo, anna: Person, jonas: Person, name: str
) -> None:
    channel = room(demo, anna, jonas)
    with open_socket(demo.edge(name), jonas.token) as socket:
        for edge in EDGES:
            posted = web(demo.edge(edge), anna.token).chat_postMessage(channel=channel, text=f"from {edge}")
            event = socket.message(f"from {edge}")
            assert (event["ts"], event["user"], event["channel"]) == (posted["ts"], anna.user, channel)
        assert told_wrongly(socket) == []


def test_every_change_is_told_once_and_densely_numbered(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    with open_socket(demo.edge("bom"), jonas.token) as socket:
        channel = room(demo, anna, jonas)
        hers = web(demo.edge("fra"), anna.token)
        root = hers.chat_postMessage(channel=channel, text="root")["ts"]
        hers.chat_postMessage(channel=channel, text="reply", thread_ts=root)
        hers.chat_postMessage(channel=channel, text="loud reply", thread_ts=root, reply_broadcast=True)
        hers.reactions_add(channel=channel, timestamp=root, name="tada")
        hers.reactions_remove(channel=channel, timestamp=root, name="tada")
        hers.chat_update(channel=channel, ts=root, text="changed root")
        doomed = hers.chat_postMessage(channel=channel, text="doomed")["ts"]
        hers.chat_delete(channel=channel, ts=doomed)
        third = person(demo, "acme", "member", 2)
        hers.conversations_invite(channel=channel, users=third.user)
        hers.chat_postMessage(channel=channel, text="the end")
        socket.message("the end")
        told = [
            (frame["type"], frame.get("subtype", ""))
            for frame in socket.frames
            if channel in json.dumps(frame) and "x_seq" in frame
        ]
        assert told_wrongly(socket) == []
    wanted = [
        ("channel_joined", ""),
        ("message", "message_replied"),
        ("message", "thread_broadcast"),
        ("reaction_added", ""),
        ("reaction_removed", ""),
        ("message", "message_changed"),
        ("message", "message_deleted"),
        ("member_joined_channel", ""),
    ]
    assert [kind for kind in wanted if kind not in told] == []
    assert told.count(("reaction_added", "")) == 1
    assert told.count(("message", "message_deleted")) == 1


def test_the_sender_gets_a_reply_in_the_place_of_the_event(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas)
    key = uuid.uuid4().hex
    with (
        open_socket(demo.edge("fra"), anna.token) as sender,
        open_socket(demo.edge("fra"), anna.token) as own,
        open_socket(demo.edge("bom"), jonas.token) as other,
    ):
        before = web(demo.edge("iad"), jonas.token).chat_postMessage(channel=channel, text="before")
        number = sender.say("message", channel=channel, text="by socket", client_msg_id=key)
        reply = sender.reply(number)
        after = web(demo.edge("iad"), jonas.token).chat_postMessage(channel=channel, text="after")
        assert (reply["ok"], reply["client_msg_id"]) == (True, key)
        assert before["ts"] < reply["ts"] < after["ts"]
        sender.message("after")
        assert not [frame for frame in sender.frames if frame.get("text") == "by socket" and "type" in frame]
        order = [frame.get("ts") for frame in sender.frames if frame.get("ts")]
        assert order == [before["ts"], reply["ts"], after["ts"]]
        for socket in (own, other):
            event = socket.message("by socket")
            assert (event["ts"], event["client_msg_id"]) == (reply["ts"], key)
            socket.message("after")
        again = sender.reply(sender.say("message", channel=channel, text="by socket", client_msg_id=key))
        assert again["ts"] == reply["ts"]
        numbers = [
            frame["x_seq"] for frame in other.frames if frame.get("channel") == channel and "x_seq" in frame
        ]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_frames_that_ask_wrongly_are_answered_and_close_nothing(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    with open_socket(demo.edge("fra"), anna.token) as socket:
        empty = socket.reply(socket.say("message", channel=channel, text=""))
        assert empty["error"] == {"code": 2, "msg": "message text is missing"}
        assert socket.reply(socket.say("message", channel="CUNKNOWN00000", text="x"))["error"]["msg"] == (
            "channel_not_found"
        )
        assert socket.reply(socket.say("message", channel=channel, text="x" * 4001))["ok"] is False
        assert socket.reply(socket.say("no_such_type"))["ok"] is False
        pong = socket.reply(socket.say("ping", now=17, nested={"a": [1]}))
        assert (pong["type"], pong["now"], pong["nested"]) == ("pong", 17, {"a": [1]})
        assert socket.reply(socket.say("message", channel=channel, text="still open"))["ok"] is True


def test_typing_is_heard_by_others_only(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    channel = room(demo, anna, jonas)
    with (
        open_socket(demo.edge("fra"), anna.token) as hers,
        open_socket(demo.edge("iad"), jonas.token) as his,
    ):
        hers.say("typing", channel=channel)
        event = his.until(lambda frame: frame.get("type") == "user_typing")
        assert (event["user"], event["channel"]) == (anna.user, channel)
        assert "x_seq" not in event


def test_another_edge_goes_on_where_a_socket_ended(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    channel = room(demo, anna, jonas)
    hers = web(demo.edge("fra"), anna.token)
    first = open_socket(demo.edge("fra"), jonas.token)
    hers.chat_postMessage(channel=channel, text="heard")
    first.message("heard")
    mark = first.resume()
    with first:
        first.drain(0.2)
    missed = [f"missed {number}" for number in range(20)]
    for text in missed:
        hers.chat_postMessage(channel=channel, text=text)
    with open_socket(demo.edge("iad"), jonas.token, mark) as second:
        assert "x_resync" not in second.frames[0]
        hers.chat_postMessage(channel=channel, text="live again")
        second.message("live again")
        texts = [frame["text"] for frame in second.frames if frame.get("channel") == channel]
        assert texts[-21:] == [*missed, "live again"]
        assert told_wrongly(first, second) == []


def test_a_resumed_socket_is_told_nothing_after_a_removal(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas, is_private=True)
    hers, his = web(demo.edge("fra"), anna.token), web(demo.edge("fra"), jonas.token)
    with open_socket(demo.edge("fra"), jonas.token) as first:
        hers.chat_postMessage(channel=channel, text="heard")
        first.message("heard")
        mark = first.resume()
    hers.chat_postMessage(channel=channel, text="missed as a member")
    his.conversations_leave(channel=channel)
    hers.chat_postMessage(channel=channel, text="not for him")
    beacon = room(demo, anna, jonas)
    hers.chat_postMessage(channel=beacon, text="beacon")
    with open_socket(demo.edge("bom"), jonas.token, mark) as second:
        second.message("beacon")
        told = json.dumps(second.frames)
    assert "missed as a member" in told
    assert "not for him" not in told


def test_a_mark_of_somebody_else_resumes_nothing(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    with open_socket(demo.edge("fra"), anna.token) as socket:
        mark = socket.resume()
    for stolen in (mark, mark[:-12] + "A" * 12, "x" * 500):
        with open_socket(demo.edge("fra"), jonas.token, stolen) as other:
            assert other.frames[0].get("x_resync") is True


def test_a_ticket_opens_one_socket_at_its_own_edge(demo: RunningDemo, anna: Person) -> None:
    url = socket_url(demo.edge("fra"), anna.token)
    with ChatSocket(url) as first:
        frame = first.next()
        assert frame is not None
        assert frame["type"] == "hello"
        with ChatSocket(url) as second:
            assert second.ended()[0] == 1008
            assert not [frame for frame in second.frames if frame.get("type") == "hello"]
    elsewhere = urlsplit(socket_url(demo.edge("iad"), anna.token)).netloc
    moved = urlsplit(socket_url(demo.edge("fra"), anna.token))._replace(netloc=elsewhere).geturl()
    assert not _opens(moved)


def _opens(url: str) -> bool:
    """Whether a socket says hello there."""
    try:
        with ChatSocket(url) as socket:
            return socket.next() is not None
    except DoorClosedError:
        return False


def test_a_made_up_ticket_does_not_get_past_the_door(demo: RunningDemo, anna: Person) -> None:
    url = socket_url(demo.edge("fra"), anna.token)
    for ticket in (
        url[:-3] + "AAA",
        url.rpartition("/")[0] + "/x",
        url.rpartition("/")[0] + "/" + anna.token,
    ):
        with pytest.raises(DoorClosedError) as refused:
            ChatSocket(ticket)
        assert refused.value.status == 401
        assert json.loads(refused.value.body)["ok"] is False


def test_a_revoked_token_closes_its_sockets(demo: RunningDemo, jonas: Person) -> None:
    token = sign_in(demo.edge("fra"), jonas.email, jonas.password)["workspaces"][0]["token"]
    with open_socket(demo.edge("iad"), token) as socket, Plain(demo.edge("fra"), token) as plain:
        assert plain.send("POST", f"{plain.url}/sign-out").fields["ok"] is True
        code, _ = socket.ended()
        assert code == 1008


def deaf_socket(demo: RunningDemo, token: str, mark: str = "") -> plain_sockets.socket:
    """A client with little room, which reads nothing by itself."""
    address = urlsplit(socket_url(demo.edge("fra"), token))
    deaf = plain_sockets.socket()
    deaf.setsockopt(plain_sockets.SOL_SOCKET, plain_sockets.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", address.port))
    lines = [
        f"GET {address.path}{f'?x_resume={mark}' if mark else ''} HTTP/1.1",
        f"Host: {address.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    deaf.sendall("\r\n".join([*lines, "", ""]).encode())
    deaf.settimeout(10)
    return deaf


def test_a_client_that_does_not_read_is_cut_and_can_resume(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas)
    with open_socket(demo.edge("fra"), jonas.token) as first:
        mark = first.resume()
    deaf = deaf_socket(demo, jonas.token)
    cut, texts = _cut(demo), []
    with Plain(demo.edge("iad"), anna.token) as plain:
        for number in range(400):
            texts.append(f"{number} " + "x" * 30_000)
            plain.done("chat.postMessage", channel=channel, text=texts[-1])
            if number % 20 == 19 and _cut(demo) > cut:
                break
        else:
            pytest.fail("a client that reads nothing was not cut")
    while deaf.recv(1 << 20):
        pass
    deaf.close()
    # It misses more than an edge holds for it, and comes back as slow as before: it is waited for.
    cut, slow, said = _cut(demo), deaf_socket(demo, jonas.token, mark), b""
    time.sleep(2.0)
    while texts[-1].encode() not in said[-200_000:]:
        data = slow.recv(1 << 20)
        assert data, "cut while it was told what it missed"
        said += data
        if len(said) < 500_000:
            time.sleep(0.01)
    slow.close()
    assert _cut(demo) == cut
    assert all(text.encode() in said for text in texts)
    with open_socket(demo.edge("fra"), jonas.token, mark) as second:
        if "x_resync" in second.frames[0]:
            return
        second.message(texts[-1], 30)
        told = [frame["text"] for frame in second.frames if frame.get("channel") == channel]
        assert told[-len(texts) :] == texts
        assert told_wrongly(first, second) == []


def _cut(demo: RunningDemo) -> int:
    """How many sockets the edge has cut because they did not read."""
    with Plain(demo.edge("fra")) as plain:
        text = plain.send("GET", demo.edge("fra")["metrics"]).body.decode()
    counted = re.search(r'^colink_sockets_closed_total\{reason="slow"\} ([0-9.]+)', text, re.MULTILINE)
    return int(float(counted[1])) if counted else 0


def test_a_ticket_is_no_good_after_half_a_minute(old_ticket: tuple[str, float]) -> None:
    url, given_s = old_ticket
    # The ticket's own life is what is tested; nothing else can be waited for.
    time.sleep(max(0.0, given_s + TICKET_S - time.monotonic()))
    assert not _opens(url)
