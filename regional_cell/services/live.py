"""The live tail: tells every committed event to the sockets that may hear of it, in the order of the log.

Invariants
    1. `position` is the last event told of a resident; it rises by the log's order, without a gap. What
       another
       process committed is read from the log before anything later is told.
    2. An event is rendered once, and goes once to each edge stream that has a listener to its topic.
    3. A change of membership moves a socket's topics at the event's place: the frame before it and the
       frame after it
       reach exactly who had the right then.
    4. The socket that sent a message gets the reply in the place of the event, and not the event.
    5. A resident without sockets costs nothing here.

It is a tail without a durable position: clients keep theirs in the resume token.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import orjson

from regional_cell.domain.events import Event
from regional_cell.domain.objects.frames import Body, frames
from regional_cell.domain.socket_frames import reply_frame
from regional_cell.domain.state import State
from regional_cell.domain.visibility import MOVING, STANDING, moves
from regional_cell.domain.web_socket import text_frame
from regional_cell.ports.commits import Commits
from regional_cell.ports.sockets import EdgeLink, LiveSocket, SocketOrigin

PAGE = 500
CLOSE_POLICY = 1008
CLOSE_RESTART = 1012

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class _Topic:
    """Who listens to one topic of one resident, by edge stream."""

    __slots__ = ("heard", "links", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.links: dict[EdgeLink, set[int]] = {}
        self.heard = 0


class _Resident:
    """One resident that has sockets here, or is about to."""

    __slots__ = ("catching_up", "origins", "position", "sockets", "told", "topics")

    def __init__(self, position: int) -> None:
        self.position = position
        self.topics: dict[str, _Topic] = {}
        self.sockets: dict[str, set[LiveSocket]] = {}
        self.origins: dict[int, object] = {}
        self.catching_up = False
        self.told: list[asyncio.Event] = []


class Live:
    """The live tail of one process.

    Args:
        spawn: runs a coroutine beside the caller and keeps it.
        pin, unpin: keep the state of a resident with sockets caught up with what other processes commit.
        failed: told the kind of the event that could not be rendered, or of a log that could not be read.
    """

    def __init__(
        self,
        commits: Commits,
        spawn: Spawn,
        failed: Callable[[str, BaseException], None],
        pin: Callable[[str], None] = lambda resident: None,
        unpin: Callable[[str], None] = lambda resident: None,
    ) -> None:
        self._commits = commits
        self._spawn = spawn
        self._failed = failed
        self._pin, self._unpin = pin, unpin
        self._residents: dict[str, _Resident] = {}

    # --- events ------------------------------------------------------------------------------------

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        """See `ports.LiveFeed`."""
        resident = self._residents.get(state.resident)
        if resident is None or not events:
            return
        if not resident.catching_up and events[0][0].sequence == resident.position + 1:
            for event, origin in events:
                self._tell(resident, state, event, origin)
            return
        for event, origin in events:
            if origin is not None and event.sequence > resident.position:
                resident.origins[event.sequence] = origin
        self._catch_up(state.resident, resident)

    def _catch_up(self, name: str, resident: _Resident) -> None:
        if not resident.catching_up:
            resident.catching_up = True
            self._spawn(self._read_on(name, resident))

    async def _read_on(self, name: str, resident: _Resident) -> None:
        try:
            while resident.position < (state := await self._commits.state(name)).head:
                head = state.head
                events = await self._commits.read(name, resident.position, PAGE)
                for event in events:
                    # What is later than the head was not told to us yet, and comes with its origins.
                    if resident.position < event.sequence <= head:
                        self._tell(resident, state, event, resident.origins.pop(event.sequence, None))
                if not events:
                    # What is left was redacted: there is nothing to tell.
                    resident.position = head
            resident.catching_up = False
        except Exception as error:
            self._failed("log", error)
            self._reset(name, resident)
        finally:
            told, resident.told = resident.told, []
            for waiting in told:
                waiting.set()

    def _reset(self, name: str, resident: _Resident) -> None:
        """The order cannot be kept: everybody comes back and resumes."""
        self._residents.pop(name, None)
        if resident.sockets:
            self._unpin(name)
        for sockets in resident.sockets.values():
            for socket in sockets:
                socket.link.close(socket.socket, CLOSE_RESTART, "reset")

    def _tell(self, resident: _Resident, state: State, event: Event, origin: object | None) -> None:
        kind = event.kind
        if kind in MOVING:
            for user, topic, added in moves(event):
                for socket in resident.sockets.get(user, ()):
                    self._move(resident, socket, topic, added)
        listened = [resident.topics.get(topic) for topic, _ in event.topics]
        sender = origin if isinstance(origin, SocketOrigin) else None
        if any(listened):
            self._fan_out(state, event, listened, sender)
        elif sender is not None:
            self._reply(event, sender)
        resident.position = event.sequence
        if kind == "TokenRevoked":
            self._close(resident, "token_revoked", lambda it: it.token_id == event.payload["id"])
        elif kind in STANDING:
            # With another standing goes another set of topics and rights: whoever may, comes back.
            why = "account_inactive" if kind == "UserDeactivated" else "reset"
            self._close(resident, why, lambda it: it.user == event.payload["user"])

    def _reply(self, event: Event, sender: SocketOrigin) -> None:
        sender.link.frame(sender.socket, reply_frame(event, sender.reply_to, sender.client_msg_id))

    def _fan_out(
        self, state: State, event: Event, listened: list[_Topic | None], sender: SocketOrigin | None
    ) -> None:
        try:
            bodies = frames(event, state)
        except Exception as error:
            # The gap in `x_seq` tells clients; what comes later must still reach them.
            self._failed(event.kind, error)
            bodies = []
        for (_, x_seq), body, topic in zip(event.topics, bodies, listened, strict=False):
            # The first frame of a message is what the reply stands for; others (a root's new counts) are
            # for all.
            replied, sender = sender, None
            if body is not None and topic is not None:
                self._tell_topic(event, x_seq, body, topic, replied)
            elif replied is not None:
                self._reply(event, replied)
        if sender is not None:
            self._reply(event, sender)

    def _tell_topic(
        self, event: Event, x_seq: int, body: Body, topic: _Topic, sender: SocketOrigin | None
    ) -> None:
        topic.heard = event.sequence
        body["x_seq"] = x_seq
        data = text_frame(orjson.dumps(body))
        name = topic.name
        for link, sockets in topic.links.items():
            if sender is not None and link is sender.link and sender.socket in sockets:
                reply = reply_frame(event, sender.reply_to, sender.client_msg_id)
                link.event(name, x_seq, data, sender.socket, reply)
                sender = None
            else:
                link.event(name, x_seq, data)
        if sender is not None:
            self._reply(event, sender)

    def _close(self, resident: _Resident, why: str, chosen: Callable[[LiveSocket], bool]) -> None:
        for socket in [it for sockets in resident.sockets.values() for it in sockets if chosen(it)]:
            socket.link.close(socket.socket, CLOSE_RESTART if why == "reset" else CLOSE_POLICY, why)
            self.detach(socket)

    # --- sockets -----------------------------------------------------------------------------------

    async def settle(self, resident: str) -> State:
        """See `ports.LiveTopics`."""
        while True:
            state = await self._commits.state(resident)
            entry = self._residents.get(resident)
            if entry is None:
                self._residents[resident] = _Resident(state.head)
                return state
            if not entry.catching_up and entry.position >= state.head:
                if entry.position == state.head:
                    return state
                continue
            told = asyncio.Event()
            entry.told.append(told)
            self._catch_up(resident, entry)
            await told.wait()

    def attach(self, socket: LiveSocket) -> None:
        """See `ports.LiveTopics`."""
        resident = self._residents[socket.resident]
        if not resident.sockets:
            self._pin(socket.resident)
        resident.sockets.setdefault(socket.user, set()).add(socket)
        socket.marked = resident.position
        for topic in socket.topics:
            self._listen(resident, socket, topic)

    def detach(self, socket: LiveSocket) -> None:
        """See `ports.LiveTopics`."""
        resident = self._residents.get(socket.resident)
        if resident is None:
            return
        mine = resident.sockets.get(socket.user)
        if mine is not None and socket in mine:
            mine.discard(socket)
            for topic in socket.topics:
                self._ignore(resident, socket, topic)
            if not mine:
                del resident.sockets[socket.user]
            if not resident.sockets:
                self._unpin(socket.resident)
        if not resident.sockets and not resident.catching_up and not resident.told:
            del self._residents[socket.resident]

    def heard_since(self, socket: LiveSocket) -> int | None:
        """See `ports.LiveTopics`."""
        resident = self._residents.get(socket.resident)
        if resident is None or resident.position <= socket.marked:
            return None
        topics = resident.topics
        heard = any(topic in topics and topics[topic].heard > socket.marked for topic in socket.topics)
        return resident.position if heard else None

    def tell_user(self, resident: str, user: str, data: bytes) -> None:
        """See `ports.UserFeed`."""
        entry = self._residents.get(resident)
        for socket in entry.sockets.get(user, ()) if entry is not None else ():
            socket.link.frame(socket.socket, data)

    def typing(self, socket: LiveSocket, channel: str, thread_ts: str) -> None:
        """See `ports.LiveTopics`."""
        resident = self._residents.get(socket.resident)
        topic = resident.topics.get(channel) if resident is not None and channel in socket.topics else None
        if topic is None or channel in (socket.user, socket.resident):
            return
        body = {"type": "user_typing", "channel": channel, "user": socket.user}
        data = text_frame(orjson.dumps(body | ({"thread_ts": thread_ts} if thread_ts else {})))
        for link in topic.links:
            link.typing(topic.name, data, socket.socket if link is socket.link else 0)

    def _move(self, resident: _Resident, socket: LiveSocket, topic: str, added: bool) -> None:
        name = f"{socket.resident}/{topic}"
        if added and topic not in socket.topics:
            socket.topics.add(topic)
            self._listen(resident, socket, topic)
            socket.link.topics(socket.socket, (name,), ())
        elif not added and topic in socket.topics:
            socket.topics.discard(topic)
            self._ignore(resident, socket, topic)
            socket.link.topics(socket.socket, (), (name,))

    def _listen(self, resident: _Resident, socket: LiveSocket, topic: str) -> None:
        entry = resident.topics.get(topic)
        if entry is None:
            entry = resident.topics[topic] = _Topic(f"{socket.resident}/{topic}")
        entry.links.setdefault(socket.link, set()).add(socket.socket)

    def _ignore(self, resident: _Resident, socket: LiveSocket, topic: str) -> None:
        entry = resident.topics.get(topic)
        sockets = entry.links.get(socket.link) if entry is not None else None
        if entry is None or sockets is None:
            return
        sockets.discard(socket.socket)
        if not sockets:
            del entry.links[socket.link]
        if not entry.links:
            del resident.topics[topic]
