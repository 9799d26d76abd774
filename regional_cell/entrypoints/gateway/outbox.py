"""What waits to be written to an edge: frames gathered into batches, within bounds.

Invariants
    1. Frames leave in the order in which they were put.
    2. A batch has at most `BATCH_BYTES_MAX` bytes; a larger frame cannot be put.
    3. What waits is bounded: beyond `bytes_max` the outbox is over, and its stream ends. A stuck edge costs
       no more.
    4. Once the edge has spoken of credit, no more is written than it allowed.
"""

import asyncio
from collections import deque

from accord.runtime.pace import Pace
from accord.wire.cell.v1 import gateway_pb2 as wire

BATCH_BYTES_MAX = 1024 * 1024 - 4_096
FRAME_BYTES_MAX = BATCH_BYTES_MAX


class Outbox:
    """Fill with `put` or `add`; the stream's writer takes batches with `take`.

    Args:
        pace: between two batches while frames keep coming.
    """

    def __init__(self, bytes_max: int, pace: Pace | None = None) -> None:
        self._bytes_max = bytes_max
        self._full: deque[tuple[wire.CellBatch, int]] = deque()
        self._batch = wire.CellBatch()
        self._size = 0
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._credit: int | None = None
        self._pace = pace or Pace(0.0, 0)
        self.waiting_bytes = 0
        self.over = False

    def put(self, frame: wire.CellFrame, size: int) -> None:
        """Add a frame of about `size` bytes that somebody waits for; dropped once the outbox is over, since
        the stream is lost then.
        """
        if (added := self.hurried(size)) is not None:
            added.CopyFrom(frame)

    def hurried(self, size: int) -> wire.CellFrame | None:
        """As `put`, to be filled at once: two copies less."""
        added = self.add(size)
        if added is not None:
            self._pace.hurry()
        return added

    def add(self, size: int) -> wire.CellFrame | None:
        """A new last frame of about `size` bytes, to be filled at once; None once the outbox is over. It may
        wait for the pace.
        """
        if self.over:
            return None
        if self.waiting_bytes + size > self._bytes_max or size > FRAME_BYTES_MAX:
            self.end()
            return None
        if self._size and self._size + size > BATCH_BYTES_MAX:
            self._seal()
        self._size += size
        self.waiting_bytes += size
        if not self._came.is_set():
            self._came.set()
        return self._batch.frames.add()

    def allow(self, size: int) -> None:
        """The edge is ready for so many bytes in addition."""
        self._credit = size if self._credit is None else self._credit + size
        self._came.set()

    def end(self) -> None:
        """Nothing more will be taken in; the writer stops."""
        self.over = True
        self._came.set()
        self._left.set()

    async def take(self) -> wire.CellBatch | None:
        """The next batch, as soon as there is one and it may be written; None when the outbox is over."""
        while not self.over:
            if (self._full or self._size) and (self._credit is None or self._credit > 0):
                await self._pace.wait()
                return self._next()
            self._came.clear()
            await self._came.wait()
        return None

    def _next(self) -> wire.CellBatch:
        if not self._full:
            self._seal()
        batch, size = self._full.popleft()
        self._pace.began(len(batch.frames))
        self.waiting_bytes -= size
        if self._credit is not None:
            self._credit -= size
        self._left.set()
        return batch

    async def room(self, bytes_max: int) -> None:
        """Wait until fewer than `bytes_max` bytes wait, or the outbox is over."""
        while self.waiting_bytes > bytes_max and not self.over:
            self._left.clear()
            await self._left.wait()

    def flushed(self) -> bool:
        """Whether everything was taken."""
        return not self._full and not self._size

    def _seal(self) -> None:
        self._full.append((self._batch, self._size))
        self._batch, self._size = wire.CellBatch(), 0
