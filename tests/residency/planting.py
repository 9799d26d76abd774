"""Plants canaries of every class in the German cell, as people and their clients would: through its own edge
and through an edge abroad, well-formed and malformed, accepted and refused.
"""

import json
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accord.encoding import unb64url
from accord.wire.cell.v1 import operations_pb2 as pb
from tests.support.canaries import Canary, address, marked_word, number, phone, word
from tests.support.clients import Plain, sign_in
from tests.support.federation import RunningDemo
from tests.support.provisioning import User, add_channel, add_person, add_user, link_person
from tests.support.sockets import open_socket

HOME = "de-fra"
# Planted in things that no store keeps, not even at home.
PASSING = frozenset(
    {
        "search_query",
        "search_other",
        "user_agent",
        "client_address",
        "unknown_route",
        "unknown_method",
        "unknown_person",
        "wrong_password",
        "long_query",
        "bad_argument",
        "whispered",
        "reaction",
        "bad_body",
        "password",
        "refused_name",
    }
)


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted, and whose.

    Attributes:
        keys: every secret of every process: digests of canaries are looked for under each.
        person: the resident who owns the personal ones; `token`: of their user in acme.
    """

    canaries: dict[str, Canary]
    keys: tuple[bytes, ...]
    person: str
    user: str
    token: str
    channel: str

    @property
    def resting(self) -> dict[str, Canary]:
        """Those that rest at home."""
        return {name: canary for name, canary in self.canaries.items() if name not in PASSING}


def plant(demo: RunningDemo) -> Planted:
    """Plant everything and check that it was taken."""
    canaries = {canary.name: canary for canary in _canaries(random.Random(secrets.randbits(64)))}
    value = {name: canary.value for name, canary in canaries.items()}
    person, user = _provision(demo, value)
    with (
        Plain(demo.edge("fra"), user.token) as near,
        Plain(demo.edge("iad"), user.token) as far,
    ):
        channel = _talk(near, far, value)
        _share(near, channel, value)
        _look(near, far, value, channel)
        _blunder(near, far, value)
    _sign_in(demo, value)
    with open_socket(demo.edge("iad"), user.token) as socket:
        reply = socket.reply(socket.say("message", channel=channel, text=value["socket_message"]))
        assert reply["ok"] is True
        socket.say("typing", channel=channel)
    return Planted(canaries, tuple(_keys(demo)), person, user.user, user.token, channel)


def _canaries(dice: random.Random) -> Iterator[Canary]:
    def worded(name: str, data_class: str, pattern: str = "{}", attribute: str = "") -> Canary:
        core = word(dice)
        return Canary(name, data_class, pattern.format(core), core, attribute)

    yield worded("message", "message_body", "Bitte {} prüfen")
    yield worded("message_far", "message_body", "geschrieben in {} auf Reisen")
    yield worded("socket_message", "message_body", "über den Socket: {}")
    yield worded("long_message", "message_body", "lang " * 1_500 + "{}" + " mehr" * 500)
    yield worded("first_text", "message_body")
    yield worded("edited_text", "message_body", "jetzt {}")
    yield worded("deleted_text", "message_body")
    yield worded("reply", "message_body")
    yield worded("block", "message_body")
    digits = number(dice)
    yield Canary("number", "message_body", f"Vorgang {digits}", digits)
    marked = marked_word(dice)
    yield Canary("marked", "message_body", f"Guten Tag {marked}", marked)
    yield worded("file_body", "file_content", "Zeile eins\n{}\n" + "Zeile\n" * 3_000)
    yield worded("file_name", "file_content", "{}.txt")
    yield worded("file_title", "file_content")
    yield worded("channel_name", "channel_meta")
    yield worded("private_name", "channel_meta")
    yield worded("third_name", "channel_meta")
    yield worded("topic", "channel_meta", "Thema {}")
    yield worded("purpose", "channel_meta", "Zweck {}")
    yield worded("private_message", "message_body")
    yield worded("real_name", "profile_pii", "Gerda {}")
    yield worded("display_name", "profile_pii")
    yield worded("job", "profile_pii", "Leitung {}")
    yield worded("status", "profile_pii")
    yield worded("email", "contact_identifier", "{}@de.example", "email")
    called = phone(dice)
    yield Canary("phone", "contact_identifier", called, called[3:], "phone")
    yield worded("password", "credential")
    yield worded("wrong_password", "credential")
    yield worded("unknown_person", "contact_identifier", "{}@de.example", "email")
    yield worded("search_query", "message_body")
    yield worded("search_other", "message_body", '"{}" from:me')
    yield worded("reaction", "message_body")
    yield worded("whispered", "message_body")
    yield worded("scheduled", "message_body")
    yield worded("renamed", "channel_meta")
    yield worded("new_topic", "channel_meta")
    yield worded("user_agent", "activity_log", "Browser/{}")
    placed = address(dice)
    yield Canary("client_address", "activity_log", placed, placed)
    yield worded("unknown_route", "message_body")
    yield worded("unknown_method", "message_body")
    yield worded("long_query", "message_body", "{}" + "-long" * 1_500)
    yield worded("bad_argument", "message_body")
    yield worded("bad_body", "message_body")
    yield worded("refused_name", "channel_meta", "Nicht Erlaubt! {}")


def _provision(demo: RunningDemo, value: dict[str, str]) -> tuple[str, User]:
    """A person and their user in acme, with a channel that has a topic and a purpose."""
    card = pb.PersonSpec(
        email=value["email"],
        real_name=value["real_name"],
        display_name=value["display_name"],
        title=value["job"],
        phone=value["phone"],
        tz="Europe/Berlin",
        locale="de-DE",
        password=value["password"],
    )
    person = add_person(demo, HOME, card)
    card.password = ""
    user = add_user(demo, "acme", person, value["display_name"], card)
    link_person(demo, HOME, person, "acme", user.user)
    channel = pb.ChannelSpec(
        name=value["third_name"],
        topic=value["topic"],
        purpose=value["purpose"],
        creator=user.user,
        members=[user.user],
    )
    add_channel(demo, "acme", channel)
    return person, user


def _talk(near: Plain, far: Plain, value: dict[str, str]) -> str:
    """Channels and messages. Returns the public channel."""
    channel = str(near.done("conversations.create", name=value["channel_name"])["channel"]["id"])
    private = far.done("conversations.create", name=value["private_name"], is_private=True)["channel"]["id"]
    far.done("chat.postMessage", channel=private, text=value["private_message"])
    root = near.done("chat.postMessage", channel=channel, text=value["message"])["ts"]
    far.done("chat.postMessage", channel=channel, text=value["message_far"])
    near.done("chat.postMessage", channel=channel, text=value["long_message"])
    far.done("chat.postMessage", channel=channel, text=value["reply"], thread_ts=root)
    near.done("chat.postMessage", channel=channel, text=value["number"])
    far.done("chat.postMessage", channel=channel, text=value["marked"])
    block = {"type": "section", "text": {"type": "plain_text", "text": value["block"]}}
    near.done("chat.postMessage", channel=channel, text="Anlage", blocks=[block])
    edited = near.done("chat.postMessage", channel=channel, text=value["first_text"])["ts"]
    far.done("chat.update", channel=channel, ts=edited, text=value["edited_text"])
    deleted = far.done("chat.postMessage", channel=channel, text=value["deleted_text"])["ts"]
    near.done("chat.delete", channel=channel, ts=deleted)
    near.done("reactions.add", channel=channel, timestamp=root, name="eyes")
    whisper = {"channel": channel, "user": near.done("auth.test")["user_id"], "text": value["whispered"]}
    far.done("chat.postEphemeral", **whisper)
    later_s = int(time.time()) + 86_400
    far.done("chat.scheduleMessage", channel=channel, text=value["scheduled"], post_at=later_s)
    near.done("conversations.setTopic", channel=private, topic=value["new_topic"])
    far.done("conversations.rename", channel=private, name=value["renamed"])
    refused = near.patient("reactions.add", channel=channel, timestamp=root, name=value["reaction"])
    assert refused.error == "invalid_name"
    profile = {"status_text": value["status"], "status_emoji": ":eyes:"}
    near.done("users.profile.set", profile=profile)
    return channel


def _share(near: Plain, channel: str, value: dict[str, str]) -> None:
    """A file in three steps."""
    data = value["file_body"].encode()
    offered = near.done("files.getUploadURLExternal", filename=value["file_name"], length=len(data))
    assert near.send("POST", offered["upload_url"], content=data).status == 200
    files = [{"id": offered["file_id"], "title": value["file_title"]}]
    near.done("files.completeUploadExternal", files=files, channel_id=channel)


def _look(near: Plain, far: Plain, value: dict[str, str], channel: str) -> None:
    """Searches and reads, by a person whose client says where it is and what it runs on."""
    for plain in (near, far):
        assert plain.patient("search.messages", query=value["search_query"]).status == 200
        assert plain.patient("ext.search", query=value["search_other"]).status == 200
        headers = {
            "user-agent": value["user_agent"],
            "x-forwarded-for": value["client_address"],
            "forwarded": f'for="[{value["client_address"]}]"',
            "referer": f"https://chat.example/?q={value['search_query']}",
            "traceparent": "00-"
            + value["user_agent"][-16:].encode().hex().ljust(32, "0")
            + "-00f067aa0ba902b7-01",
        }
        plain.send("POST", plain.api + "conversations.history", json={"channel": channel}, headers=headers)
        plain.send("GET", plain.api + "users.lookupByEmail", params={"email": value["email"]})


def _blunder(near: Plain, far: Plain, value: dict[str, str]) -> None:
    """Requests that are refused, for every reason a client has."""
    for plain in (near, far):
        answer = plain.send("GET", f"{plain.url}/{value['unknown_route']}/x?y={value['unknown_route']}")
        assert answer.status == 404
        assert plain.send("POST", plain.api + value["unknown_method"]).error == "unknown_method"
        plain.send(
            "GET", plain.api + "chat.postMessage", params={"channel": "C1", "text": value["long_query"]}
        )
        plain.patient("chat.postMessage", channel=value["bad_argument"], text=value["bad_argument"])
        plain.patient("chat.update", channel="C0", ts=value["bad_argument"], text=value["bad_argument"])
        plain.patient("users.info", user=value["bad_argument"])
        plain.patient("conversations.create", name=value["refused_name"])
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
            body = '{"text": "' + value["bad_body"]
            plain.send(
                "POST", plain.api + "chat.postMessage", content=body.encode(), headers={"content-type": kind}
            )
        token = {"authorization": f"Bearer xoxp-{value['bad_argument']}.{value['bad_argument']}"}
        plain.send("POST", plain.api + "auth.test", headers=token)
        for path in ("upload", "files-pri", "rtm", "sign-in", "services", "sign-in/password"):
            plain.send("GET", f"{plain.url}/{path}/{value['unknown_route']}?{value['unknown_route']}")


def _sign_in(demo: RunningDemo, value: dict[str, str]) -> None:
    for name in ("fra", "iad"):
        edge = demo.edge(name)
        assert not sign_in(edge, value["email"], value["wrong_password"])["ok"]
        assert not sign_in(edge, value["unknown_person"], value["wrong_password"])["ok"]
    assert sign_in(demo.edge("fra"), value["email"], value["password"])["ok"]
    with Plain(demo.edge("fra")) as plain:
        body: dict[str, Any] = {"email": {"nested": value["bad_body"]}, "password": 7}
        plain.send("POST", demo.edge("fra")["url"] + "/sign-in/password", json=body)


def _keys(demo: RunningDemo) -> Iterator[bytes]:
    for path in demo.data_dir.glob("**/secrets/keys__*"):
        yield bytes.fromhex(path.read_text("ascii"))
    lookup = demo.data_dir / "authorities" / "lookup_keys.json"
    for row in json.loads(lookup.read_text("utf-8")):
        yield unb64url(row["key"])
