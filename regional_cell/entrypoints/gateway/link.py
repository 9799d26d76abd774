"""One edge's stream as services see it: `ports.EdgeLink` over an outbox.

Invariants
    1. Frames are queued in the order of the calls; nothing here waits, but `deliver`.
    2. Bytes for an edge in another jurisdiction are decided and counted before they are queued; when that is
       refused, nothing of the frame leaves, and the sockets of that workspace are closed: in a moment, since
       whoever tells something goes through them right now.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from accord.errors import ColinkError, Moved
from accord.runtime.error_detail import moved_to_wire
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.domain.enforcement import EDGE_DISCLOSE, EDGE_TRANSIT
from regional_cell.entrypoints.gateway.outbox import Outbox
from regional_cell.ports.sockets import EdgeFacts, EdgePassage

SHOWN = (EDGE_TRANSIT, EDGE_DISCLOSE)
WRITABLE_BYTES_MAX = 2 * 1024 * 1024
# A client that takes nothing for so long is given up.
TAKEN_S = 30.0
CLOSE_POLICY = 1008
_FRAME_OVERHEAD = 24


class _Viewer(NamedTuple):
    """Whose socket it is, as policies ask; `resident` is empty until it is open."""

    resident: str
    country: str
    guest: bool


class _Unconfirmed:
    """Frames of one socket that its client has not taken yet."""

    __slots__ = ("changed", "frames")

    def __init__(self) -> None:
        self.frames = 0
        self.changed = asyncio.Event()


class Link:
    """Keeps the promises of `ports.EdgeLink`.

    Args:
        passage: None for an edge in this cell's own jurisdiction.
        closed: told of a socket that was closed from this side.
    """

    def __init__(
        self,
        edge: EdgeFacts,
        outbox: Outbox,
        passage: EdgePassage | None,
        closed: Callable[["Link", int], None],
    ) -> None:
        self._edge, self._outbox, self._passage, self._closed = edge, outbox, passage, closed
        self._residents: dict[int, _Viewer] = {}
        self._refused: set[str] = set()
        self._unconfirmed: dict[int, _Unconfirmed] = {}

    @property
    def edge(self) -> EdgeFacts:
        """See `ports.EdgeLink`."""
        return self._edge

    def sockets(self) -> int:
        """How many are open."""
        return len(self._residents)

    def admit(self, socket: int, viewer_country: str) -> None:
        """Note where the viewer of a socket that is about to be opened is."""
        self._residents[socket] = _Viewer("", viewer_country, guest=False)

    def forget(self, socket: int) -> None:
        """The edge closed it."""
        self._gone(socket)

    def opened(
        self, socket: int, resident: str, user: str, topics: Sequence[str], *, guest: bool = False
    ) -> None:
        """See `ports.EdgeLink`."""
        known = self._residents.get(socket)
        viewer = _Viewer(resident, known.country if known else "ZZ", guest)
        if not self._passes(viewer, 0):
            self.refused(socket, CLOSE_POLICY, "withheld")
            self._closed(self, socket)
            return
        self._residents[socket] = viewer
        frame = self._outbox.hurried(64 + sum(len(topic) + 2 for topic in topics))
        if frame is not None:
            said = frame.socket_opened
            said.socket, said.resident, said.user = socket, resident, user
            said.topics.extend(topics)

    def refused(self, socket: int, code: int, reason: str, moved: Moved | None = None) -> None:
        """See `ports.EdgeLink`."""
        self._gone(socket)
        frame = wire.SocketRefused(socket=socket, code=code, reason=reason)
        if moved is not None:
            frame.moved.CopyFrom(moved_to_wire(moved))
        self._outbox.put(wire.CellFrame(socket_refused=frame), 512)

    def event(self, topic: str, x_seq: int, data: bytes, replied: int = 0, reply: bytes = b"") -> None:
        """See `ports.EdgeLink`."""
        if self._passage is not None and not self._shown(topic, len(data)):
            return
        replied = replied if replied and self._reaches(replied, len(reply)) else 0
        frame = self._outbox.add(len(data) + len(reply) + len(topic) + _FRAME_OVERHEAD)
        if frame is None:
            return
        event = frame.event
        event.topic, event.x_seq, event.data = topic, x_seq, data
        if replied:
            event.replied, event.reply = replied, reply

    def _reaches(self, socket: int, size_bytes: int) -> bool:
        """Whether a frame of its own may go to the socket; one that may not closes it."""
        known = self._residents.get(socket)
        if known is None or self._passage is None:
            return known is not None
        if self._passes(known, size_bytes):
            return True
        asyncio.get_running_loop().call_soon(self.close, socket, CLOSE_POLICY, "withheld")
        return False

    def typing(self, topic: str, data: bytes, except_socket: int = 0) -> None:
        """See `ports.EdgeLink`."""
        if self._passage is not None and not self._shown(topic, len(data)):
            return
        frame = self._outbox.add(len(data) + len(topic) + _FRAME_OVERHEAD)
        if frame is not None:
            frame.event.topic, frame.event.data = topic, data
            if except_socket:
                frame.event.except_sockets.append(except_socket)

    def _shown(self, topic: str, size_bytes: int) -> bool:
        resident = topic.partition("/")[0]
        if self._passes(_Viewer(resident, self._edge.jurisdiction, guest=False), size_bytes):
            return True
        asyncio.get_running_loop().call_soon(self._close_all, resident)
        return False

    def topics(self, socket: int, add: Sequence[str], remove: Sequence[str]) -> None:
        """See `ports.EdgeLink`."""
        size = _FRAME_OVERHEAD + sum(len(topic) + 2 for topic in (*add, *remove))
        self._outbox.put(wire.CellFrame(topics=wire.Topics(socket=socket, add=add, remove=remove)), size)

    def frame(self, socket: int, data: bytes) -> None:
        """See `ports.EdgeLink`."""
        if not self._reaches(socket, len(data)):
            return
        frame = self._outbox.add(len(data) + _FRAME_OVERHEAD)
        if frame is not None:
            frame.socket_frame.socket, frame.socket_frame.data = socket, data

    def close(self, socket: int, code: int, reason: str) -> None:
        """See `ports.EdgeLink`."""
        if self._gone(socket) is None:
            return
        frame = wire.CloseSocket(socket=socket, code=code, reason=reason)
        self._outbox.put(wire.CellFrame(close_socket=frame), 64 + len(reason))
        self._closed(self, socket)

    def send_refused(self, socket: int) -> None:
        """See `ports.EdgeLink`."""
        if (known := self._residents.get(socket)) is not None:
            self._refused.add(known.resident)

    def refused_residents(self) -> set[str]:
        """Whose sends were refused since this was asked last."""
        refused, self._refused = self._refused, set()
        return refused

    async def deliver(self, socket: int, data: bytes, ahead: int) -> bool:
        """See `ports.EdgeLink`."""
        await self._outbox.room(WRITABLE_BYTES_MAX)
        waiting = self._unconfirmed.setdefault(socket, _Unconfirmed())
        if self._reaches(socket, len(data)) and (frame := self._outbox.add(len(data) + _FRAME_OVERHEAD)):
            frame.socket_frame.socket, frame.socket_frame.data = socket, data
            frame.socket_frame.confirm = True
            waiting.frames += 1
        while socket in self._residents and waiting.frames > ahead:
            waiting.changed.clear()
            try:
                async with asyncio.timeout(TAKEN_S):
                    await waiting.changed.wait()
            except TimeoutError:
                break
        if not waiting.frames or socket not in self._residents:
            self._unconfirmed.pop(socket, None)
        return socket in self._residents and waiting.frames <= ahead

    def taken(self, socket: int, frames: int) -> None:
        """The edge says that the client has taken so many more of what `deliver` sent."""
        if (waiting := self._unconfirmed.get(socket)) is not None:
            waiting.frames = max(0, waiting.frames - frames)
            waiting.changed.set()

    def _gone(self, socket: int) -> _Viewer | None:
        if (waiting := self._unconfirmed.pop(socket, None)) is not None:
            waiting.changed.set()
        return self._residents.pop(socket, None)

    def _passes(self, viewer: "_Viewer", size_bytes: int) -> bool:
        if self._passage is None:
            return True
        try:
            self._passage.edge_passage(
                self._edge,
                viewer.resident,
                size_bytes,
                SHOWN,
                viewer_country=viewer.country,
                guest=viewer.guest,
            )
        except ColinkError:
            return False
        return True

    def _close_all(self, resident: str) -> None:
        for socket in [number for number, viewer in self._residents.items() if viewer.resident == resident]:
            self.close(socket, CLOSE_POLICY, "withheld")
