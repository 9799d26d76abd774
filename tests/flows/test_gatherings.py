"""Who may gather in a conversation, in a federation under the built-in policies."""

import pytest

from accord.errors import WithheldError
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.provisioning import add_subject, deactivate_user
from tests.support.rooms import Person, person, room
from tests.support.sockets import open_socket

DISCLOSED, STORED = "floor/eea eea-1-disclose", "floor/eea eea-1"
READ_ONLY = "restricted_action_read_only_channel"


@pytest.mark.reaches("cell.conversation.store", "cell.conversation.disclose")
def test_a_colleague_joins_and_a_guest_is_refused_with_the_rule(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    colleague, guest = add_subject(demo, "acme", "US"), add_subject(demo, "acme", "US", "guest")
    with Plain(demo.edge("fra"), anna.token) as host, Plain(demo.edge("iad"), colleague.token) as plain:
        host.done("conversations.invite", channel=channel, users=colleague.user)
        plain.done("chat.postMessage", channel=channel, text="from a colleague")
        for method, arguments in (
            ("conversations.invite", {"channel": channel, "users": guest.user}),
            ("conversations.open", {"users": guest.user}),
        ):
            answer = host.patient(method, **arguments).fields
            assert (answer["error"], answer["x_rule"]) == ("restricted_action", DISCLOSED)
            assert "guest in DE" in answer["x_nearest"]
        members = host.done("conversations.members", channel=channel)["members"]
        assert guest.user not in members
        assert colleague.user in members


def test_somebody_who_may_be_shown_nothing_is_not_admitted(demo: RunningDemo) -> None:
    """Full members read every public channel."""
    with pytest.raises(WithheldError) as caught:
        add_subject(demo, "acme", "CN")
    assert caught.value.metadata["rule"] == "default/de default"


def test_who_may_not_write_reads_and_is_told_so(demo: RunningDemo) -> None:
    """The law of the EEA keeps what its people write out of the United States; they read there."""
    host = person(demo, "globex", "member", 0)
    general = demo.workspace("globex")["channels"]["general"]
    with open_socket(demo.edge("iad"), host.token) as socket:
        reader = add_subject(demo, "globex", "DE")
        ruled = socket.until(lambda frame: frame["type"] == "x_conversation_ruled")
        assert (ruled["outcome"], ruled["rule"]) == ("read_only", STORED)
    with Plain(demo.edge("iad"), host.token) as plain:
        plain.done("chat.postMessage", channel=general, text="for all to read")
    with Plain(demo.edge("iad"), reader.token) as plain:
        page = plain.done("conversations.history", channel=general)["messages"]
        assert page[0]["text"] == "for all to read"
        answer = plain.patient("chat.postMessage", channel=general, text="words of mine").fields
        assert (answer["error"], answer["x_rule"]) == (READ_ONLY, STORED)
        assert plain.done("conversations.info", channel=general)["channel"]["is_read_only"]
    deactivate_user(demo, "globex", reader.user)
    with Plain(demo.edge("iad"), host.token) as plain:
        assert "x_residency" not in plain.done("conversations.info", channel=general)["channel"]
