"""What waits to be written on a stream: frames gathered into batches as they come.

Invariants
    1. Frames leave in the order in which they came; a batch has at most `BATCH_BYTES_MAX` bytes unless one
       frame is larger.
    2. A mark is called when the batch that holds its frame is about to be written, never later: what is not
       marked was provably not written.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from accord.runtime.pace import Pace
from accord.wire.cell.v1 import gateway_pb2 as wire

BATCH_BYTES_MAX = 1024 * 1024 - 4_096


class Outbox:
    """Fill with `put` or `add`; the stream's writer takes batches with `take`.

    Args:
        pace: between two batches while frames keep coming.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._full: deque[tuple[wire.EdgeBatch, list[Callable[[], None]], int]] = deque()
        self._batch = wire.EdgeBatch()
        self._marks: list[Callable[[], None]] = []
        self._size = 0
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._pace = pace or Pace(0.0, 0)
        self.waiting_bytes = 0

    def put(self, frame: wire.EdgeFrame, size: int, mark: Callable[[], None] | None = None) -> None:
        """Add a frame of about `size` bytes that somebody waits for."""
        self.hurried(size, mark).CopyFrom(frame)

    def hurried(self, size: int, mark: Callable[[], None] | None = None) -> wire.EdgeFrame:
        """As `put`, to be filled at once: two copies less."""
        frame = self.add(size)
        self._pace.hurry()
        if mark is not None:
            self._marks.append(mark)
        return frame

    def add(self, size: int) -> wire.EdgeFrame:
        """A new last frame of about `size` bytes, to be filled at once: two copies less. It may wait for the
        pace.
        """
        if self._size and self._size + size > BATCH_BYTES_MAX:
            self._seal()
        self._size += size
        self.waiting_bytes += size
        if not self._came.is_set():
            self._came.set()
        return self._batch.frames.add()

    async def take(self) -> wire.EdgeBatch:
        """The next batch, as soon as there is one; its marks are called."""
        while not self._full and not self._size:
            self._came.clear()
            await self._came.wait()
        await self._pace.wait()
        if not self._full:
            self._seal()
        batch, marks, size = self._full.popleft()
        self._pace.began(len(batch.frames))
        self.waiting_bytes -= size
        self._left.set()
        for mark in marks:
            mark()
        return batch

    async def room(self, bytes_max: int) -> None:
        """Wait until fewer than `bytes_max` bytes wait."""
        while self.waiting_bytes > bytes_max:
            self._left.clear()
            await self._left.wait()

    def release(self) -> None:
        """The stream is gone: let go whoever waits for room."""
        self.waiting_bytes = 0
        self._left.set()

    def _seal(self) -> None:
        self._full.append((self._batch, self._marks, self._size))
        self._batch, self._marks, self._size = wire.EdgeBatch(), [], 0
