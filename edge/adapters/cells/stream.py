"""One batched stream to one process of a cell: requests, answers, events and frames share it.

Invariants
    1. A call whose last frame was not handed to the stream fails as HOME_UNREACHABLE; any later failure
       without an answer is OUTCOME_UNKNOWN.
    2. The process proves its cell twice: by certificate, and by its first frame.
    3. At most `calls_max` calls are under way, a part of them of one resident (`edge.domain.admission`); an
       answer has at most `ANSWER_BYTES_MAX` bytes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio

from accord.errors import (
    ColinkError,
    HomeUnreachableError,
    OutcomeUnknownError,
    OverloadedError,
    PeerRefusedError,
)
from accord.runtime.error_detail import moved_from_wire
from accord.runtime.pace import Pace
from accord.runtime.rpc_client import error_of
from accord.wire.cell.v1 import gateway_pb2 as wire
from accord.wire.cell.v1 import gateway_pb2_grpc as stubs
from edge.adapters.cells.outbox import Outbox
from edge.domain.admission import refusal
from edge.ports import CallAnswer, CallRequest, LookupIndex, SocketEvents

CHUNK_BYTES = 256 * 1024
ANSWER_BYTES_MAX = 32 * 1024 * 1024
WAITING_BYTES_MAX = 4 * 1024 * 1024
# From here on those who speak in a workspace are not read, and from there on nobody is, until half has gone.
CONGESTED_BYTES, CONGESTED_ALL_BYTES = 256 * 1024, 1024 * 1024
SLOTS_MAX = 65_536
HELLO_S = 5.0
# After the deadline, for the cell's own word of how it ended: it knows what was not written.
TELLING_S = 0.25
PACE_S, PACE_FRAMES = 0.004, 64


class _Pending:
    __slots__ = ("answer", "future", "parts", "size", "written")

    def __init__(self, future: "asyncio.Future[Any]") -> None:
        self.future = future
        self.written = False
        self.answer: wire.Answer | None = None
        self.parts: list[bytes] = []
        self.size = 0

    def mark(self) -> None:
        self.written = True


class Stream:
    """Keeps the promises of `ports.CellStream`; `serve` runs one connection and returns when it is lost.

    Args:
        cell: the name that the process must give.
        open: opens a channel to it.
        hello: makes the first frame.
        events: where sockets' frames go.
        came: called each time it becomes ready.
        bundle_version: of the bundle in force here, said with every call.
    """

    def __init__(
        self,
        cell: str,
        address: str,
        open: Callable[[], grpc.aio.Channel],
        hello: Callable[[], wire.EdgeHello],
        events: SocketEvents,
        calls_max: int,
        came: Callable[[], None] = lambda: None,
        bundle_version: Callable[[], int] = lambda: 0,
    ) -> None:
        self.cell = cell
        self.address = address
        self.ready = False
        self._open, self._hello, self._events, self._calls_max = open, hello, events, calls_max
        self._came, self._bundle_version = came, bundle_version
        self._outbox = Outbox()
        self._pending: dict[int, _Pending] = {}
        self._calls_of: dict[str, int] = {}
        self._slots: dict[str, int] = {}
        self._last_id = 0
        self._last_slot = 0

    @property
    def under_way(self) -> int:
        """Calls without an answer."""
        return len(self._pending)

    # --- calls ---------------------------------------------------------------------------------

    async def call(self, request: CallRequest, deadline_s: float) -> CallAnswer:
        resident, calls_of = request.resident, self._calls_of
        own = calls_of.get(resident, 0)
        if (refused := refusal(request.method, own, len(self._pending), self._calls_max)) is not None:
            raise refused
        calls_of[resident] = own + 1
        try:
            return await self._call(request, deadline_s)
        finally:
            calls_of[resident] -= 1
            if not calls_of[resident]:
                del calls_of[resident]

    async def _call(self, request: CallRequest, deadline_s: float) -> CallAnswer:
        number, pending = self._begin()
        body, more = request.body, len(request.body) > CHUNK_BYTES
        slot = self._slot(request.token)
        size = 256 + len(request.query) + (0 if more else len(body))
        call = self._outbox.hurried(size, None if more else pending.mark).call
        call.id, call.slot, call.method = number, slot, request.method
        call.resident, call.epoch = request.resident, request.epoch
        call.content_type, call.query, call.request_id = (
            request.content_type, request.query, request.request_id,
        )  # fmt: skip
        call.body, call.more = b"" if more else body, more
        call.deadline_ms, call.viewer_country = max(1, int(deadline_s * 1_000)), request.viewer_country
        call.bundle_version = self._bundle_version()
        for name, value in request.headers:
            call.headers.add(name=name, value=value)
        answer = await self._finish(number, pending, deadline_s, body if more else b"")
        return self._answered(number, answer, b"".join([answer.body, *pending.parts]))

    def _answered(self, number: int, answer: wire.Answer, body: bytes) -> CallAnswer:
        headers = tuple((header.name, header.value) for header in answer.headers)
        moved = moved_from_wire(answer.moved) if answer.HasField("moved") else None
        outbox = self._outbox

        def lost() -> None:
            if self.ready and outbox is self._outbox:
                outbox.put(wire.EdgeFrame(answer_lost=wire.AnswerLost(id=number)), 16)

        return CallAnswer(answer.status, headers, body, self.cell, moved, lost)

    async def find(self, indexes: Sequence[LookupIndex], deadline_s: float) -> str:
        number, pending = self._begin()
        rows = [wire.LookupIndex(attribute=i.attribute, key_id=i.key_id, index=i.index) for i in indexes]
        frame = wire.EdgeFrame(find=wire.FindPerson(id=number, indexes=rows))
        self._outbox.put(frame, 64 + 80 * len(rows), pending.mark)
        found = await self._finish(number, pending, deadline_s, b"")
        return str(found.resident)

    def _begin(self) -> tuple[int, _Pending]:
        if not self.ready:
            raise HomeUnreachableError(cell=self.cell)
        if len(self._pending) >= self._calls_max:
            raise OverloadedError(cell=self.cell, queue="calls", retry_after_ms=1_000)
        if self._outbox.waiting_bytes > 4 * WAITING_BYTES_MAX:
            raise OverloadedError(cell=self.cell, queue="edge-stream", retry_after_ms=1_000)
        self._last_id += 1
        pending = _Pending(asyncio.get_running_loop().create_future())
        self._pending[self._last_id] = pending
        return self._last_id, pending

    async def _finish(self, number: int, pending: _Pending, deadline_s: float, body: bytes) -> Any:
        """Write the chunks of a long body, then wait for the answer."""
        alarm = asyncio.get_running_loop().call_later(deadline_s + TELLING_S, _late, pending)
        outbox = self._outbox
        try:
            if body:
                await self._chunks(number, pending, body)
            return await pending.future
        except BaseException:
            if outbox is self._outbox and self.ready:
                outbox.put(wire.EdgeFrame(cancel=wire.Cancel(id=number)), 16)
            raise
        finally:
            alarm.cancel()
            self._pending.pop(number, None)

    async def _chunks(self, number: int, pending: _Pending, body: bytes) -> None:
        outbox = self._outbox
        view = memoryview(body)
        for at in range(0, len(body), CHUNK_BYTES):
            await outbox.room(WAITING_BYTES_MAX)
            if pending.future.done():
                return
            last = at + CHUNK_BYTES >= len(body)
            data = bytes(view[at : at + CHUNK_BYTES])
            frame = wire.EdgeFrame(chunk=wire.BodyChunk(id=number, data=data, last=last))
            outbox.put(frame, len(data) + 16, pending.mark if last else None)

    def _slot(self, token: str) -> int:
        """The slot of a token; a new one is told first. Slots are used again from the oldest on."""
        if not token:
            return 0
        slot = self._slots.get(token)
        if slot is None:
            if len(self._slots) < SLOTS_MAX:
                self._last_slot += 1
                slot = self._last_slot
            else:
                slot = self._slots.pop(next(iter(self._slots)))
            self._slots[token] = slot
            principal = self._outbox.hurried(len(token) + 16).principal
            principal.slot, principal.token = slot, token
        return slot

    # --- sockets -------------------------------------------------------------------------------

    def open_socket(
        self, socket: int, resident: str, ticket: str, resume: str, epoch: int, viewer_country: str
    ) -> None:
        # INVARIANT: all of a socket is in one lane, so that nothing overtakes its opening or is overtaken by
        # its end. Calls share one lane, since slots are used again.
        frame = self._outbox.hurried(len(ticket) + len(resume) + 64, lane=resident).open_socket
        frame.socket, frame.ticket, frame.resume = socket, ticket, resume
        frame.epoch, frame.viewer_country = epoch, viewer_country

    def socket_frame(self, socket: int, resident: str, data: bytes) -> bool:
        if self._outbox.waiting_bytes > WAITING_BYTES_MAX:
            return False
        frame = self._outbox.add(len(data) + 16, resident).socket_frame
        frame.socket, frame.data = socket, data
        return True

    def congested(self, resident: str) -> bool:
        outbox = self._outbox
        return outbox.waiting_of(resident) > CONGESTED_BYTES or outbox.waiting_bytes > CONGESTED_ALL_BYTES

    async def relieved(self, resident: str) -> None:
        outbox = self._outbox
        await outbox.room(CONGESTED_ALL_BYTES // 2)
        await outbox.room(CONGESTED_BYTES // 2, resident)

    def socket_taken(self, socket: int, frames: int) -> None:
        if self.ready:
            taken = wire.SocketTaken(socket=socket, frames=frames)
            self._outbox.put(wire.EdgeFrame(socket_taken=taken), 16)

    def close_socket(self, socket: int, resident: str, code: int, reason: str) -> None:
        if self.ready:
            frame = self._outbox.hurried(len(reason) + 32, lane=resident).close_socket
            frame.socket, frame.code, frame.reason = socket, code, reason

    # --- one connection ------------------------------------------------------------------------

    async def serve(self) -> None:
        """Connect, exchange until the stream is lost, then fail what is under way.

        Raises:
            PeerRefusedError: the process is not who it must be. ColinkError: it could not be reached, or
            broke.
        """
        channel = self._open()
        self._outbox, self._slots, self._last_slot = Outbox(Pace(PACE_S, PACE_FRAMES)), {}, 0
        call: Any = stubs.GatewayStub(channel).Exchange()
        writing: asyncio.Task[None] | None = None
        try:
            await asyncio.wait_for(self._greet(call), HELLO_S)
            self.ready = True
            self._came()
            writing = asyncio.ensure_future(self._write(call))
            await self._read(call)
        except (TimeoutError, asyncio.InvalidStateError):
            raise HomeUnreachableError(cell=self.cell) from None
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from None
        finally:
            self._lose()
            call.cancel()
            if writing is not None:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            await channel.close(grace=None)

    async def _greet(self, call: Any) -> None:
        first = wire.EdgeFrame(hello=self._hello())
        await call.write(wire.EdgeBatch(frames=[first]))
        batch = await call.read()
        if batch is grpc.aio.EOF:
            raise HomeUnreachableError(cell=self.cell)
        frames = list(batch.frames)
        if not frames or frames[0].WhichOneof("frame") != "hello" or frames[0].hello.cell != self.cell:
            raise PeerRefusedError(cell=self.cell)
        self._dispatch(frames[1:])

    async def _write(self, call: Any) -> None:
        outbox = self._outbox
        try:
            while True:
                await call.write(await outbox.take())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            call.cancel()

    async def _read(self, call: Any) -> None:
        eof = grpc.aio.EOF
        while (batch := await call.read()) is not eof:
            self._dispatch(batch.frames)

    def _lose(self) -> None:
        was_ready, self.ready = self.ready, False
        self._outbox.release()
        for pending in list(self._pending.values()):
            if not pending.future.done():
                error: ColinkError = (
                    OutcomeUnknownError(cell=self.cell)
                    if pending.written
                    else HomeUnreachableError(cell=self.cell)
                )
                pending.future.set_exception(error)
        if was_ready:
            self._events.lost(self)

    def _dispatch(self, frames: Sequence[wire.CellFrame]) -> None:
        events = self._events
        for frame in frames:
            kind = frame.WhichOneof("frame")
            if kind == "event":
                event = frame.event
                events.event(self, event.topic, event.data, event.replied, event.reply, event.except_sockets)
            elif kind == "socket_frame":
                said = frame.socket_frame
                events.frame(self, said.socket, said.data, said.confirm)
            elif kind == "answer":
                self._take_answer(frame.answer)
            elif kind == "chunk":
                self._take_chunk(frame.chunk)
            elif kind == "topics":
                topics = frame.topics
                events.topics(self, topics.socket, list(topics.add), list(topics.remove))
            elif kind == "socket_opened":
                events.opened(self, frame.socket_opened.socket, list(frame.socket_opened.topics))
            elif kind == "socket_refused":
                refused = frame.socket_refused
                moved = moved_from_wire(refused.moved) if refused.HasField("moved") else None
                events.refused(self, refused.socket, refused.code, refused.reason, moved)
            elif kind == "close_socket":
                close = frame.close_socket
                events.close(self, close.socket, close.code, close.reason)
            elif kind == "found":
                self._resolve(frame.found.id, frame.found)
            elif kind == "send_limit":
                events.limited(self, frame.send_limit.resident, frame.send_limit.per_s)
            elif kind == "drain":
                events.drain(self, frame.drain.by_ms)

    def _take_answer(self, answer: wire.Answer) -> None:
        pending = self._pending.get(answer.id)
        if pending is None:
            return
        if answer.more:
            pending.answer = answer
        else:
            self._resolve(answer.id, answer)

    def _take_chunk(self, chunk: wire.BodyChunk) -> None:
        pending = self._pending.get(chunk.id)
        if pending is None or pending.answer is None:
            return
        pending.size += len(chunk.data)
        if pending.size > ANSWER_BYTES_MAX:
            if not pending.future.done():
                pending.future.set_exception(OutcomeUnknownError(cell=self.cell))
            return
        pending.parts.append(chunk.data)
        if chunk.last:
            self._resolve(chunk.id, pending.answer)

    def _resolve(self, number: int, answer: wire.Answer | wire.Found) -> None:
        pending = self._pending.get(number)
        if pending is not None and not pending.future.done():
            pending.future.set_result(answer)


def _late(pending: _Pending) -> None:
    if not pending.future.done():
        pending.future.set_exception(
            OutcomeUnknownError(why="deadline") if pending.written else HomeUnreachableError(why="deadline")
        )
