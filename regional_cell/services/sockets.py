"""Sockets: opening them with a ticket, resuming them without a gap, and what their clients say.

Invariants
    1. A ticket opens one socket once; a token that is revoked, or a user who is gone, opens none.
    2. `hello` is the first frame. Then, with a resume token, come exactly the events since its mark that
       the user had
       the right to hear of when they happened, and only then live ones. What cannot be replayed whole is
       not begun:
       `hello` then says `x_resync`.
    3. A resume token names what was told before it was made; it is sealed, of one user, epoch and life.
    4. A frame that cannot be read, or asks what is unknown, is answered with an error; it closes nothing.
"""

import asyncio
from collections.abc import Callable

from accord.clock import Clock
from accord.errors import (
    ColinkError,
    InvalidError,
    Moved,
    OverloadedError,
    RateLimitedError,
    StaleEpochError,
    TokenInvalidError,
)
from regional_cell.domain.callers import Caller
from regional_cell.domain.decisions import Committed
from regional_cell.domain.resume import BYTES_MAX, claims, sequence_of
from regional_cell.domain.roles import GUESTS
from regional_cell.domain.socket_frames import (
    KINDS,
    ClientFrame,
    error_frame,
    pong_frame,
    read_frame,
    reply_frame,
)
from regional_cell.domain.state import State
from regional_cell.domain.timestamps import parse_ts
from regional_cell.domain.visibility import topics_of
from regional_cell.domain.web_socket import joined, text_frame
from regional_cell.ports.identity import CallerProofs, SpentTickets
from regional_cell.ports.sockets import (
    EdgeLink,
    LiveSocket,
    LiveTopics,
    PresenceFeed,
    Replays,
    ResumeSeal,
    SocketOrigin,
    SocketPoster,
)

FRAME_BYTES_MAX = 16 * 1024
TEXT_CHARACTERS_MAX = 4000
# Longer than a ticket is accepted after its end, since clocks differ.
SPENT_KEPT_S = 300
# So much of a replay goes as one, and so many such pieces go ahead of what the client has taken: together
# less than an edge lets wait for a socket.
PIECE_BYTES = 48 * 1024
AHEAD = 1
EARLY_FRAMES_MAX = 16
CLOSE_POLICY = 1008
CLOSE_RESTART = 1012

HELLO = text_frame(b'{"type":"hello"}')
HELLO_RESYNC = text_frame(b'{"type":"hello","x_resync":true}')


class _Socket:
    """One socket: being opened (`live` is None), or open."""

    __slots__ = ("caller", "closed", "early", "epoch", "link", "live", "number", "opened")

    def __init__(self, link: EdgeLink, number: int) -> None:
        self.link = link
        self.number = number
        self.live: LiveSocket | None = None
        self.caller: Caller | None = None
        self.epoch = 0
        self.opened = False
        self.early: list[bytes] = []
        self.closed = False

    @property
    def guest(self) -> bool:
        """Whether its user is one."""
        return self.caller is not None and self.caller.role in GUESTS


class _Said(SocketOrigin):
    """A message on its way to the log, and who is told how that ended: `ports.Waiter`.

    The reply to a fresh message took its event's place already; what is left are errors and repeats.
    """

    __slots__ = ()

    def done(self) -> bool:
        return False

    def set_result(self, committed: Committed, /) -> None:
        if (first := committed.duplicate) is not None:
            self.link.frame(self.socket, reply_frame(first, self.reply_to, self.client_msg_id))

    def set_exception(self, error: BaseException, /) -> None:
        api = error.api if isinstance(error, ColinkError) else "internal_error"
        if isinstance(error, RateLimitedError | OverloadedError):
            self.link.send_refused(self.socket)
        self.link.frame(self.socket, error_frame(self.reply_to, 4, api))


class Sockets:
    """All sockets of this process.

    Args:
        moved: where a resident lives now, when this cell is not its home any more.
        resume_events_max: a longer absence is answered with `x_resync`.
    """

    def __init__(
        self,
        proofs: CallerProofs,
        live: LiveTopics,
        spent: SpentTickets,
        seal: ResumeSeal,
        poster: SocketPoster,
        presence: PresenceFeed,
        replays: Replays,
        clock: Clock,
        *,
        moved: Callable[[str], Moved | None],
        resume_events_max: int,
    ) -> None:
        self._proofs, self._live, self._spent = proofs, live, spent
        self._seal, self._poster, self._presence, self._clock = seal, poster, presence, clock
        self._replays = replays
        self._moved, self._resume_events_max = moved, resume_events_max
        self._sockets: dict[tuple[EdgeLink, int], _Socket] = {}

    def __len__(self) -> int:
        return len(self._sockets)

    # --- opening -----------------------------------------------------------------------------------

    async def open(self, link: EdgeLink, number: int, ticket: str, resume: str, epoch: int) -> None:
        """Open a socket, or say why not. Raises what is no ColinkError, after the socket was refused."""
        key = (link, number)
        if key in self._sockets:
            link.refused(number, CLOSE_POLICY, "socket_exists")
            return
        socket = self._sockets[key] = _Socket(link, number)
        try:
            await self._open(socket, ticket, resume, epoch)
        except ColinkError as error:
            self._refuse(socket, CLOSE_POLICY, error.api, error.moved)
        except BaseException:
            self._refuse(socket, CLOSE_RESTART, "internal_error", None)
            raise

    def _refuse(self, socket: _Socket, code: int, reason: str, moved: Moved | None) -> None:
        self._sockets.pop((socket.link, socket.number), None)
        if socket.closed:
            return
        socket.closed = True
        if socket.opened:
            socket.link.close(socket.number, CLOSE_RESTART, reason)
        else:
            socket.link.refused(socket.number, code, reason, moved)

    async def _open(self, socket: _Socket, ticket: str, resume: str, epoch: int) -> None:
        fields = self._proofs.prove_socket_ticket(ticket, socket.link.edge.name)
        resident, user = fields["r"], fields["u"]
        record = LiveSocket(socket.link, socket.number, resident, user, fields["tok"], set())
        record.batched = bool(fields.get("batched"))
        try:
            self._require_home(await self._live.settle(resident), epoch)
            if not await self._spent.spend(fields["i"], int(fields["x"]) + SPENT_KEPT_S):
                raise TokenInvalidError(why="spent")
            state = await self._live.settle(resident)
            self._require_home(state, epoch)
            socket.caller, socket.epoch = self._caller(state, record), state.epoch
            mark = self._marked(resume, state, record)
            if mark is None:
                self._begin(socket, record, state, HELLO_RESYNC if resume else HELLO)
            else:
                await self._replay(socket, record, state, mark)
        except BaseException:
            self._live.detach(record)
            raise

    def _begin(self, socket: _Socket, record: LiveSocket, state: State, hello: bytes) -> None:
        """Open at the head of the state: nothing is told between here and there."""
        if socket.closed:
            self._live.detach(record)
            return
        record.topics = topics_of(state, record.user)
        names = [f"{record.resident}/{topic}" for topic in sorted(record.topics)]
        socket.opened = True
        socket.link.opened(socket.number, record.resident, record.user, names, guest=socket.guest)
        if self._is_gone(socket):
            self._live.detach(record)
            return
        socket.link.frame(socket.number, hello)
        self._attached(socket, record)

    def _is_gone(self, socket: _Socket) -> bool:
        """Whether it was closed while something was waited for or refused on the way."""
        return (socket.link, socket.number) not in self._sockets

    def _attached(self, socket: _Socket, record: LiveSocket) -> None:
        self._live.attach(record)
        socket.live = record
        self._presence.opened(record)
        socket.link.frame(socket.number, self._mark(socket, record))
        early, socket.early = socket.early, []
        for data in early:
            self.received(socket.link, socket.number, data)

    def _caller(self, state: State, record: LiveSocket) -> Caller:
        caller = self._proofs.caller_of_record(record.token_id, state)
        if not caller.user or caller.user != record.user:
            raise TokenInvalidError(why="no user")
        return caller

    def _require_home(self, state: State, epoch: int) -> None:
        if epoch != state.epoch:
            raise StaleEpochError(moved=self._moved(state.resident))

    # --- resuming ----------------------------------------------------------------------------------

    def _marked(self, resume: str, state: State, record: LiveSocket) -> int | None:
        """The sequence to go on from, when the token is good for this socket and not too old."""
        opened = self._seal.open(resume) if resume and len(resume) <= BYTES_MAX * 2 else None
        if opened is None:
            return None
        now_s = self._clock.now_us() // 1_000_000
        return sequence_of(opened, record.user, record.token_id, state, now_s, self._resume_events_max)

    def _mark(self, socket: _Socket, record: LiveSocket) -> bytes:
        now_s = self._clock.now_us() // 1_000_000
        said = claims(record.resident, record.user, record.token_id, socket.epoch, record.marked, now_s)
        text = self._seal.seal(said)
        return text_frame(b'{"type":"x_mark","x_resume":"%b"}' % text.encode("ascii"))

    async def _replay(self, socket: _Socket, record: LiveSocket, state: State, mark: int) -> None:
        """Say what happened since `mark`, then go live at the point reached."""
        head = state.head
        missed = await self._replays.since(state, record.user, mark)
        if missed is None:
            self._begin(socket, record, await self._live.settle(record.resident), HELLO_RESYNC)
            return
        if socket.closed:
            self._live.detach(record)
            return
        socket.opened = True
        socket.link.opened(socket.number, record.resident, record.user, (), guest=socket.guest)
        if self._is_gone(socket):
            self._live.detach(record)
            return
        socket.link.frame(socket.number, HELLO)
        while missed is not None:
            await self._say(socket, missed)
            position, state = head, await self._live.settle(record.resident)
            head = state.head
            if head == position or socket.closed:
                break
            missed = await self._replays.since(state, record.user, position)
        self._caller(state, record)
        if missed is None or self._is_gone(socket):
            self._live.detach(record)
            self._end(socket, "reset")
            return
        record.topics = topics_of(state, record.user)
        names = [f"{record.resident}/{topic}" for topic in sorted(record.topics)]
        socket.link.topics(socket.number, names, ())
        self._attached(socket, record)

    async def _say(self, socket: _Socket, missed: list[bytes]) -> None:
        """Several frames go as one: to a socket they are bytes. More than one such piece come as fast as the
        client takes them.
        """
        pieces = list(joined(missed, PIECE_BYTES))
        for piece in pieces:
            if socket.closed:
                return
            if len(pieces) == 1:
                socket.link.frame(socket.number, piece)
            elif not await socket.link.deliver(socket.number, piece, 0 if piece is pieces[-1] else AHEAD):
                self._end(socket, "slow")
                return

    # --- what clients say --------------------------------------------------------------------------

    def received(self, link: EdgeLink, number: int, data: bytes) -> None:
        """One text frame of a client. Does not wait and never raises."""
        socket = self._sockets.get((link, number))
        if socket is None:
            return
        if socket.live is None:
            if len(socket.early) < EARLY_FRAMES_MAX:
                socket.early.append(data)
            else:
                self._end(socket, "too_early")
            return
        if len(data) > FRAME_BYTES_MAX:
            self._error(link, number, None, 2, "frame too long")
            return
        try:
            frame, reply_to = read_frame(data)
        except InvalidError:
            self._error(link, number, None, 1, "not a JSON object of known members")
            return
        if frame.type not in KINDS:
            self._error(link, number, reply_to, 1, "unknown type")
        elif frame.type == "message":
            self._post(socket, frame, reply_to)
        elif frame.type == "typing":
            socket.live.active = True
            # Others are told of it: it is a time or nothing, never words.
            thread_ts = frame.thread_ts if parse_ts(frame.thread_ts) is not None else ""
            self._live.typing(socket.live, frame.channel, thread_ts)
        elif frame.type == "ping":
            link.frame(number, pong_frame(data, reply_to))
        elif frame.type == "tickle":
            self._presence.touched(socket.live)
        elif frame.type == "presence_sub":
            self._presence.subscribe(socket.live, frame.ids)
        elif frame.type == "presence_query":
            self._presence.query(socket.live, frame.ids)

    def _post(self, socket: _Socket, frame: ClientFrame, reply_to: str | None) -> None:
        link, number = socket.link, socket.number
        if not frame.text:
            self._error(link, number, reply_to, 2, "message text is missing")
            return
        if len(frame.text) > TEXT_CHARACTERS_MAX:
            self._error(link, number, reply_to, 3, "msg_too_long")
            return
        if socket.caller is None or socket.live is None:
            return
        socket.live.active = True
        said = _Said(link, number, reply_to, frame.client_msg_id)
        try:
            self._poster.post(
                socket.caller,
                channel=frame.channel,
                text=frame.text,
                thread_ts=frame.thread_ts,
                client_msg_id=frame.client_msg_id,
                origin=said,
                waiter=said,
            )
        except ColinkError as error:
            said.set_exception(error)

    def _error(self, link: EdgeLink, number: int, reply_to: str | None, code: int, text: str) -> None:
        link.frame(number, error_frame(reply_to, code, text))

    # --- closing and marks ---------------------------------------------------------------------------

    def closed(self, link: EdgeLink, number: int) -> None:
        """The edge says that a socket is gone."""
        socket = self._sockets.pop((link, number), None)
        if socket is not None:
            socket.closed = True
            if socket.live is not None:
                self._live.detach(socket.live)
                self._presence.closed(socket.live)

    def lost(self, link: EdgeLink) -> None:
        """A stream ended, with all sockets on it."""
        for key in [key for key in self._sockets if key[0] is link]:
            self.closed(*key)

    def _end(self, socket: _Socket, why: str) -> None:
        if not socket.closed:
            socket.link.close(socket.number, CLOSE_RESTART, why)
        self.closed(socket.link, socket.number)

    async def mark_all(self) -> None:
        """Give each socket that heard something since its last mark a new one. Called every 5 s."""
        for number, socket in enumerate(list(self._sockets.values()), 1):
            record = socket.live
            if record is not None and not socket.closed and (position := self._live.heard_since(record)):
                record.marked = position
                socket.link.frame(socket.number, self._mark(socket, record))
            if number % 200 == 0:
                await asyncio.sleep(0)
