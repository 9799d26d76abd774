"""Guests in a federation: the demo's own, and one of a single channel whose stay ends."""

import time
from typing import Any

from tests.support.clients import Plain, web, whole_history
from tests.support.federation import RunningDemo
from tests.support.provisioning import add_guest
from tests.support.rooms import Person, person, room
from tests.support.sockets import open_socket

ALL_TYPES = "public_channel,private_channel,im,mpim"


def names(channels: list[dict[str, Any]]) -> list[str]:
    """Their names, or what they are where they have none."""
    return [channel.get("name", "im") for channel in channels]


def test_the_demos_guest_works_in_one_channel_and_sees_no_other(demo: RunningDemo, anna: Person) -> None:
    guest, channels = person(demo, "acme", "guest"), demo.workspace("acme")["channels"]
    client = web(demo.edge("fra"), guest.token)
    assert names(client.conversations_list(types=ALL_TYPES)["channels"]) == ["design"]
    assert client.chat_postMessage(channel=channels["design"], text="from a guest")["ok"]
    with Plain(demo.edge("fra"), guest.token) as plain:
        assert whole_history(plain, channels["design"])[0]["text"] == "from a guest"
        for method, arguments in (
            ("conversations.history", {"channel": channels["general"]}),
            ("conversations.join", {"channel": channels["random"]}),
            ("chat.postMessage", {"channel": "#general", "text": "x"}),
            ("conversations.members", {"channel": channels["private-planning"]}),
        ):
            assert plain.patient(method, **arguments).error == "channel_not_found"
        assert plain.patient("conversations.create", name="mine").error == "restricted_action"
        known = {member["id"] for member in plain.done("users.list")["members"]} - {"USLACKBOT"}
        inside = set(plain.done("conversations.members", channel=channels["design"])["members"])
        assert known == inside
    with Plain(demo.edge("fra"), anna.token) as plain:
        plain.done("chat.postMessage", channel=channels["general"], text="a wombat for members alone")
    with Plain(demo.edge("fra"), guest.token) as plain:
        assert plain.done("search.messages", query="wombat")["messages"]["total"] == 0


def test_a_guest_is_shown_nothing_at_an_edge_abroad(demo: RunningDemo, anna: Person) -> None:
    guest, design = person(demo, "acme", "guest"), demo.workspace("acme")["channels"]["design"]
    for name in ("iad", "bom"):
        edge = demo.edge(name)
        with Plain(edge, guest.token) as plain:
            for method, arguments in (
                ("conversations.history", {"channel": design}),
                ("rtm.connect", {}),
                ("chat.postMessage", {"channel": design, "text": "x"}),
            ):
                answer = plain.patient(method, **arguments).fields
                assert (answer["error"], answer["x_rule"]) == ("restricted_action", "default/de default")
        with Plain(edge, anna.token) as plain:
            assert plain.done("conversations.history", channel=design)["messages"]


def test_a_guest_of_a_single_channel_is_held_to_it_until_the_stay_ends(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel, another = room(demo, anna, jonas), room(demo, anna)
    ends_s = int(time.time()) + 3_600
    guest = add_guest(demo, channel, role="single_channel_guest", expires_s=ends_s)
    with (
        open_socket(demo.edge("fra"), guest.token) as socket,
        Plain(demo.edge("fra"), guest.token) as plain,
        Plain(demo.edge("iad"), anna.token) as host,
    ):
        refused = host.patient("conversations.invite", channel=another, users=guest.user)
        assert refused.error == "ura_max_channels"
        host.done("chat.postMessage", channel=channel, text="welcome")
        assert socket.message("welcome")["user"] == anna.user
        assert plain.done("conversations.list", types=ALL_TYPES)["channels"][0]["id"] == channel
        admin = web(demo.edge("fra"), person(demo, "acme", "admin").token)
        shown = admin.api_call("admin.users.getExpiration", params={"user_id": guest.user})["user"]
        assert shown["expiration_ts"] == ends_s
        admin.api_call(
            "admin.users.setExpiration", params={"user_id": guest.user, "expiration_ts": int(time.time()) + 4}
        )
        assert socket.ended(60) == (1008, "account_inactive")
        assert plain.patient("auth.test").error in ("account_inactive", "token_revoked")
        assert guest.user not in host.done("conversations.members", channel=channel)["members"]
