"""`Exchange`: the stream between one edge and this process.

Invariants
    1. The first frame names the edge, and the certificate proves that name; the directory has admitted it.
    2. Frames are handled in order. Calls run beside each other, at most `calls_max`, each within its
       deadline; a socket's frame is handled at once and waits for nothing.
    3. Everything that an edge can make this process hold is bounded: slots, calls, bodies, sockets, what
       waits to be written. Beyond a bound the call is refused, or the stream ends.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from accord import deadline
from accord.errors import (
    ColinkError,
    InvalidError,
    OutcomeUnknownError,
    OverloadedError,
    PeerRefusedError,
    obstacle,
)
from accord.runtime.error_detail import moved_to_wire
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.mtls import PeerName
from accord.runtime.pace import Pace
from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.entrypoints.allow import edge_of
from regional_cell.entrypoints.gateway.calls import CallAnswer, Calls
from regional_cell.entrypoints.gateway.link import Link
from regional_cell.entrypoints.gateway.outbox import Outbox
from regional_cell.entrypoints.gateway.turns import Turns
from regional_cell.entrypoints.web_api.answers import refusal
from regional_cell.ports.sockets import EdgeFacts
from regional_cell.services.find import People
from regional_cell.services.sockets import Sockets

CHUNK_BYTES = 256 * 1024
SLOTS_MAX = 65_536
CALLS_MAX = 6_144
# Calls that begin in one turn of the loop: some milliseconds of work.
BEGIN_MAX = 16
# Edges say these of each answer themselves, whatever the cell says.
SAID_BY_EDGES = frozenset({"cache-control", "vary", "x-cell", "x-slack-req-id"})
BODIES_BYTES_MAX = 64 * 1024 * 1024
WAITING_BYTES_MAX = 32 * 1024 * 1024
SOCKETS_MAX = 50_000
# Sockets that open and people who are looked for, at once.
BESIDE_MAX = SOCKETS_MAX + CALLS_MAX
DEADLINE_S_MAX = 120.0
# After the deadline, for whoever was told in time to say so.
TELLING_S = 0.1
PACE_S, PACE_FRAMES = 0.002, 64
# How often edges are told of refused sends, and which part of what was written may come meanwhile: not all,
# so that what waits becomes less.
LIMIT_S, LIMIT_SHARE = 0.1, 0.9
TAKEN_TICKS, RATE_TICKS = 20, 3


class Edges(Protocol):
    """Which edges the directory has admitted."""

    def edge(self, name: str) -> tuple[str, str] | None:
        """(jurisdiction, region) of an admitted edge."""


class LostAnswers(Protocol):
    """Told of answers that an edge could not write in full."""

    def note_lost(self, digest: bytes) -> None: ...


class Exchange:
    """Everything that the streams of this process share.

    Args:
        hello: makes the first frame of each stream.
        body_bytes_max: of one call.
    """

    def __init__(
        self,
        calls: Calls,
        sockets: Sockets,
        people: People,
        edges: Edges,
        lost: LostAnswers,
        hello: Callable[[], wire.CellHello],
        metrics: Metrics,
        federation: str,
        *,
        body_bytes_max: int,
    ) -> None:
        self.calls, self.sockets, self.people, self.lost = calls, sockets, people, lost
        self.hello, self.body_bytes_max = hello, body_bytes_max
        self._edges, self._metrics, self._federation = edges, metrics, federation
        self._sessions: set[Session] = set()
        self._taken: deque[dict[str, int]] = deque(maxlen=TAKEN_TICKS)

    def facts(self, peer: PeerName, said: wire.EdgeHello) -> EdgeFacts:
        """The edge behind a stream. PeerRefusedError when name, certificate and directory do not agree."""
        name = edge_of(peer, self._federation)
        if name is None or said.edge != name:
            raise PeerRefusedError(why="not the edge of its certificate", peer=peer.trust_domain)
        admitted = self._edges.edge(name)
        if admitted is None or admitted[0] != said.jurisdiction:
            raise PeerRefusedError(why="edge not admitted", edge=name)
        return EdgeFacts(name, admitted[0], admitted[1], said.url, said.socket_url, said.bundle_version)

    async def serve(self, peer: PeerName, context: Any) -> None:
        """Run one stream to its end."""
        first = await context.read()
        frames = list(getattr(first, "frames", ()))
        if not frames or frames[0].WhichOneof("frame") != "hello":
            raise InvalidError(field="hello", why="missing")
        session = Session(self, self.facts(peer, frames[0].hello))
        self._sessions.add(session)
        self._metrics.gauge("colink_streams", peer=session.edge.name).inc()
        try:
            await session.run(context, frames[1:])
        finally:
            self._sessions.discard(session)
            self._metrics.gauge("colink_streams", peer=session.edge.name).dec()
            self.sockets.lost(session.link)

    def unavailable(self, error: ColinkError) -> None:
        """A call was answered with 503."""
        reason = error.reason.value
        self._metrics.count("colink_unavailable_total", reason=reason, how=obstacle(error))

    def drain(self, by_ms: int) -> None:
        """Tell every edge that this process ends: their sockets come back elsewhere."""
        for session in self._sessions:
            session.outbox.put(wire.CellFrame(drain=wire.Drain(by_ms=by_ms)), 16)

    def limit_sends(self, taken: Mapping[str, int]) -> None:
        """Tell edges how many sends may come of residents whose sends were refused. Called every `LIMIT_S`
        with how many the writer took of each resident since.
        """
        self._taken.append(dict(taken))
        refused: dict[str, list[Session]] = {}
        for session in self._sessions:
            for resident in session.link.refused_residents():
                refused.setdefault(resident, []).append(session)
        for resident, sessions in refused.items():
            ticks = [tick.get(resident, 0) for tick in self._taken]
            # The best of late: a writer takes by batches, and it was idle until the flood came.
            best = max(sum(ticks[at : at + RATE_TICKS]) for at in range(len(ticks)))
            per_s = max(1, int(LIMIT_SHARE * best / (RATE_TICKS * LIMIT_S) / len(sessions)))
            for session in sessions:
                limit = wire.SendLimit(resident=resident, per_s=per_s)
                session.outbox.put(wire.CellFrame(send_limit=limit), 64)

    async def flushed(self, within_s: float) -> None:
        """Wait until what is queued was taken and calls are answered, at most so long; then end the
        streams.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while any(not session.idle() for session in self._sessions):  # noqa: ASYNC110 (no event spans them)
                    await asyncio.sleep(0.02)
        for session in self._sessions:
            session.outbox.end()


class _Ready(NamedTuple):
    """A call that has arrived: with its token, and the loop's time until which somebody waits."""

    call: wire.Call
    body: bytes
    token: str
    until_s: float


class Session:
    """One stream: its slots, calls and bodies on the way."""

    def __init__(self, exchange: Exchange, edge: EdgeFacts) -> None:
        self.edge = edge
        self.outbox = Outbox(WAITING_BYTES_MAX, Pace(PACE_S, PACE_FRAMES))
        self.link = Link(edge, self.outbox, exchange.calls.passage_for(edge), exchange.sockets.closed)
        self._exchange = exchange
        self._slots: dict[int, str] = {}
        # None: it waits for its turn.
        self._calls: dict[int, asyncio.Task[None] | None] = {}
        self._turns: Turns[_Ready] = Turns(self._begin, BEGIN_MAX)
        self._bodies: dict[int, tuple[wire.Call, list[bytes], int]] = {}
        self._bodies_bytes = 0
        self._digests: dict[int, bytes] = {}
        self._beside: set[asyncio.Task[Any]] = set()

    def idle(self) -> bool:
        """Nothing waits and no call is under way."""
        return self.outbox.over or (self.outbox.flushed() and not self._calls)

    async def run(self, context: Any, frames: list[wire.EdgeFrame]) -> None:
        """Write and read until either side ends the stream."""
        self.outbox.put(wire.CellFrame(hello=self._exchange.hello()), 128)
        writing = asyncio.ensure_future(self._write(context))
        reading = asyncio.ensure_future(self._read(context, frames))
        try:
            done, _ = await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.outbox.end()
            self._turns.clear()
            begun = [task for task in self._calls.values() if task is not None]
            for task in (reading, writing, *begun, *self._beside):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)

    async def _write(self, context: Any) -> None:
        while (batch := await self.outbox.take()) is not None:
            await context.write(batch)

    async def _read(self, context: Any, frames: list[wire.EdgeFrame]) -> None:
        self._handle(frames)
        while frames_of := getattr(await context.read(), "frames", None):
            self._handle(frames_of)

    def _handle(self, frames: Any) -> None:
        sockets, link = self._exchange.sockets, self.link
        for frame in frames:
            kind = frame.WhichOneof("frame")
            if kind == "socket_frame":
                sockets.received(link, frame.socket_frame.socket, frame.socket_frame.data)
            elif kind == "call":
                self._begin_call(frame.call)
            elif kind == "principal":
                self._take_slot(frame.principal)
            elif kind == "chunk":
                self._take_chunk(frame.chunk)
            elif kind == "cancel":
                self._cancel(frame.cancel.id)
            elif kind == "open_socket":
                self._open_socket(frame.open_socket)
            elif kind == "close_socket":
                link.forget(frame.close_socket.socket)
                sockets.closed(link, frame.close_socket.socket)
            elif kind == "find":
                if len(self._beside) >= BESIDE_MAX:
                    raise InvalidError(field="find", why="too many")
                self._run(self._find(frame.find))
            elif kind == "answer_lost":
                if digest := self._digests.get(frame.answer_lost.id):
                    self._exchange.lost.note_lost(digest)
            elif kind == "socket_taken":
                link.taken(frame.socket_taken.socket, frame.socket_taken.frames)
            elif kind == "credit":
                self.outbox.allow(frame.credit.bytes)
            else:
                raise InvalidError(field="frame", why="unknown or out of place")

    def _take_slot(self, slot: wire.PrincipalSlot) -> None:
        if not 0 < slot.slot <= SLOTS_MAX or len(slot.token) > 1024:
            raise InvalidError(field="slot", why="out of range")
        self._slots[slot.slot] = slot.token

    # --- calls ---------------------------------------------------------------------------------------

    def _begin_call(self, call: wire.Call) -> None:
        if call.id in self._calls or call.id in self._bodies:
            raise InvalidError(field="id", why="twice")
        # What was cancelled before its turn is held until then.
        if max(len(self._calls), len(self._turns)) + len(self._bodies) >= CALLS_MAX:
            error = OverloadedError(queue="cell-calls", retry_after_ms=1_000)
            self._put_answer(call.id, CallAnswer(refusal(error, call.request_id)))
        elif call.more:
            self._bodies[call.id] = (call, [call.body], len(call.body))
        else:
            self._start(call, call.body)

    def _take_chunk(self, chunk: wire.BodyChunk) -> None:
        entry = self._bodies.get(chunk.id)
        if entry is None:
            return
        call, parts, size = entry
        size += len(chunk.data)
        self._bodies_bytes += len(chunk.data)
        if size > self._exchange.body_bytes_max or self._bodies_bytes > BODIES_BYTES_MAX:
            self._drop_body(chunk.id)
            error = InvalidError(field="body", why="too long", api="request_too_large")
            self._put_answer(chunk.id, CallAnswer(refusal(error, call.request_id)))
            return
        parts.append(chunk.data)
        self._bodies[chunk.id] = (call, parts, size)
        if chunk.last:
            self._drop_body(chunk.id)
            self._start(call, b"".join(parts))

    def _drop_body(self, number: int) -> None:
        _, parts, _ = self._bodies.pop(number)
        self._bodies_bytes -= sum(len(part) for part in parts[1:])

    def _start(self, call: wire.Call, body: bytes) -> None:
        # A slot may be another token's by the time that the call begins.
        token = self._slots.get(call.slot, "") if call.slot else ""
        left_s = min(call.deadline_ms / 1000 or DEADLINE_S_MAX, DEADLINE_S_MAX)
        self._calls[call.id] = None
        ready = _Ready(call, body, token, asyncio.get_running_loop().time() + left_s)
        self._turns.add(call.resident, ready)

    def _begin(self, ready: "_Ready") -> None:
        number = ready.call.id
        if self._calls.get(number, ready) is None:  # neither cancelled nor begun
            self._calls[number] = task = asyncio.ensure_future(self._call(ready))
            task.add_done_callback(lambda _: self._calls.pop(number, None))

    async def _call(self, ready: "_Ready") -> None:
        call = ready.call
        deadline.wait_until(ready.until_s)
        try:
            async with asyncio.timeout_at(ready.until_s + TELLING_S):
                answer = await self._exchange.calls.answer(self.edge, call, ready.body, ready.token)
        except TimeoutError:
            # The work may have been done: only a client with a key may ask again.
            answer = CallAnswer(refusal(OutcomeUnknownError(why="deadline"), call.request_id))
        self._put_answer(call.id, answer)
        await self._put_body(call.id, answer)

    def _put_answer(self, number: int, answer: CallAnswer) -> None:
        if (error := answer.answer.refused) is not None and error.rule.api_status == 503:
            self._exchange.unavailable(error)
        body = answer.answer.body
        more = len(body) > CHUNK_BYTES
        headers = [header for header in answer.answer.headers if header[0] not in SAID_BY_EDGES]
        frame = self.outbox.hurried(256 + 64 * len(headers) + (0 if more else len(body)))
        if frame is None:
            return  # the stream is lost, and with it who asked
        said = frame.answer
        said.id, said.status, said.body, said.more = number, answer.answer.status, b"" if more else body, more
        for name, value in headers:
            said.headers.add(name=name, value=value)
        if answer.moved is not None:
            said.moved.CopyFrom(moved_to_wire(answer.moved))
        if answer.answer.digest:
            while len(self._digests) >= CALLS_MAX:
                del self._digests[next(iter(self._digests))]
            self._digests[number] = answer.answer.digest

    async def _put_body(self, number: int, answer: CallAnswer) -> None:
        """The chunks of a long body, as there is room."""
        body = answer.answer.body
        if len(body) <= CHUNK_BYTES:
            return
        for at in range(0, len(body), CHUNK_BYTES):
            await self.outbox.room(WAITING_BYTES_MAX // 4)
            data, last = body[at : at + CHUNK_BYTES], at + CHUNK_BYTES >= len(body)
            chunk = wire.BodyChunk(id=number, data=data, last=last)
            self.outbox.put(wire.CellFrame(chunk=chunk), len(data) + 16)

    def _cancel(self, number: int) -> None:
        """Nobody waits for the answer any more; what was submitted to the writer is written all the same."""
        if number in self._bodies:
            self._drop_body(number)
        if (task := self._calls.get(number)) is not None:
            task.cancel()
        else:
            self._calls.pop(number, None)

    # --- sockets and people ----------------------------------------------------------------------------

    def _open_socket(self, said: wire.OpenSocket) -> None:
        if self.link.sockets() >= SOCKETS_MAX:
            self.link.refused(said.socket, 1013, "overloaded")
            return
        self.link.admit(said.socket, said.viewer_country or "ZZ")
        opening = self._exchange.sockets.open(self.link, said.socket, said.ticket, said.resume, said.epoch)
        self._run(opening)

    async def _find(self, said: wire.FindPerson) -> None:
        rows = [(row.attribute, row.key_id, row.index) for row in said.indexes[:32]]
        resident = await self._exchange.people.find(self.edge.name, rows)
        self.outbox.put(wire.CellFrame(found=wire.Found(id=said.id, resident=resident)), 32)

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[Any]") -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            get_logger().error("stream_work_failed", error=type(error).__name__, edge=self.edge.name)
