"""A device that listens: a socket that comes back by itself, every frame of which is written into the
history.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx2
from websockets.exceptions import ConnectionClosed

from deploy.audit.history import parse
from deploy.audit.index import build
from deploy.audit.streams import check_streams
from deploy.audit.verdict import Violation
from tests.support.device import shown
from tests.support.recorder import Ending, Recorder
from tests.support.rooms import Person
from tests.support.sockets import ChatSocket, socket_url

PAUSE_S = 0.2
QUIET_S = 0.2
OPEN_S = 30.0
# A socket that is silent is asked whether it lives, and given up when it does not say so.
ASK_S = 5.0
DEAD_S = 12.0
OF_USER = re.compile(r"im_created|(channel|group|im|mpim)_(joined|left|open|close|marked)")
OF_WORKSPACE = re.compile(r"channel_created|team_join|user_change|user_\w+_changed")
Edge = Mapping[str, Any]


def topic_of(frame: Mapping[str, Any]) -> str:
    """Whose number a frame carries: a conversation's, the user's own, or the workspace's."""
    kind = str(frame.get("type"))
    if OF_USER.fullmatch(kind):
        return "user"
    if OF_WORKSPACE.fullmatch(kind):
        return "workspace"
    return _channel_of(frame) or "user"


def _channel_of(frame: Mapping[str, Any]) -> str:
    channel = frame.get("channel") or frame.get("channel_id") or frame.get("item", {}).get("channel", "")
    return str(channel["id"] if isinstance(channel, dict) else channel)


class Listener:
    """One device with a socket, at the first of some edges that opens; when it ends the next one is tried,
    with the last resume mark. Use as a context manager.

    Args:
        roams_s: after so many seconds it goes on elsewhere by itself, until it is drained; 0: never.
    """

    def __init__(
        self,
        recorder: Recorder,
        edges: Sequence[Edge],
        person: Person,
        workspace: str,
        name: str,
        roams_s: float = 0,
    ) -> None:
        self._recorder, self._edges, self._person = recorder, list(edges), person
        self._workspace, self._roams_s = workspace, roams_s
        self.name = name
        self.heard: set[str] = set()
        self._channels: set[str] = set()
        self._about = {"device": self.name, "user": person.user, "workspace": workspace}
        self._mark, self._mark_number = "", 0
        self._socket: ChatSocket | None = None
        self._socket_number = 0
        self._lock = threading.Lock()
        self._sent: dict[int, tuple[int, str, str]] = {}
        self.outcomes: dict[str, Ending] = {}
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(30), f"{self.name} cannot open a socket"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the socket."""
        self._stopping.set()
        self._thread.join(30)

    def send(self, channel: str, value: str, key: str) -> bool:
        """Post over the socket, without waiting for the reply. Returns whether there is one to wait for."""
        with self._lock:
            if self._socket is None:
                return False
            about = {**self._about, "channel": channel, "key": key, "value": shown(value)}
            number = self._recorder.begin("send", f"{self.name} says {key}", **about)
            try:
                said = self._socket.say("message", channel=channel, text=value, client_msg_id=key)
            except (OSError, ConnectionClosed):
                self._recorder.end(number, "send", "unknown")
                self.outcomes[key] = "unknown"
                return False
            self._sent[said] = (number, channel, key)
            return True

    def hears(self, channel: str) -> bool:
        """Whether it was told anything of a channel."""
        return channel in self._channels

    def drain(self, key: str, within_s: float) -> bool:
        """Wait until the message with this key was told: then everything before it has to have been, and the
        history says so. Returns whether it came.
        """
        self._roams_s = 0
        number = self._recorder.begin("drain", f"{self.name} drains", **self._about, key=key)
        ends_s = time.monotonic() + within_s
        while key not in self.heard and time.monotonic() < ends_s:
            time.sleep(0.05)
        came = key in self.heard
        self._recorder.end(number, "drain", "ok" if came else "fail", socket=self._socket_number)
        return came

    def _run(self) -> None:
        turn = 0
        while not self._stopping.is_set():
            edge = self._edges[turn % len(self._edges)]
            turn += 1
            try:
                self._listen(edge)
            except (OSError, httpx2.HTTPError, ConnectionClosed, AssertionError, ValueError):
                self._stopping.wait(PAUSE_S)

    def _listen(self, edge: Edge) -> None:
        """Open a socket and follow it to its end."""
        about = {**self._about, "edge": str(edge["name"])}
        resume = {"resume": self._mark_number} if self._mark else {}
        number = self._recorder.begin("open", self.name, **about, **resume)
        with ExitStack() as closing:
            try:
                socket = ChatSocket(socket_url(edge, self._person.token), self._mark)
                closing.enter_context(socket)
                hello = socket.next(OPEN_S)
            except BaseException as error:
                self._recorder.end(number, "open", "unknown", error=type(error).__name__)
                raise
            if hello is None:
                self._recorder.end(number, "open", "fail", error=str(socket.closed))
                raise ConnectionError(socket.closed)
            resync = {"resync": True} if hello.get("x_resync") else {}
            self._recorder.end(number, "open", "ok", **resync)
            with self._lock:
                self._socket, self._socket_number = socket, number
            self._opened.set()
            try:
                self._follow(socket, number, about)
            finally:
                self._lose()
        code = (socket.closed or (0, ""))[0]
        self._recorder.moment("close", self.name, **about, socket=number, code=code)

    def _follow(self, socket: ChatSocket, number: int, about: dict[str, str]) -> None:
        """Take frames until the socket ends, is silent for too long, or it is time to roam."""
        opened_s = heard_s = asked_s = time.monotonic()
        while not self._stopping.is_set():
            now_s = time.monotonic()
            if (self._roams_s and now_s > opened_s + self._roams_s) or now_s > heard_s + DEAD_S:
                return
            if now_s > max(heard_s, asked_s) + ASK_S:
                asked_s = now_s
                socket.say("ping")
            try:
                frame = socket.next(QUIET_S)
            except TimeoutError:
                continue
            if frame is None:
                return
            heard_s = time.monotonic()
            self._take(number, frame, about)

    def _lose(self) -> None:
        """There is no socket any more; nobody knows what became of what was said last."""
        with self._lock:
            self._socket, sent, self._sent = None, self._sent, {}
        for said, _, key in sent.values():
            self._recorder.end(said, "send", "unknown")
            self.outcomes[key] = "unknown"

    def _take(self, socket: int, frame: dict[str, Any], about: dict[str, str]) -> None:
        kind = str(frame.get("type", ""))
        if kind == "x_mark":
            number = self._recorder.moment("receive", self.name, **about, socket=socket, event=kind)
            self._mark, self._mark_number = str(frame["x_resume"]), number
            return
        if "reply_to" in frame:
            self._replied(socket, frame, about)
        elif "x_seq" in frame:
            self._channels.add(_channel_of(frame))
            self._recorder.moment("receive", self.name, **about, socket=socket, **event_of(frame))
        if "client_msg_id" in frame:
            self.heard.add(frame["client_msg_id"])

    def _replied(self, socket: int, frame: dict[str, Any], about: dict[str, str]) -> None:
        """A reply stands where the event of the message would. It may come before `send` has noted what it
        said: that is waited for.
        """
        with self._lock:
            sent = self._sent.pop(frame["reply_to"], None)
        if sent is None:
            return
        number, channel, key = sent
        if frame.get("ok") is not True:
            error = str(frame.get("error", {}).get("msg", ""))
            outcome: Ending = "unknown" if error == "fatal_error" else "fail"
            self._recorder.end(number, "send", outcome, error=error)
            self.outcomes[key] = outcome
            return
        self._recorder.moment("receive", self.name, **about, socket=socket, **reply_of(frame, channel))
        self._recorder.end(number, "send", "ok", ts=frame["ts"])
        self.outcomes[key] = "ok"


def reply_of(frame: dict[str, Any], channel: str) -> dict[str, Any]:
    """The reply to a message as a history shows it: in the place of the message's event."""
    told = {"event": "reply", "topic": channel, "channel": channel, "seq": frame["x_seq"], "ts": frame["ts"]}
    return {**told, "key": frame.get("client_msg_id", ""), "value": shown(frame.get("text", ""))}


def event_of(frame: dict[str, Any]) -> dict[str, Any]:
    """A numbered frame as a history shows it."""
    event = str(frame.get("subtype") or frame.get("type"))
    message = frame.get("message", frame)
    if message.get("subtype") == "tombstone":
        event = "message_deleted"
    ts = str(frame.get("deleted_ts") or frame.get("item", {}).get("ts") or message.get("ts", ""))
    told: dict[str, Any] = {
        "event": "message" if event in ("thread_broadcast", "file_share") else event,
        "topic": topic_of(frame),
        "channel": _channel_of(frame),
        "seq": frame["x_seq"],
        "ts": ts,
        "key": str(message.get("client_msg_id", "")),
        "value": shown(str(frame.get("reaction") or message.get("text", ""))),
        "digest": _digest(frame),
    }
    if "thread_ts" in message and message.get("thread_ts") != ts:
        told["thread"] = str(message["thread_ts"])
    if frame.get("type") in ("member_joined_channel", "member_left_channel"):
        told["member"] = str(frame["user"])
    return told


def _digest(frame: dict[str, Any]) -> str:
    """Tells two frames of one number apart; a channel's card is of the moment of telling, and left out."""
    told = {name: value for name, value in frame.items() if not isinstance(frame.get("channel"), dict)}
    data = json.dumps(told or frame["type"], sort_keys=True, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    return hashlib.blake2b(data, digest_size=6).hexdigest()


def told_wrongly(*sockets: ChatSocket) -> list[Violation]:
    """What is wrong with the frames of sockets of one device, in the order in which they were opened."""
    return frames_told_wrongly(*((socket.frames, socket.mark) for socket in sockets))


def frames_told_wrongly(*parts: tuple[Sequence[dict[str, Any]], str]) -> list[Violation]:
    """The same of frames, each with the mark that they go on from."""
    recorder, marks = Recorder(), dict[str, int]()
    about = {"device": "device", "user": "user", "workspace": "workspace"}
    for frames, mark in parts:
        number = recorder.begin(
            "open", "device", **about, **({"resume": marks[mark]} if mark in marks else {})
        )
        resync = any(frame.get("x_resync") for frame in frames)
        recorder.end(number, "open", "ok", **({"resync": True} if resync else {}))
        for frame in frames:
            if frame.get("type") == "x_mark":
                event = recorder.moment("receive", "device", **about, socket=number, event="x_mark")
                marks[str(frame["x_resume"])] = event
            elif "x_seq" in frame:
                told = reply_of(frame, "") if "reply_to" in frame else event_of(frame)
                recorder.moment("receive", "device", **about, socket=number, **told)
    return list(check_streams(build(parse(recorder.lines(), "frames"))))
