"""Binds clients' sockets to streams of their home cells and hands what cells send to the fan-out.

Invariants
    1. A socket is bound to exactly one stream; frames for it from any other stream are dropped.
    2. Frames of the client wait (a few) until the cell has opened the socket, and keep their order.
    3. A socket whose client reads too slowly is cut; it never holds up others. What a cell wants confirmed is
       confirmed when the client has taken it, so that replays come as slowly as they are read.
    4. While a cell refuses sends of a workspace, this edge refuses what is over the rate that the cell named;
       all else goes on. Whoever speaks while much of the workspace waits for a cell is not read so long,
       nor who is refused, for as long as refusing takes: at most half of this edge's time goes into it.
    5. A socket whose stream is lost gets `goodbye` with its earliest moment to return, and is closed.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import orjson

from accord.errors import ColinkError, Moved, OverloadedError
from edge.domain.admission import SendLimit
from edge.domain.enforcement import TRANSIT
from edge.domain.fanout import FanOut
from edge.domain.frames import CLOSE_POLICY, CLOSE_RESTART, goodbye_frame, send_refused_frame
from edge.domain.routes import CellRoute, Placement
from edge.ports import Cells, CellStream, ClientSocket, Router, Transit

WAITING_FRAMES_MAX = 16
CLOSE_TRY_LATER = 1013
_Why = tuple[CellStream, str] | SendLimit  # a workspace's lane to a cell, or refusing
_Over = Callable[[], Coroutine[Any, Any, None]]  # waits until that is over
# For refusing sends of a workspace, until it is not read for as long.
SPENT_S_MAX = 0.002


class _Binding:
    __slots__ = (
        "cell", "client", "followed", "number", "opened", "placement", "resume", "stream", "ticket",
        "unconfirmed", "waiting",
    )  # fmt: skip

    def __init__(
        self, number: int, client: ClientSocket, ticket: str, resume: str, placement: Placement,
        cell: CellRoute,
    ) -> None:  # fmt: skip
        self.number, self.client, self.ticket, self.resume = number, client, ticket, resume
        self.placement, self.cell = placement, cell
        self.stream: CellStream | None = None
        self.opened = self.followed = False
        self.unconfirmed = 0
        self.waiting: list[bytes] = []


class Sockets:
    """All sockets of this edge.

    Args:
        now_s: monotonic.
        soon: runs a function at the end of this turn of the loop; spawn: runs a coroutine beside it.
        country: of the viewers here.
        retry_ms: draws the pause that a client is asked for.
        closed: called with a word for each socket that the edge itself closes.
        wrote: called with the number of writes of each tick.
        held: called for each send that is refused here.
    """

    def __init__(
        self,
        router: Router,
        transit: Transit,
        *,
        now_s: Callable[[], float],
        soon: Callable[[Callable[[], None]], object],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        retry_ms: Callable[[], int],
        country: Callable[[], str] = lambda: "ZZ",
        queue_bytes_max: int = 256 * 1024,
        sockets_max: int = 50_000,
        wait_s: float = 1.5,
        closed: Callable[[str], None] = lambda why: None,
        wrote: Callable[[int], None] = lambda writes: None,
        held: Callable[[], None] = lambda: None,
    ) -> None:
        self._router, self._transit = router, transit
        self._soon, self._spawn, self._retry_ms, self._country = soon, spawn, retry_ms, country
        self._queue_bytes_max, self._sockets_max, self._wait_s = queue_bytes_max, sockets_max, wait_s
        self._closed, self._wrote, self._held, self._now_s = closed, wrote, held, now_s
        self._limits: dict[tuple[CellStream, str], SendLimit] = {}
        self._unread: dict[_Why, dict[int, ClientSocket]] = {}
        self._cells: Cells | None = None
        self._bindings: dict[int, _Binding] = {}
        self._fans: dict[CellStream, FanOut] = {}
        self._scheduled = False
        self._last = 0
        self._draining = False

    def __len__(self) -> int:
        return len(self._bindings)

    def attach(self, cells: Cells) -> None:
        """Name the streams; they in turn were given this object."""
        self._cells = cells

    # --- from the client -----------------------------------------------------------------------

    def admit(self, resident: str) -> tuple[Placement, CellRoute]:
        """May a socket for this resident open here? Asks nobody.

        Raises:
            OverloadedError, UnknownResidentError, NotReadyError, WrongEdgeError
        """
        if self._draining or len(self._bindings) >= self._sockets_max:
            raise OverloadedError(retry_after_ms=self._retry_ms())
        placement = self._router.resolve_now(resident)
        cell = self._router.home(placement)
        self._transit.check(placement, cell, TRANSIT)
        return placement, cell

    def open(
        self, client: ClientSocket, ticket: str, resume: str, placement: Placement, cell: CellRoute
    ) -> int:
        """Ask the home cell to open a stream for a client that is connected. Returns the socket's number."""
        self._last += 1
        binding = _Binding(self._last, client, ticket, resume, placement, cell)
        self._bindings[binding.number] = binding
        if self._cells is not None and (streams := self._cells.ready(cell, placement.resident)):
            self._bind_to(binding, streams[0])
        else:
            self._spawn(self._bind(binding))
        return binding.number

    def received(self, number: int, data: bytes) -> None:
        """One text frame of the client, at most 16 KB."""
        binding = self._bindings.get(number)
        if binding is None:
            return
        if binding.opened and binding.stream is not None:
            if self._limits and self._holds_back(binding, binding.stream, data):
                return
            stream, resident = binding.stream, binding.placement.resident
            if not stream.socket_frame(number, resident, data):
                self._end(binding, CLOSE_TRY_LATER, "overloaded")
            elif stream.congested(resident):
                self._hold_reading(binding, (stream, resident), lambda: stream.relieved(resident))
        elif len(binding.waiting) < WAITING_FRAMES_MAX:
            binding.waiting.append(data)
        else:
            self._end(binding, CLOSE_POLICY, "too_early")

    def _hold_reading(self, binding: _Binding, why: _Why, over: _Over) -> None:
        """Read nothing more of a client that speaks, until it is over."""
        held = self._unread.get(why)
        if held is None:
            held = self._unread[why] = {}
            self._spawn(self._read_on(why, over))
        if binding.number not in held:
            held[binding.number] = binding.client
            binding.client.pause()

    async def _read_on(self, why: _Why, over: _Over) -> None:
        await over()
        for client in self._unread.pop(why).values():
            client.resume()

    def _holds_back(self, binding: _Binding, stream: CellStream, data: bytes) -> bool:
        """Refuse a message of a workspace that is over its limit."""
        key = (stream, binding.placement.resident)
        limit = self._limits.get(key)
        if limit is None:
            return False
        now_s = self._now_s()
        if limit.is_over(now_s):
            del self._limits[key]
            return False
        try:
            said = orjson.loads(data)
            if said["type"] != "message" or limit.admits(now_s):
                return False
            reply_to = orjson.dumps(said["id"]) if "id" in said else b""
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return False  # the cell says what is wrong with it
        self.frame(stream, binding.number, send_refused_frame(reply_to))
        self._held()
        limit.spent_s += self._now_s() - now_s
        if limit.spent_s > SPENT_S_MAX or limit in self._unread:
            self._hold_reading(binding, limit, lambda: _rested(limit))
        return True

    def gone(self, number: int) -> None:
        """The client has left."""
        if (binding := self._bindings.get(number)) is not None:
            self._forget(binding, 1001, "gone")

    def taken(self, number: int) -> None:
        """The client has taken nearly all that it was sent: tell the cell, if it wants to know."""
        if (binding := self._bindings.get(number)) and binding.unconfirmed and binding.stream is not None:
            frames, binding.unconfirmed = binding.unconfirmed, 0
            binding.stream.socket_taken(number, frames)

    async def _bind(self, binding: _Binding) -> None:
        streams: Sequence[CellStream] = ()
        with suppress(ColinkError):
            if self._cells is not None:
                streams = await self._cells.streams(binding.cell, binding.placement.resident, self._wait_s)
        if self._bindings.get(binding.number) is binding:
            if streams:
                self._bind_to(binding, streams[0])
            else:
                self._goodbye(binding, "home_unreachable")

    def _bind_to(self, binding: _Binding, stream: CellStream) -> None:
        binding.stream = stream
        its, country = binding.placement, self._country()
        stream.open_socket(binding.number, its.resident, binding.ticket, binding.resume, its.epoch, country)

    # --- from the cell -------------------------------------------------------------------------

    def opened(self, stream: CellStream, socket: int, topics: Sequence[str]) -> None:
        binding = self._bound(stream, socket)
        if binding is None or binding.opened:
            return
        if (fan := self._fans.get(stream)) is None:
            fan = self._fans[stream] = FanOut()
        binding.opened = True
        fan.open(socket, self._writer(binding))
        fan.change(socket, topics)
        waiting, binding.waiting = binding.waiting, []
        for data in waiting:
            self.received(socket, data)

    def refused(self, stream: CellStream, socket: int, code: int, reason: str, moved: Moved | None) -> None:
        binding = self._bound(stream, socket)
        if binding is None:
            return
        if moved is not None and not binding.followed:
            binding.followed = True
            binding.stream = None
            self._spawn(self._follow(binding, moved))
        else:
            self._drop(binding)
            binding.client.close(code or CLOSE_POLICY, reason)
            self._closed("refused")

    async def _follow(self, binding: _Binding, moved: Moved) -> None:
        try:
            entry = await self._router.repair(moved, binding.placement)
            if entry is not None:
                cell = self._router.home(entry)
                self._transit.check(entry, cell, TRANSIT)
        except ColinkError:
            entry = None
        if self._bindings.get(binding.number) is not binding:
            return
        if entry is None:
            self._goodbye(binding, "moved")
            return
        binding.placement, binding.cell = entry, cell
        await self._bind(binding)

    def topics(self, stream: CellStream, socket: int, add: Sequence[str], remove: Sequence[str]) -> None:
        if self._bound(stream, socket) is not None and (fan := self._fans.get(stream)) is not None:
            fan.change(socket, add, remove)

    def event(
        self, stream: CellStream, topic: str, data: bytes, replied: int, reply: bytes,
        except_sockets: Sequence[int],
    ) -> None:  # fmt: skip
        fan = self._fans.get(stream)
        if fan is not None:
            fan.event(topic, data, replied, reply, except_sockets)
            if not self._scheduled:
                self._schedule()

    def frame(self, stream: CellStream, socket: int, data: bytes, confirm: bool = False) -> None:
        fan = self._fans.get(stream)
        if fan is not None:
            if confirm and (binding := self._bound(stream, socket)) is not None:
                binding.unconfirmed += 1
            fan.frame(socket, data)
            if not self._scheduled:
                self._schedule()

    def close(self, stream: CellStream, socket: int, code: int, reason: str) -> None:
        binding = self._bound(stream, socket)
        if binding is None:
            return
        self._flush_one(stream)
        self._drop(binding)
        binding.client.close(code or 1000, reason)
        self._closed("by_cell")

    def limited(self, stream: CellStream, resident: str, per_s: int) -> None:
        """The cell had to refuse sends of a workspace: hold back what is over the rate, from now on."""
        now_s = self._now_s()
        for key in [key for key, limit in self._limits.items() if limit.is_over(now_s)]:
            del self._limits[key]
        limit = self._limits.get((stream, resident))
        if limit is None:
            self._limits[stream, resident] = SendLimit(per_s, now_s)
        else:
            limit.renew(per_s, now_s)

    def drain(self, stream: CellStream, by_ms: int) -> None:
        """The process will be gone: its sockets return elsewhere, each at a moment of its own."""
        self._flush_one(stream)
        for binding in self._of(stream):
            self._goodbye(binding, "drain")

    def lost(self, stream: CellStream) -> None:
        """The stream broke: what it sent is delivered, then its sockets are told to come back."""
        self._flush_one(stream)
        for binding in self._of(stream):
            self._goodbye(binding, "stream_lost", tell=False)
        self._fans.pop(stream, None)
        for key in [key for key in self._limits if key[0] is stream]:
            del self._limits[key]

    def shut(self) -> None:
        """This edge drains: no new sockets, and all of them told when to come back."""
        self._draining = True
        for stream in list(self._fans):
            self._flush_one(stream)
        for binding in list(self._bindings.values()):
            self._goodbye(binding, "drain")

    # --- inside --------------------------------------------------------------------------------

    def _bound(self, stream: CellStream, number: int) -> _Binding | None:
        binding = self._bindings.get(number)
        return binding if binding is not None and binding.stream is stream else None

    def _of(self, stream: CellStream) -> list[_Binding]:
        return [binding for binding in self._bindings.values() if binding.stream is stream]

    def _writer(self, binding: _Binding) -> Callable[[bytes], None]:
        write, limit = binding.client.write, self._queue_bytes_max

        def write_or_cut(frames: bytes) -> None:
            try:
                waiting = write(frames)
            except Exception:
                # INVARIANT: whatever becomes of one socket, all others get what they are sent.
                waiting = limit + 1
            if waiting > limit:
                self._forget(binding, 4008, "slow")
                binding.client.cut()
                self._closed("slow")
            elif binding.unconfirmed and not binding.client.behind:
                self.taken(binding.number)

        return write_or_cut

    def _schedule(self) -> None:
        self._scheduled = True
        self._soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        writes = 0
        for fan in list(self._fans.values()):
            if fan.pending:
                writes += fan.flush()
        self._wrote(writes)

    def _flush_one(self, stream: CellStream) -> None:
        if (fan := self._fans.get(stream)) is not None and fan.pending:
            fan.flush()

    def _goodbye(self, binding: _Binding, why: str, *, tell: bool = True) -> None:
        binding.client.write(goodbye_frame(self._retry_ms()))
        self._drop(binding)
        if tell and binding.stream is not None:
            binding.stream.close_socket(binding.number, binding.placement.resident, CLOSE_RESTART, why)
        binding.client.close(CLOSE_RESTART, why)
        self._closed(why)

    def _end(self, binding: _Binding, code: int, why: str) -> None:
        self._forget(binding, code, why)
        binding.client.close(code, why)
        self._closed(why)

    def _forget(self, binding: _Binding, code: int, why: str) -> None:
        """Drop the binding and tell the cell."""
        self._drop(binding)
        if binding.stream is not None:
            binding.stream.close_socket(binding.number, binding.placement.resident, code, why)

    def _drop(self, binding: _Binding) -> None:
        self._bindings.pop(binding.number, None)
        fan = self._fans.get(binding.stream) if binding.stream is not None else None
        if fan is not None:
            fan.close(binding.number)


async def _rested(limit: SendLimit) -> None:
    """What was received before is refused meanwhile, and counts too."""
    while (spent_s := limit.spent_s) > SPENT_S_MAX:
        limit.spent_s = 0.0
        await asyncio.sleep(spent_s)
