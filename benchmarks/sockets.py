"""Sockets for measurements: thousands in one process. They count marks in whatever arrives, and parse
nothing.

Written by hand, because a library hands over frame by frame, and a client that works per frame would be the
slowest part: a send to a channel of 100 is 100 frames here. Frames are not compressed and bodies come back
unescaped, so a count of the mark is the count of deliveries.

A message's text is `~AT:<16 digits>`, its intended time in microseconds, padded to 200 bytes.
"""

import asyncio
import base64
import os
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from benchmarks import http
from benchmarks.product import Room, host_of

MARK = b'"text":"~AT:'
ANSWER = b'"reply_to":'
REFUSAL = b'"ok":false'
TIMED = re.compile(re.escape(MARK) + rb"(\d{16})")
PING, PONG = b"\x89\x00", b"\x8a\x80\0\0\0\0"
# The longest thing that is looked for: what is kept of one arrival for the next, less one byte.
LONGEST = len(MARK) + 16
TEXT_BYTES = 200
CONNECTS_AT_ONCE = 32
# Beyond `net.core.rmem_max`, for root; Linux's number, which Python does not name.
SO_RCVBUFFORCE = 33
HELLO_S_MAX = 60.0


def now_us() -> int:
    """Microseconds of the process's monotonic clock."""
    return time.perf_counter_ns() // 1_000


def masked(payload: bytes) -> bytes:
    """A client's text frame; the mask is zero, so that the payload stays as it is (RFC 6455, 5.3)."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Counter:
    """Occurrences of a word in a stream that arrives in pieces."""

    def __init__(self, word: bytes) -> None:
        self.word = word
        self.count = 0
        self._tail = b""

    def feed(self, data: bytes) -> int:
        """How many ended in this piece."""
        keep = len(self.word) - 1
        # A word across the border lies in the old end and the new beginning; neither alone can hold a whole
        # one there.
        found = data.count(self.word) + (self._tail + data[:keep]).count(self.word)
        self._tail = (self._tail + data)[-keep:] if len(data) < keep else data[-keep:]
        self.count += found
        return found


TAKEN_IN_BYTES = 16 * 1024 * 1024
"""For a member that stands still longer than a server holds what is not read."""


class Member(asyncio.Protocol):
    """One member's socket.

    Attributes:
        delivered: messages that arrived.
        answered, refused: answers to own frames.
        on_answers: told how many own frames were answered, once per arrival.
        times_us: with `timed`, from each message's intended time to its arrival.
        order: with `timed`, a checksum over the messages in the order of arrival.
    """

    def __init__(self, *, timed: bool = False) -> None:
        self.timed = timed
        self.hello: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.delivered = 0
        self.answered = 0
        self.refused = 0
        self.sent = 0
        self.order = 0
        self.times_us: list[int] = []
        self.on_answers: Callable[[int], None] | None = None
        self.on_text: Callable[[bytes], None] | None = None
        self._channel = b""
        self._run = os.urandom(5).hex().encode()
        self._marks, self._answers, self._refusals = Counter(MARK), Counter(ANSWER), Counter(REFUSAL)
        self._tail = b""
        self._arrived: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected; `open_socket` sends the upgrade."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server closed, or died."""
        for future in (self.hello, self.lost):
            if not future.done():
                future.set_exception(exc or ConnectionResetError("closed by the server"))
                future.exception()

    def start(self, url: str) -> None:
        """Ask for the upgrade."""
        assert self._transport is not None
        host, port, path = host_of(url)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    async def has(self, messages: int) -> None:
        """Wait until so many were delivered. Raises ConnectionError when the socket ends before."""
        while self.delivered < messages:
            arrived = self._arrived = asyncio.get_running_loop().create_future()
            await asyncio.wait((arrived, self.lost), return_when=asyncio.FIRST_COMPLETED)
            if self.lost.done():
                raise ConnectionResetError("the socket ended first")

    def close(self) -> None:
        """End the socket."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Be gone at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Whatever arrived, at once. A ping stands in no text: those are ASCII."""
        if PING in data and self._transport is not None:
            self._transport.write(PONG)
        if not self.hello.done() and b'"hello"' in data:
            self.hello.set_result(None)
        if self.timed:
            self._time(data)
        else:
            self.delivered += self._marks.feed(data)
        if self.sent:
            answers = self._answers.feed(data)
            self.answered += answers
            self.refused += self._refusals.feed(data)
            if answers and self.on_answers is not None:
                self.on_answers(answers)
        if self.on_text is not None:
            self.on_text(data)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _time(self, data: bytes) -> None:
        arrived_us = now_us()
        whole = self._tail + data
        end = 0
        for found in TIMED.finditer(whole):
            self.times_us.append(arrived_us - int(found[1]))
            self.order = zlib.crc32(found[1], self.order)
            self.delivered += 1
            end = found.end()
        self._tail = whole[max(end, len(whole) - LONGEST + 1) :]

    def take_in(self, size_bytes: int) -> None:
        """Let the kernel take in so much that is not read yet, or as much as it allows to this process."""
        assert self._transport is not None
        mine = self._transport.get_extra_info("socket")
        try:
            mine.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size_bytes)
        except OSError:
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size_bytes)

    def speak_in(self, channel: str) -> None:
        """Name the channel of what is sent from now on."""
        self._channel = channel.encode()

    def send(self, intended_us: int, count: int = 1) -> None:
        """Send messages in one write. Raises ConnectionResetError when the socket has ended."""
        if self._transport is None or self.lost.done():
            raise ConnectionResetError("the socket ended")
        frames = [self._frame(self.sent + place, intended_us) for place in range(1, count + 1)]
        self.sent += count
        self._transport.write(b"".join(frames))

    def _frame(self, number: int, intended_us: int) -> bytes:
        text = (b"~AT:%016d " % intended_us).ljust(TEXT_BYTES, b"x")
        return masked(
            b'{"id":%d,"type":"message","channel":"%b","client_msg_id":"%b-%d","text":"%b"}'
            % (number, self._channel, self._run, number, text)
        )


async def open_socket(url: str, member: Member) -> None:
    """Open a socket at its address and wait for the greeting. Raises OSError, TimeoutError."""
    host, port, _ = host_of(url)
    await asyncio.get_running_loop().create_connection(lambda: member, host, port)
    member.start(url)
    await asyncio.wait_for(asyncio.shield(member.hello), HELLO_S_MAX)


async def connect(apis: Sequence[str], rooms: Iterable[Room], timed: int) -> list[list[Member]]:
    """Sockets for the members of rooms, spread over the edges; the first `timed` sockets time what arrives.

    Returns:
        Room by room, in the order of the members.
    """
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)

    async def one(place: int, room: Room, token: str) -> Member:
        async with gate:
            answer = await http.call(apis[place % len(apis)], "rtm.connect", token)
            member = Member(timed=place < timed)
            member.speak_in(room.channel)
            await open_socket(answer["url"], member)
            return member

    made: list[list[asyncio.Task[Member]]] = []
    place = 0
    async with asyncio.TaskGroup() as group:
        for room in rooms:
            made.append([])
            for token in room.tokens:
                made[-1].append(group.create_task(one(place, room, token)))
                place += 1
    return [[task.result() for task in tasks] for tasks in made]
