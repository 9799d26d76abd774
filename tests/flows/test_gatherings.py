"""Who may gather in a conversation, in a federation under the built-in policies."""

import time
from collections.abc import Callable, Iterator

import pytest

from accord.errors import WithheldError
from residency_policies.builtin import builtin_policies
from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.officers import OfficersOverHttp
from tests.support.provisioning import add_subject, deactivate_user
from tests.support.rooms import Person, person, room
from tests.support.sockets import open_socket

DISCLOSED, STORED = "floor/eea eea-1-disclose", "floor/eea eea-1"
READ_ONLY = "restricted_action_read_only_channel"
GERMAN = next(text for text in builtin_policies() if "id: default/de" in text)
FORBIDDEN = """flows:
  - id: F9
    effect: deny
    classes: [file_content]
    ops: [disclose]
    to: ["US"]
    because: "Files are read in Europe (works agreement 4)"
"""
WITHIN_S = 30.0


@pytest.fixture(scope="module")
def changed() -> Iterator[RunningDemo]:
    """Two cells and their edges whose policies a test changes."""
    with RunningDemo("--cells", "de-fra,us-iad", "--rate-limits", "off", "--no-latency") as running:
        yield running


def until(what: Callable[[], bool]) -> None:
    """Wait for it."""
    end_s = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < end_s, "it did not come in time"
        time.sleep(0.2)


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
    # A reader nothing permits; an author under the law of China, which only a pack for reference states.
    assert caught.value.metadata["rule"] in ("default/de default", "NO_TABLE")


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


def test_changed_policies_mark_and_tell_without_a_restart_and_lose_nothing(
    changed: RunningDemo,
) -> None:
    anna, owner = person(changed, "acme", "member", 0), person(changed, "acme", "owner")
    officers, channel = OfficersOverHttp(changed), room(changed, anna)
    before, colleague = officers.version(), add_subject(changed, "acme", "US")
    with Plain(changed.edge("fra"), anna.token) as host, Plain(changed.edge("fra"), colleague.token) as plain:

        def outcome() -> str:
            shown = host.done("conversations.info", channel=channel)["channel"]
            return str(shown.get("x_residency", {}).get("outcome", "here"))

        host.done("conversations.invite", channel=channel, users=colleague.user)
        plain.done("chat.postMessage", channel=channel, text="while it was lawful")
        officers.put_in_force(GERMAN.replace("flows:\n", FORBIDDEN, 1))
        until(lambda: outcome() == "refused")
        for speaker in (host, plain):
            answer = speaker.patient("chat.postMessage", channel=channel, text="x").fields
            assert (answer["error"], answer["x_rule"]) == (READ_ONLY, "default/de F9")
        assert plain.patient("conversations.history", channel=channel).error == "restricted_action"
        assert (
            host.done("conversations.history", channel=channel)["messages"][0]["text"]
            == "while it was lawful"
        )
        assert colleague.user in host.done("conversations.members", channel=channel)["members"]
        with pytest.raises(WithheldError):
            add_subject(changed, "acme", "US")
        assert f"<#{channel}>: nobody may write" in told(changed, owner)
        until(lambda: unlawful(officers).get(channel) == ("de-fra", "refused", "default/de F9"))
        officers.roll_back("default/de", before)
        until(lambda: outcome() == "here")
        plain.done("chat.postMessage", channel=channel, text="lawful again")
        until(lambda: channel not in unlawful(officers))
    assert f"<#{channel}>: everybody there may write again" in told(changed, owner)


def unlawful(officers: OfficersOverHttp) -> dict[str, tuple[str, str, str]]:
    """What officers are told of conversations: cell, outcome and rule by channel."""
    cells = officers.ask(1, "GET", "/unlawful-conversations")["cells"]
    assert {it["cell"] for it in cells} == {"de-fra", "us-iad"}
    return {
        one["channel"]: (it["cell"], one["outcome"], one["rule"])
        for it in cells
        for one in it["conversations"]
    }


def told(demo: RunningDemo, owner: Person) -> str:
    """What slackbot told the owner last."""
    with Plain(demo.edge("fra"), owner.token) as plain:
        direct = plain.done("conversations.list", types="im")["channels"]
        channel = next(row["id"] for row in direct if row["user"] == "USLACKBOT")
        return str(plain.done("conversations.history", channel=channel)["messages"][0]["text"])
