"""What waits to be written on a stream: frames gathered into batches, a lane for each workspace.

Lanes give a piece each in turns, so a frame of a workspace that says little never waits behind all that
another has said. While one workspace alone speaks there is one lane, whose piece is the batch: nothing is
copied.

Invariants
    1. Frames of one lane leave in the order in which they came; a batch has at most `BATCH_BYTES_MAX` bytes
       unless one frame is larger.
    2. A mark is called when the batch that holds its frame is about to be written, never later: what is not
       marked was provably not written.
    3. While several workspaces speak, a piece and a batch are small (`PIECE_BYTES`, `SHARED_BYTES`, unless
       one frame is larger), and a lane waits at most for one piece of each other lane.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from accord.runtime.pace import Pace
from accord.wire.cell.v1 import gateway_pb2 as wire

BATCH_BYTES_MAX = 1024 * 1024 - 4_096
PIECE_BYTES, SHARED_BYTES = 16 * 1024, 32 * 1024
# So long after another workspace spoke, one counts as alone.
ALONE_S = 10.0
# Fewer frames in a batch say nothing about who is loud.
TELLING_FRAMES = 4
# The lane of calls, and of what belongs to no workspace.
COMMON = ""


class _Piece:
    __slots__ = ("batch", "marks", "size")

    def __init__(self) -> None:
        self.batch = wire.EdgeBatch()
        self.marks: list[Callable[[], None]] = []
        self.size = 0


class _Lane:
    """Pieces in the order in which they leave; the last one is filled."""

    __slots__ = ("pieces", "waiting_bytes")

    def __init__(self) -> None:
        self.pieces: deque[_Piece] = deque((_Piece(),))
        self.waiting_bytes = 0


class Outbox:
    """Fill with `put` or `add`; the stream's writer takes batches with `take`.

    Args:
        pace: between two batches while frames keep coming.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._turns: deque[str] = deque()
        self._piece_bytes = self._batch_bytes = BATCH_BYTES_MAX
        self._spoke, self._changed_s = COMMON, -ALONE_S
        self._loud = COMMON
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self._pace = pace or Pace(0.0, 0)
        self.waiting_bytes = 0

    def put(self, frame: wire.EdgeFrame, size: int, mark: Callable[[], None] | None = None) -> None:
        """Add a frame of about `size` bytes that somebody waits for."""
        self.hurried(size, mark).CopyFrom(frame)

    def hurried(
        self, size: int, mark: Callable[[], None] | None = None, lane: str = COMMON
    ) -> wire.EdgeFrame:
        """As `put`, to be filled at once: two copies less."""
        frame = self.add(size, lane)
        self._pace.hurry()
        if mark is not None:
            self._lanes[lane].pieces[-1].marks.append(mark)
        return frame

    def add(self, size: int, lane: str = COMMON) -> wire.EdgeFrame:
        """A new last frame of its lane, of about `size` bytes, to be filled at once: two copies less. It may
        wait for the pace.
        """
        its = self._lanes.get(lane)
        if its is None:
            its = self._open(lane)
        piece = its.pieces[-1]
        if piece.size and piece.size + size > self._piece_bytes:
            piece = _Piece()
            its.pieces.append(piece)
        piece.size += size
        its.waiting_bytes += size
        self.waiting_bytes += size
        if not self._came.is_set():
            self._came.set()
        return piece.batch.frames.add()

    def _open(self, name: str) -> _Lane:
        lane = self._lanes[name] = _Lane()
        self._turns.append(name)
        if name != COMMON:
            now_s = asyncio.get_running_loop().time()
            if name != self._spoke:
                self._changed_s = now_s if self._spoke != COMMON else self._changed_s
                self._spoke = name
            shared = now_s - self._changed_s < ALONE_S
            self._piece_bytes = PIECE_BYTES if shared else BATCH_BYTES_MAX
            self._batch_bytes = SHARED_BYTES if shared else BATCH_BYTES_MAX
            if self._loud not in (COMMON, name):
                # The pace is for whoever says much; it is nothing that somebody else should wait for.
                self._pace.hurry()
        return lane

    async def take(self) -> wire.EdgeBatch:
        """The next batch, as soon as there is one; its marks are called."""
        while True:
            while not self._turns:
                self._came.clear()
                await self._came.wait()
            await self._pace.wait()
            if self._turns:  # they may have been released meanwhile
                break
        batch, marks = self._next()
        self._pace.began(len(batch.frames))
        self._left.set()
        for mark in marks:
            mark()
        return batch

    def _next(self) -> tuple[wire.EdgeBatch, list[Callable[[], None]]]:
        """A piece of each lane in turns, as far as they fit."""
        taken: _Piece | None = None
        by_lane: dict[str, int] = {}
        while self._turns:
            name = self._turns[0]
            lane = self._lanes[name]
            piece = lane.pieces[0]
            if taken is not None and taken.size + piece.size > self._batch_bytes:
                break
            lane.pieces.popleft()
            lane.waiting_bytes -= piece.size
            self.waiting_bytes -= piece.size
            by_lane[name] = by_lane.get(name, 0) + piece.size
            if lane.pieces:
                self._turns.rotate(-1)
            else:
                self._turns.popleft()
                del self._lanes[name]
            if taken is None:
                taken = piece
            else:
                taken.batch.MergeFrom(piece.batch)
                taken.marks += piece.marks
                taken.size += piece.size
        assert taken is not None, "asked for when there is something"
        if len(taken.batch.frames) >= TELLING_FRAMES:
            loudest = max(by_lane, key=by_lane.__getitem__)
            self._loud = loudest if 2 * by_lane[loudest] > taken.size else COMMON
        return taken.batch, taken.marks

    def waiting_of(self, lane: str) -> int:
        """Bytes that wait in a lane."""
        its = self._lanes.get(lane)
        return its.waiting_bytes if its is not None else 0

    async def room(self, bytes_max: int, lane: str | None = None) -> None:
        """Wait until at most `bytes_max` bytes wait, in a lane or in all."""
        while (self.waiting_bytes if lane is None else self.waiting_of(lane)) > bytes_max:
            self._left.clear()
            await self._left.wait()

    def release(self) -> None:
        """The stream is gone: let go whoever waits for room."""
        self.waiting_bytes = 0
        self._lanes.clear()
        self._turns.clear()
        self._left.set()
