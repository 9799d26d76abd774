"""Hundreds of devices with sockets in one thread, all written into one history.

    with Crowd(load.recorder, edges, people, workspace, 500) as crowd:    # all are open at the first edge
        crowd.say(channel, 50)              # 50 of them post, each until it is acknowledged
        ...
        until(lambda: crowd.open_at("iad") == 500, 30, "all are back")

A device that loses its socket opens one at the next edge, from its last mark, and tries again under the same
key what it was not answered.
"""

import asyncio
import itertools
import json
import random
import threading
import uuid
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.support.device import shown
from tests.support.listening import event_of, reply_of
from tests.support.recorder import Recorder
from tests.support.rooms import Person
from tests.support.waiting import until

OPEN_S = 60.0
CALL_S = 15.0
OPENING_MAX = 64
PAUSE_S_MAX = 0.5
Edge = Mapping[str, Any]


class _Socket(WSListener):
    """One socket of a device; `ended` when it is over."""

    def __init__(self, device: "_Device", edge: str, number: int) -> None:
        self._device, self._about, self.number = device, {**device.about, "edge": edge}, number
        self.hello: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """It is open."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame, in order."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            told: dict[str, Any] = json.loads(frame.get_payload_as_bytes())
            if told.get("type") == "hello":
                self.hello.set_result(told)
            else:
                self._device.take(self, told, self._about)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """It is over, whoever ended it."""
        del transport
        self.ended.set()
        if not self.hello.done():
            self.hello.set_exception(ConnectionError("ended before hello"))


class _Device:
    """What one device knows: its last mark, what it said and was not answered, which keys it heard of."""

    def __init__(self, recorder: Recorder, person: Person, workspace: str, name: str) -> None:
        self.recorder, self.person, self.name = recorder, person, name
        self.about = {"device": name, "user": person.user, "workspace": workspace}
        self.mark, self.mark_number = "", 0
        self.edge, self.resyncs = "", 0
        self.socket: _Socket | None = None
        self.heard: set[str] = set()
        self.unanswered: dict[str, tuple[str, str]] = {}
        self._said: dict[int, tuple[int, str]] = {}
        self._numbers = itertools.count(1)

    def begin(self, socket: _Socket, edge: str) -> None:
        """A socket has said hello: what was not answered is said again."""
        self.socket, self.edge = socket, edge
        for key in self.unanswered:
            self.say(key)

    def lose(self) -> None:
        """It is over: nobody knows what became of what was said last."""
        self.socket, self.edge = None, ""
        said, self._said = self._said, {}
        for number, _ in said.values():
            self.recorder.end(number, "send", "unknown")

    def say(self, key: str) -> None:
        """Post what stands under this key, if there is a socket."""
        if self.socket is None or self.socket.transport is None:
            return
        channel, text = self.unanswered[key]
        about = {**self.about, "channel": channel, "key": key, "value": shown(text)}
        said = next(self._numbers)
        frame = {"id": said, "type": "message", "channel": channel, "text": text, "client_msg_id": key}
        self._said[said] = (self.recorder.begin("send", f"{self.name} says {said}", **about), key)
        self.socket.transport.send(WSMsgType.TEXT, json.dumps(frame).encode())

    def take(self, socket: _Socket, frame: dict[str, Any], about: dict[str, str]) -> None:
        """A frame after hello."""
        where = {**about, "socket": socket.number}
        if frame.get("type") == "x_mark":
            self.mark = frame["x_resume"]
            self.mark_number = self.recorder.moment("receive", self.name, **where, event="x_mark")
            return
        self.heard.add(frame.get("client_msg_id", ""))
        if frame.get("reply_to") in self._said:
            self._replied(frame, where)
        elif "x_seq" in frame:
            self.recorder.moment("receive", self.name, **where, **event_of(frame))

    def _replied(self, frame: dict[str, Any], where: dict[str, Any]) -> None:
        number, key = self._said.pop(frame["reply_to"])
        if frame.get("ok") is True:
            channel, _ = self.unanswered.pop(key)
            self.recorder.moment("receive", self.name, **where, **reply_of(frame, channel))
            self.recorder.end(number, "send", "ok", ts=frame["ts"])
        else:
            error = frame["error"]["msg"]
            self.recorder.end(number, "send", "unknown" if error == "fatal_error" else "fail", error=error)
            asyncio.get_running_loop().call_later(PAUSE_S_MAX, self._again, key)

    def _again(self, key: str) -> None:
        if key in self.unanswered and key not in (under for _, under in self._said.values()):
            self.say(key)


class Crowd:
    """The devices. Use as a context manager.

    Args:
        edges: rows of the ready line, in the order in which devices try them.
        people: the devices are spread over them.
        workspace: its id.
    """

    def __init__(
        self,
        recorder: Recorder,
        edges: Sequence[Edge],
        people: Sequence[Person],
        workspace: str,
        count: int,
    ) -> None:
        self._recorder, self._edges = recorder, edges
        self._devices = [
            _Device(recorder, people[number % len(people)], workspace, f"device {number}")
            for number in range(count)
        ]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._lives = asyncio.run_coroutine_threadsafe(self._live(), self._loop)
        name = str(self._edges[0]["name"])
        until(lambda: self.open_at(name) == len(self._devices) or self._lives.done(), OPEN_S, "all are open")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lives.cancel()
        self._do(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> int:
        """How many have a socket anywhere."""
        return sum(bool(device.edge) for device in self._devices)

    def open_at(self, edge: str) -> int:
        """How many have a socket at an edge."""
        return Counter(device.edge for device in self._devices)[edge]

    def marked(self) -> int:
        """How many have a mark to go on from."""
        return sum(bool(device.mark) for device in self._devices)

    def resyncs(self) -> int:
        """How often one was told to begin anew."""
        return sum(device.resyncs for device in self._devices)

    def say(self, channel: str, count: int) -> None:
        """The first of them post, each a message of its own."""
        self._do(self._say(channel, self._devices[:count]))

    def unanswered(self) -> int:
        """How many messages are not acknowledged yet."""
        return sum(len(device.unanswered) for device in self._devices)

    def drain(self, key: str, within_s: float) -> None:
        """Wait until everybody was told the message with this key, and have the history say who was."""
        begun = [
            self._recorder.begin("drain", f"{device.name} drains", **device.about, key=key)
            for device in self._devices
        ]
        try:
            until(lambda: all(key in device.heard for device in self._devices), within_s, "all were told")
        finally:
            for number, device in zip(begun, self._devices, strict=True):
                outcome = "ok" if key in device.heard else "fail"
                socket = device.socket.number if device.socket else 0
                self._recorder.end(number, "drain", outcome, socket=socket)  # type: ignore[arg-type]

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(OPEN_S)

    async def _say(self, channel: str, devices: Sequence[_Device]) -> None:
        for device in devices:
            key = str(uuid.uuid4())
            device.unanswered[key] = (channel, f"{device.name} {uuid.uuid4().hex[:10]}")
            device.say(key)

    async def _ended(self) -> None:
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

    async def _live(self) -> None:
        opening = asyncio.Semaphore(OPENING_MAX)
        async with httpx2.AsyncClient(timeout=CALL_S) as calls, asyncio.TaskGroup() as tasks:
            for device in self._devices:
                tasks.create_task(self._one(device, calls, opening))

    async def _one(self, device: _Device, calls: httpx2.AsyncClient, opening: asyncio.Semaphore) -> None:
        """One device, from socket to socket."""
        for edge in itertools.cycle(self._edges):
            try:
                async with opening:
                    socket = await self._open(device, calls, edge)
            except (OSError, WSError, httpx2.HTTPError, LookupError, TimeoutError):
                await asyncio.sleep(random.uniform(0, PAUSE_S_MAX))
                continue
            device.begin(socket, str(edge["name"]))
            try:
                await socket.ended.wait()
            finally:
                device.lose()
                assert socket.transport is not None
                socket.transport.disconnect()
            self._recorder.moment(
                "close", device.name, **device.about, edge=str(edge["name"]), socket=socket.number, code=1006
            )

    async def _open(self, device: _Device, calls: httpx2.AsyncClient, edge: Edge) -> _Socket:
        """A socket that has said hello. Raises OSError, WSError, HTTPError, LookupError, TimeoutError."""
        resume = {"resume": device.mark_number} if device.mark else {}
        about = {**device.about, "edge": str(edge["name"])}
        number = self._recorder.begin("open", device.name, **about, **resume)
        try:
            headers = {"authorization": f"Bearer {device.person.token}"}
            answer = await calls.post(f"{edge['api']}rtm.connect", headers=headers)
            url = answer.json()["url"]
            if device.mark:
                url += f"{'&' if '?' in url else '?'}x_resume={device.mark}"
            socket = _Socket(device, str(edge["name"]), number)
            async with asyncio.timeout(CALL_S):
                await ws_connect(lambda: socket, url)
                hello = await socket.hello
        except BaseException as error:
            self._recorder.end(number, "open", "unknown", error=type(error).__name__)
            raise
        resync = bool(hello.get("x_resync"))
        device.resyncs += resync
        self._recorder.end(number, "open", "ok", **({"resync": True} if resync else {}))
        return socket
