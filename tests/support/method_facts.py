"""What the calls of all methods need: ids for their arguments, and shapes to compare answers by."""

import re
import time
from typing import Any

from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.method_calls import MethodCall
from tests.support.rooms import Person, person, room

# Made once for all calls.
KEPT = {"channel", "thread_channel", "thread", "ts", "file_channel", "shared", "scheduled_channel"}


class Facts:
    """Ids that a method's arguments name, fresh for each call where a call uses them up."""

    def __init__(self, demo: RunningDemo, own: Person, other: Person) -> None:
        self._demo, self._own, self._other = demo, own, other
        self._plain = Plain(demo.edge("fra"), own.token)
        self._kept: dict[str, str] = {}
        self._numbers = iter(range(10_000))

    def token(self, call: MethodCall) -> str:
        """The token of whoever makes a call: of `own` for a member."""
        return self._own.token if call.role == "member" else person(self._demo, "acme", call.role).token

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
        if name in KEPT:
            if name not in self._kept:
                self._kept[name] = self._make(name)
            return self._kept[name]
        return self._make(name)

    def _make(self, name: str) -> str:
        constant: dict[str, str] = {
            "self": self._own.user,
            "other": self._other.user,
            "email": self._other.email,
            "guest": person(self._demo, "acme", "guest").user,
            "app": self._demo.app("acme")["app_id"],
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
        if name == "soon":
            return str(int(time.time()) + 3_600 + 11 * next(self._numbers))
        if name == "scheduled_channel":
            channel = room(self._demo, self._own)
            self._scheduled(channel)
            return channel
        if name == "scheduled":
            return self._scheduled(self._fact("scheduled_channel"))
        if name == "file":
            return self._uploaded()
        if name == "file_channel":
            channel = room(self._demo, self._own)
            self._completed(channel)
            return channel
        if name == "webhook":
            with Plain(self._demo.edge("fra"), person(self._demo, "acme", "admin").token) as admin:
                arguments = self.filled({"app": "{app}", "channel": "{channel}"})
                return str(admin.done("ext.webhooks.create", **arguments)["webhook"]["id"])
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

    def _scheduled(self, channel: str) -> str:
        at_s = self._make("soon")
        made = self._plain.done("chat.scheduleMessage", channel=channel, text="later", post_at=at_s)
        return str(made["scheduled_message_id"])


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


def outline(call: MethodCall, answer: dict[str, Any]) -> Any:
    """The shape to compare: of everything, or only of the top where the answer is what was found."""
    if not answer["ok"]:
        return answer["error"]
    if call.outer:
        return {name: type(item).__name__ for name, item in sorted(answer.items())}
    return shape(answer)
