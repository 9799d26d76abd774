"""Sockets whose workspace is told to slow down."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

from edge.domain.routes import CellRoute
from edge.services.sockets import SPENT_S_MAX, Sockets

LOUD, QUIET = "T000000000001", "T000000000002"
STEP_S = SPENT_S_MAX / 4


class Client:
    """A socket of a client; `reading` says whether it is read."""

    def __init__(self) -> None:
        self.reading = True
        self.paused = 0
        self.frames: list[bytes] = []

    def write(self, frames: bytes) -> int:
        self.frames.append(frames)
        return 0

    def pause(self) -> None:
        assert self.reading
        self.reading = False
        self.paused += 1

    def resume(self) -> None:
        assert not self.reading
        self.reading = True


class Stream:
    """A stream that takes everything."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def congested(self, resident: str) -> bool:
        return False

    def socket_frame(self, socket: int, resident: str, data: bytes) -> bool:
        self.taken.append(socket)
        return True

    def open_socket(self, *_: Any) -> None: ...


class Cells:
    """One cell with one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def streams(self, cell: CellRoute, resident: str, wait_s: float) -> Sequence[Stream]:
        return [self._stream]

    def ready(self, cell: CellRoute, resident: str) -> Sequence[Stream]:
        return [self._stream]


class Placement:
    """Where a workspace is."""

    epoch = 1

    def __init__(self, resident: str) -> None:
        self.resident = resident


async def opened(sockets: Any, stream: Stream, resident: str) -> tuple[int, Client]:
    client = Client()
    number = sockets.open(client, "", "", Placement(resident), None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sockets.opened(stream, number, ())
    return number, client


async def test_who_is_refused_is_not_read_for_as_long_as_that_took_and_others_are() -> None:
    ticks = itertools.count()
    loop = asyncio.get_running_loop()
    sockets: Any = Sockets(
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        now_s=lambda: next(ticks) * STEP_S,
        soon=loop.call_soon,
        spawn=asyncio.ensure_future,
        retry_ms=lambda: 0,
    )
    stream = Stream()
    sockets.attach(Cells(stream))
    (first, loud), (second, other) = [await opened(sockets, stream, resident) for resident in (LOUD, QUIET)]
    sockets.limited(stream, LOUD, 1)
    message = b'{"id":1,"type":"message"}'
    for _ in range(4):
        sockets.received(first, message)
        sockets.received(second, message)
    assert loud.reading
    for _ in range(40):
        sockets.received(first, message)
        sockets.received(second, message)
    assert (loud.reading, loud.paused, other.paused) == (False, 1, 0)
    assert stream.taken == [second] * 44
    async with asyncio.timeout(10):
        while not loud.reading:  # noqa: ASYNC110 (the time is the test's own)
            await asyncio.sleep(SPENT_S_MAX / 4)
    assert b"".join(loud.frames).count(b"ratelimited") == 44
