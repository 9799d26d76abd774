"""What somebody may not know of looks exactly like what does not exist."""

import re
import uuid
from typing import Any

import pytest

from tests.support.clients import Plain, web
from tests.support.federation import RunningDemo
from tests.support.provisioning import add_guest
from tests.support.rooms import Person, room
from tests.support.sockets import open_socket

UNKNOWN = "CUNKNOWN00000"


def said(plain: Plain, method: str, channel: str, **arguments: Any) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer, without what names the single request and time."""
    answer = plain.patient(method, channel=channel, **arguments)
    one_time = {"x-slack-req-id", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in one_time}
    return answer.status, answer.body, headers


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("conversations.info", {}),
        ("conversations.history", {}),
        ("conversations.replies", {"ts": "{ts}"}),
        ("conversations.members", {}),
        ("conversations.join", {}),
        ("conversations.leave", {}),
        ("conversations.mark", {"ts": "{ts}"}),
        ("conversations.invite", {"users": "{other}"}),
        ("conversations.kick", {"user": "{other}"}),
        ("conversations.rename", {"name": "theirs"}),
        ("conversations.setTopic", {"topic": "x"}),
        ("conversations.setPurpose", {"purpose": "x"}),
        ("conversations.archive", {}),
        ("conversations.unarchive", {}),
        ("conversations.close", {}),
        ("files.list", {}),
        ("chat.postMessage", {"text": "x"}),
        ("chat.meMessage", {"text": "x"}),
        ("chat.postEphemeral", {"text": "x", "user": "{other}"}),
        ("chat.scheduleMessage", {"text": "x", "post_at": "4000000000"}),
        ("chat.deleteScheduledMessage", {"scheduled_message_id": "Q00000000000X"}),
        ("chat.scheduledMessages.list", {}),
        ("chat.update", {"ts": "{ts}", "text": "x"}),
        ("chat.delete", {"ts": "{ts}"}),
        ("chat.getPermalink", {"message_ts": "{ts}"}),
        ("reactions.add", {"timestamp": "{ts}", "name": "eyes"}),
        ("reactions.remove", {"timestamp": "{ts}", "name": "eyes"}),
        ("reactions.get", {"timestamp": "{ts}"}),
    ],
)
def test_a_private_channel_is_byte_for_byte_unknown_to_others(
    demo: RunningDemo, anna: Person, jonas: Person, method: str, arguments: dict[str, str]
) -> None:
    channel = room(demo, anna, is_private=True)
    ts = web(demo.edge("fra"), anna.token).chat_postMessage(channel=channel, text="secret")["ts"]
    filled = {name: value.format(ts=ts, other=anna.user) for name, value in arguments.items()}
    with Plain(demo.edge("fra"), jonas.token) as plain:
        assert said(plain, method, channel, **filled) == said(plain, method, UNKNOWN, **filled)


def test_a_private_channel_is_in_no_list_search_or_event_of_others(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    word = "zq" + re.sub("[0-9]", "", uuid.uuid4().hex)
    with open_socket(demo.edge("iad"), jonas.token) as socket:
        channel = room(demo, anna, is_private=True)
        hers = web(demo.edge("fra"), anna.token)
        hers.chat_postMessage(channel=channel, text=f"the {word} plan")
        beacon = room(demo, anna, jonas)
        hers.chat_postMessage(channel=beacon, text="beacon")
        socket.message("beacon")
        assert channel not in str(socket.frames)
        assert word not in str(socket.frames)
    his = web(demo.edge("fra"), jonas.token)
    listed = his.conversations_list(types="public_channel,private_channel", limit=900)["channels"]
    assert channel not in {row["id"] for row in listed}
    assert his.search_messages(query=word)["messages"]["total"] == 0


def test_a_guest_knows_the_own_channels_only(demo: RunningDemo, anna: Person) -> None:
    guest = add_guest(demo)
    general = demo.workspace("acme")["channels"]["general"]
    shared = room(demo, anna)
    with Plain(demo.edge("fra"), guest.token) as plain, Plain(demo.edge("fra"), anna.token) as hers:
        assert plain.patient("conversations.info", channel=general).error == "channel_not_found"
        assert plain.patient("conversations.join", channel=shared).error == "channel_not_found"
        assert said(plain, "conversations.history", shared) == said(plain, "conversations.history", UNKNOWN)
        assert not plain.patient("conversations.create", name="a-guests-own").fields["ok"]
        hers.done("conversations.invite", channel=shared, users=guest.user)
        listed = plain.done("conversations.list", limit=900)["channels"]
        assert [row["id"] for row in listed] == [shared]
        assert plain.done("chat.postMessage", channel=shared, text="hello from a guest")["ok"]


def test_a_token_of_one_workspace_opens_nothing_of_another(demo: RunningDemo, anna: Person) -> None:
    foreign = demo.workspace("globex")["channels"]["general"]
    colleague = demo.person("globex")
    with Plain(demo.edge("iad"), anna.token) as plain:
        assert said(plain, "conversations.history", foreign) == said(plain, "conversations.history", UNKNOWN)
        assert plain.patient("users.info", user=colleague["user_id"]).error == "user_not_found"
        answer = plain.patient("users.lookupByEmail", email=demo.person("globex", "admin")["email"])
        assert answer.error == "users_not_found"


def test_who_is_removed_neither_reads_nor_hears_on(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    channel = room(demo, anna, jonas, is_private=True)
    hers, his = web(demo.edge("fra"), anna.token), web(demo.edge("iad"), jonas.token)
    with open_socket(demo.edge("bom"), jonas.token) as socket:
        hers.chat_postMessage(channel=channel, text="still here")
        socket.message("still here")
        his.conversations_leave(channel=channel)
        hers.chat_postMessage(channel=channel, text="gone by now")
        beacon = room(demo, anna, jonas)
        hers.chat_postMessage(channel=beacon, text="beacon")
        socket.message("beacon")
        assert "gone by now" not in str(socket.frames)
    with Plain(demo.edge("fra"), jonas.token) as plain:
        assert plain.patient("conversations.history", channel=channel).error == "channel_not_found"
