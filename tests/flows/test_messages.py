"""People post, read and change messages through any edge, and everybody sees the same."""

import uuid
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.support.clients import Plain, async_web, fields_of, legacy_web, sign_in, web, whole_history
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room

EDGES = ("fra", "iad", "bom")


def histories(demo: RunningDemo, token: str, channel: str) -> list[list[dict[str, Any]]]:
    """A channel's messages as each edge shows them."""
    shown = []
    for name in EDGES:
        with Plain(demo.edge(name), token) as plain:
            shown.append(whole_history(plain, channel))
    return shown


async def test_every_official_client_posts_after_signing_in_with_a_password(
    demo: RunningDemo, anna: Person
) -> None:
    fra = demo.edge("fra")
    signed = sign_in(fra, anna.email, anna.password)
    (session,) = [row for row in signed["workspaces"] if row["team_id"] == demo.workspace("acme")["id"]]
    assert session["user_id"] == anna.user
    token = session["token"]
    general = demo.workspace("acme")["channels"]["general"]
    first = web(fra, token).chat_postMessage(channel=general, text="from the synchronous client")
    second = await async_web(fra, token).chat_postMessage(channel=general, text="from the other one")
    third = fields_of(legacy_web(fra, token).chat_postMessage(channel="#general", text="from the old one"))
    assert first["ts"] < second["ts"] < third["ts"]
    assert third["channel"] == general
    assert web(fra, token).auth_test()["user_id"] == anna.user
    newest = web(fra, token).conversations_history(channel=general, limit=3)["messages"]
    assert [message["ts"] for message in newest] == [third["ts"], second["ts"], first["ts"]]


def test_what_is_posted_at_any_edge_is_one_history_at_all_of_them(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas)
    posted = []
    for turn in range(2):
        for name in EDGES:
            answer = web(demo.edge(name), anna.token).chat_postMessage(channel=channel, text=f"{name} {turn}")
            posted.append(answer["ts"])
            assert answer.headers["x-cell"] == "de-fra"
    first, second, third = histories(demo, jonas.token, channel)
    assert first == second == third
    assert [message["ts"] for message in first if "subtype" not in message] == posted[::-1]


def test_threads_reactions_edits_and_deletes_look_alike_from_every_edge(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    channel = room(demo, anna, jonas)
    fra, iad, bom = (web(demo.edge(name), anna.token) for name in EDGES)
    root = fra.chat_postMessage(channel=channel, text="a question")["ts"]
    doomed = iad.chat_postMessage(channel=channel, text="a mistake")["ts"]
    reply = bom.chat_postMessage(channel=channel, text="an answer", thread_ts=root)["ts"]
    web(demo.edge("iad"), jonas.token).reactions_add(channel=channel, timestamp=root, name="eyes")
    changed = bom.chat_update(channel=channel, ts=root, text="a better question")
    assert changed["text"] == "a better question"
    iad.chat_delete(channel=channel, ts=doomed)
    shown = histories(demo, jonas.token, channel)
    assert shown[0] == shown[1] == shown[2]
    messages = {message["ts"]: message for message in shown[0]}
    assert doomed not in messages
    assert reply not in messages
    assert messages[root]["text"] == "a better question"
    assert messages[root]["edited"]["user"] == anna.user
    assert messages[root]["reply_count"] == 1
    assert messages[root]["reactions"] == [{"name": "eyes", "count": 1, "users": [jonas.user]}]
    for name in EDGES:
        thread = web(demo.edge(name), jonas.token).conversations_replies(channel=channel, ts=root)
        assert [message["ts"] for message in thread["messages"]] == [root, reply]


def test_one_key_is_one_message_whichever_edge_is_asked_again(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    key = str(uuid.uuid4())
    answers = []
    for name in (*EDGES, "fra"):
        with Plain(demo.edge(name), anna.token) as plain:
            answers.append(
                plain.done("chat.postMessage", channel=channel, text="only once", client_msg_id=key)
            )
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["message"]["client_msg_id"] == key
    messages = [m for m in histories(demo, anna.token, channel)[0] if m.get("client_msg_id") == key]
    assert len(messages) == 1


def test_two_people_talk_alone(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    hers, his = web(demo.edge("fra"), anna.token), web(demo.edge("iad"), jonas.token)
    direct = hers.conversations_open(users=jonas.user)["channel"]["id"]
    assert direct.startswith("D")
    assert his.conversations_open(users=anna.user)["channel"]["id"] == direct
    posted = hers.chat_postMessage(channel=jonas.user, text="just us")
    assert posted["channel"] == direct
    read = his.conversations_history(channel=direct, limit=1)["messages"]
    assert (read[0]["text"], read[0]["user"]) == ("just us", anna.user)
    other = demo.person("acme", "member", 2)
    with pytest.raises(SlackApiError) as refused:
        web(demo.edge("fra"), other["token"]).conversations_history(channel=direct)
    assert refused.value.response["error"] == "channel_not_found"


def test_a_permalink_names_the_message_and_its_thread(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    client = web(demo.edge("fra"), anna.token)
    root = client.chat_postMessage(channel=channel, text="root")["ts"]
    reply = client.chat_postMessage(channel=channel, text="reply", thread_ts=root)["ts"]
    base = client.auth_test()["url"]
    first = client.chat_getPermalink(channel=channel, message_ts=root)["permalink"]
    second = client.chat_getPermalink(channel=channel, message_ts=reply)["permalink"]
    assert first == f"{base}archives/{channel}/p{root.replace('.', '')}"
    assert second.startswith(f"{base}archives/{channel}/p{reply.replace('.', '')}?")
    assert f"thread_ts={root}" in second


def test_a_text_comes_back_as_it_was_posted(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    client = web(demo.edge("bom"), anna.token)
    for text in ("Grüße, 你好, 🎉 \u202eabc", "<https://example.com|there> &amp; back", "a\nb\tc"):
        posted = client.chat_postMessage(channel=channel, text=text)
        assert posted["message"]["text"] == text
        again = client.chat_postMessage(channel=channel, text=posted["message"]["text"])
        assert again["message"]["text"] == text
    escaped = client.chat_postMessage(channel=channel, text="1 < 2 & 3")["message"]["text"]
    assert escaped == "1 &lt; 2 &amp; 3"


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "CUNKNOWN00000", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "{channel}"}, "no_text"),
        ("chat.postMessage", {"text": "x"}, "channel_not_found"),
        (
            "chat.update",
            {"channel": "{channel}", "ts": "1700000000.000001", "text": "x"},
            "message_not_found",
        ),
        ("chat.delete", {"channel": "{channel}", "ts": "1700000000.000001"}, "message_not_found"),
        ("conversations.info", {"channel": "CUNKNOWN00000"}, "channel_not_found"),
        ("conversations.create", {"name": "general"}, "name_taken"),
        ("conversations.create", {"name": "NOT a name!"}, "invalid_name_specials"),
        ("conversations.list", {"limit": 0}, "invalid_limit"),
        ("conversations.list", {"types": "nothing"}, "invalid_types"),
        ("conversations.list", {"cursor": "bm9uZQ"}, "invalid_cursor"),
        ("conversations.history", {"channel": "{channel}", "latest": "soon"}, "invalid_ts_latest"),
        ("conversations.invite", {"channel": "{channel}", "users": "{self}"}, "cant_invite_self"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("users.info", {"user": "UUNKNOWN00000"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@nowhere.example"}, "users_not_found"),
        ("reactions.add", {"channel": "{channel}", "timestamp": "x", "name": "eyes"}, "bad_timestamp"),
        (
            "reactions.add",
            {"channel": "{channel}", "timestamp": "1700000000.000001", "name": "eyes"},
            "message_not_found",
        ),
        ("files.completeUploadExternal", {"files": [{"id": "FUNKNOWN00000"}]}, "file_not_found"),
        ("search.messages", {}, "no_query"),
        ("no.such.method", {}, "unknown_method"),
    ],
)
def test_a_mistake_is_answered_with_its_own_code(
    demo: RunningDemo, anna: Person, method: str, arguments: dict[str, Any], error: str
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    filled = {
        name: value.format(channel=general, self=anna.user) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    with Plain(demo.edge("iad"), anna.token) as plain:
        answer = plain.patient(method, **filled)
        assert (answer.status, answer.error) == (200, error)


def test_tokens_that_nobody_made_open_nothing(demo: RunningDemo, anna: Person) -> None:
    with Plain(demo.edge("fra")) as plain:
        assert plain.call("auth.test").error == "not_authed"
        for token in ("xoxp-nothing", anna.token[:-4] + "AAAA", "xoxb-" + anna.token[5:], "x" * 2000):
            answer = plain.send("POST", plain.api + "auth.test", headers={"authorization": f"Bearer {token}"})
            assert (answer.status, answer.error) == (200, "invalid_auth")
