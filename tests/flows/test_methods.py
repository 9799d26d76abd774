"""Every method answers every official client through every edge in one shape."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from edge.domain.methods import METHODS
from tests.support.clients import Plain, async_web, fields_of, legacy_web, web
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room

EDGES = ("fra", "iad", "bom")

# Arguments that make each method answer ok; `{name}` is filled from `facts`.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "api.test": {"foo": "bar"},
    "auth.test": {},
    "auth.revoke": {"test": True},
    "team.info": {},
    "chat.postMessage": {"channel": "{channel}", "text": "hello"},
    "chat.meMessage": {"channel": "{channel}", "text": "waves"},
    "chat.update": {"channel": "{channel}", "ts": "{ts}", "text": "changed"},
    "chat.delete": {"channel": "{channel}", "ts": "{doomed}"},
    "chat.getPermalink": {"channel": "{channel}", "message_ts": "{ts}"},
    "conversations.create": {"name": "{fresh}"},
    "conversations.list": {"limit": 2},
    "conversations.info": {"channel": "{channel}", "include_num_members": True},
    "conversations.join": {"channel": "{open}"},
    "conversations.leave": {"channel": "{left}"},
    "conversations.invite": {"channel": "{inviting}", "users": "{other}"},
    "conversations.members": {"channel": "{channel}", "limit": 2},
    "conversations.history": {"channel": "{thread_channel}", "limit": 2},
    "conversations.replies": {"channel": "{thread_channel}", "ts": "{thread}", "limit": 2},
    "conversations.mark": {"channel": "{channel}", "ts": "{ts}"},
    "conversations.open": {"users": "{other}", "return_im": True},
    "conversations.close": {"channel": "{direct}"},
    "conversations.kick": {"channel": "{left}", "user": "{other}"},
    "conversations.rename": {"channel": "{inviting}", "name": "{fresh}"},
    "conversations.setTopic": {"channel": "{channel}", "topic": "{fresh}"},
    "conversations.setPurpose": {"channel": "{channel}", "purpose": "{fresh}"},
    "conversations.archive": {"channel": "{inviting}"},
    "conversations.unarchive": {"channel": "{archived}"},
    "users.conversations": {"user": "{other}", "limit": 1},
    "users.list": {"limit": 2},
    "users.info": {"user": "{other}"},
    "users.lookupByEmail": {"email": "{email}"},
    "users.profile.get": {"user": "{self}"},
    "users.profile.set": {"profile": {"status_text": "testing"}},
    "reactions.add": {"channel": "{channel}", "timestamp": "{plain}", "name": "eyes"},
    "reactions.remove": {"channel": "{channel}", "timestamp": "{reacted}", "name": "eyes"},
    "reactions.get": {"channel": "{thread_channel}", "timestamp": "{thread}"},
    "reactions.list": {"full": True, "limit": 1},
    "files.info": {"file": "{shared}"},
    "files.list": {"channel": "{file_channel}", "count": 1},
    "files.delete": {"file": "{complete}"},
    "files.getUploadURLExternal": {"filename": "a.txt", "length": 3},
    "files.completeUploadExternal": {"files": [{"id": "{file}", "title": "A"}]},
    "search.messages": {"query": "hello"},
    "rtm.connect": {},
    "ext.search": {"query": "hello"},
    "ext.sessions.list": {},
}

# Members whose presence may differ from call to call: what was found is not what is asked here.
FOUND = {"search.messages", "ext.search", "ext.sessions.list"}
ERRORS = {"ext.sessions.revoke": ({"session": "none"}, "session_not_found")}
UNKNOWN = ("chat.postmessage", "no.such.method", "users", "admin.teams.create", "views.open", "calls.add")


@pytest.fixture
def facts(demo: RunningDemo, anna: Person, jonas: Person) -> "Facts":
    return Facts(demo, anna, jonas)


class Facts:
    """Ids that a method's arguments name, fresh for each call where a call uses them up."""

    def __init__(self, demo: RunningDemo, own: Person, other: Person) -> None:
        self._demo, self._own, self._other = demo, own, other
        self._plain = Plain(demo.edge("fra"), own.token)
        self._kept: dict[str, str] = {}
        self._numbers = iter(range(10_000))

    def filled(self, value: Any) -> Any:
        """Arguments with every `{name}` replaced."""
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda match: self._fact(match[1]), value)
        return value

    def _fact(self, name: str) -> str:
        if name in ("channel", "thread_channel", "thread", "ts", "file_channel", "shared"):
            if name not in self._kept:
                self._kept[name] = self._make(name)
            return self._kept[name]
        return self._make(name)

    def _make(self, name: str) -> str:
        constant = {
            "self": self._own.user,
            "other": self._other.user,
            "email": self._other.email,
        }
        if name in constant:
            return constant[name]
        if name == "fresh":
            return f"shape-{next(self._numbers)}-{self._fact('channel').lower()}"
        if name in ("channel", "thread_channel", "left", "inviting"):
            return room(self._demo, self._own, *([self._other] if name == "left" else []))
        if name == "open":
            return room(self._demo, self._other)
        if name == "direct":
            opened = self._plain.done("conversations.open", users=self._other.user)
            return str(opened["channel"]["id"])
        if name == "archived":
            channel = room(self._demo, self._own)
            self._plain.done("conversations.archive", channel=channel)
            return channel
        if name == "file":
            return self._uploaded()
        if name == "file_channel":
            channel = room(self._demo, self._own)
            self._completed(channel)
            return channel
        if name in ("shared", "complete"):
            return self._completed(self._fact("channel"))
        return self._message(name)

    def _message(self, name: str) -> str:
        channel = self._fact("thread_channel" if name == "thread" else "channel")
        ts = str(self._plain.done("chat.postMessage", channel=channel, text=f"hello {name}")["ts"])
        if name in ("reacted", "thread"):
            self._plain.done("reactions.add", channel=channel, timestamp=ts, name="eyes")
        if name == "thread":
            for number in range(3):
                self._plain.done("chat.postMessage", channel=channel, text=f"{number}", thread_ts=ts)
        return ts

    def _uploaded(self) -> str:
        offer = self._plain.done("files.getUploadURLExternal", filename="a.txt", length=3)
        assert self._plain.send("POST", offer["upload_url"], content=b"abc").status == 200
        return str(offer["file_id"])

    def _completed(self, channel: str) -> str:
        file = self._uploaded()
        self._plain.done("files.completeUploadExternal", files=[{"id": file}], channel_id=channel)
        return file


def shape(value: Any) -> Any:
    """Types and member names of an answer; a list is the shapes that are in it."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        found: list[Any] = []
        for item in map(shape, value):
            if item not in found:
                found.append(item)
        return found
    return type(value).__name__


def outline(method: str, answer: dict[str, Any]) -> Any:
    """The shape to compare: of everything, or only of the top where the answer is what was found."""
    if method in FOUND:
        return {name: type(item).__name__ for name, item in sorted(answer.items())}
    return shape(answer)


def test_the_table_names_every_method() -> None:
    assert set(ARGUMENTS) | set(ERRORS) == METHODS


@pytest.mark.parametrize("method", sorted(ARGUMENTS))
async def test_a_method_has_one_shape_for_every_client_at_every_edge(
    demo: RunningDemo, facts: Facts, anna: Person, method: str
) -> None:
    shapes: dict[str, Any] = {}
    if method == "conversations.open":
        web(demo.edge("fra"), anna.token).api_call(method, json=facts.filled(ARGUMENTS[method]))
    for name in EDGES:
        edge = demo.edge(name)
        form = web(edge, anna.token).api_call(method, params=_flat(facts, method)).data
        body = web(edge, anna.token).api_call(method, json=facts.filled(ARGUMENTS[method])).data
        query = (await async_web(edge, anna.token).api_call(method, params=_flat(facts, method))).data
        for style, answer in (("form", form), ("json", body), ("query", query)):
            assert isinstance(answer, dict)
            shapes[f"{name} {style}"] = outline(method, answer)
    first = shapes["fra json"]
    if method == "api.test":
        first["args"].pop("token", None)
    different = {style: found for style, found in shapes.items() if found != first}
    assert not different, f"{first}"


def _flat(facts: Facts, method: str) -> dict[str, Any]:
    """What clients put into forms and queries: texts and numbers."""
    filled = facts.filled(ARGUMENTS[method])
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else int(value) if value is True else value
        for name, value in filled.items()
    }


@pytest.mark.parametrize("name", EDGES)
async def test_an_unknown_method_is_unknown_to_every_client(
    demo: RunningDemo, anna: Person, name: str
) -> None:
    edge = demo.edge(name)
    for method in UNKNOWN:
        with pytest.raises(SlackApiError) as refused:
            web(edge, anna.token).api_call(method)
        assert refused.value.response["error"] == "unknown_method"
        with pytest.raises(SlackApiError) as refused:
            await async_web(edge, anna.token).api_call(method)
        assert refused.value.response["error"] == "unknown_method"


def _refusals() -> Iterator[tuple[str, dict[str, Any], str]]:
    for method, (arguments, error) in ERRORS.items():
        yield method, arguments, error


@pytest.mark.parametrize(("method", "arguments", "error"), list(_refusals()))
def test_a_refusal_is_the_same_at_every_edge(
    demo: RunningDemo, anna: Person, method: str, arguments: dict[str, Any], error: str
) -> None:
    bodies = set()
    for name in EDGES:
        with Plain(demo.edge(name), anna.token) as plain:
            answer = plain.patient(method, **arguments)
            bodies.add((answer.status, answer.error))
    assert bodies == {(200, error)}


def test_the_first_generation_of_the_client_is_answered_alike(demo: RunningDemo, anna: Person) -> None:
    edge = demo.edge("iad")
    general = demo.workspace("acme")["channels"]["general"]
    old = legacy_web(edge, anna.token)
    assert shape(fields_of(old.users_info(user=anna.user))) == shape(
        fields_of(web(edge, anna.token).users_info(user=anna.user))
    )
    posted = fields_of(old.chat_postMessage(channel=general, text="hello", as_user=True))
    assert posted["message"]["user"] == anna.user


def test_every_answer_carries_the_headers_of_the_contract(demo: RunningDemo, anna: Person) -> None:
    with Plain(demo.edge("bom"), anna.token) as plain:
        first, second = plain.call("auth.test"), plain.call("auth.test")
    for answer in (first, second):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-cache, no-store"
        assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")
        assert "x-accepted-oauth-scopes" in answer.headers
        assert answer.headers["x-cell"] == "de-fra"
    assert first.headers["x-slack-req-id"] != second.headers["x-slack-req-id"]
