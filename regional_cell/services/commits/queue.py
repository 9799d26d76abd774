"""The writer's queue: commands that can be decided now, a lane for each resident, and the count of all that
are not resolved yet.

Lanes are taken from in turns, so whoever has much waiting does not keep out who has little.

Invariants
    1. Commands of one resident leave in the order in which they came; those put back leave first.
    2. `pending` counts a command from its admission until it is resolved, wherever it waits meanwhile.
    3. At most `pending_max` are pending, `lane_max` of them of one resident. When all places are taken, the
       newest of the longest lane makes room for a shorter one.
    4. A command whose deadline has passed leaves as refused: nothing of it was or will be written.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from accord.errors import ColinkError, OverloadedError, RateLimitedError
from regional_cell.domain.decisions import Committed
from regional_cell.services.commits.commands import Command, own

FULL_RETRY_AFTER_MS = 1_000
# What a lane gives before the next one has its turn.
TURN_COMMANDS = 16
# So long after the last command of another resident, one counts as alone.
ALONE_S = 10.0


class CommandQueue:
    """Filled on the event loop, emptied by the writer alone.

    Args:
        pending_max: one more is refused by `admit`.

    Attributes:
        late: how many were refused for their deadline; refused: since there was no place.
        waited_s: how long the oldest of those taken last had waited.
    """

    def __init__(self, pending_max: int) -> None:
        self._pending_max = pending_max
        self._lane_max = max(1, pending_max // 2)
        self._lanes: dict[str, deque[Command]] = {}
        self._turns: deque[str] = deque()
        self._pending_of: dict[str, int] = {}
        self._taken_of: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._served = ""
        self._changed_s = -ALONE_S
        self.pending = 0
        self.ready = 0
        self.late = 0
        self.refused = 0
        self.waited_s = 0.0

    def admit(self, resident: str) -> None:
        """Count one more command.

        Raises:
            RateLimitedError: the resident's lane is full. OverloadedError: all are. Nothing happened to it.
        """
        pending = self._pending_of.get(resident, 0)
        if pending >= self._lane_max:
            self.refused += 1
            raise RateLimitedError(queue="writer", retry_after_ms=FULL_RETRY_AFTER_MS)
        if self.pending >= self._pending_max and not self._make_room(pending):
            self.refused += 1
            raise OverloadedError(queue="writer", retry_after_ms=FULL_RETRY_AFTER_MS)
        self._pending_of[resident] = pending + 1
        self.pending += 1

    def _make_room(self, pending: int) -> bool:
        """Refuse the newest of the longest lane, for one that would still be shorter."""
        longest = max(self._lanes.values(), key=len, default=None)
        if longest is None or len(longest) <= pending + 1:
            return False
        self.ready -= 1
        self.refused += 1
        self.fail(longest.pop(), RateLimitedError(queue="writer", retry_after_ms=FULL_RETRY_AFTER_MS))
        return self.pending < self._pending_max

    def resolve(self, command: Command, committed: Committed) -> None:
        """Tell how it ended, and count one less."""
        if self._count_off(command) and not command.waiter.done():
            command.waiter.set_result(committed)

    def fail(self, command: Command, error: ColinkError) -> None:
        """The same for one that was not committed."""
        if self._count_off(command) and not command.waiter.done():
            command.waiter.set_exception(own(error))

    def expire(self, command: Command) -> None:
        """Nobody waits for it any more: refuse it, unless it is being written."""
        if not command.writing and not command.over:
            self.late += 1
            self.fail(
                command, OverloadedError(queue="writer", why="deadline", retry_after_ms=FULL_RETRY_AFTER_MS)
            )

    def _count_off(self, command: Command) -> bool:
        """False for one that was told already."""
        if command.over:
            return False
        command.over = True
        self.pending -= 1
        left = self._pending_of[command.resident] - 1
        if left:
            self._pending_of[command.resident] = left
        else:
            del self._pending_of[command.resident]
        if self.over:
            self._wake.set()
        return True

    def add(self, commands: Iterable[Command]) -> None:
        """These can be decided now."""
        for command in commands:
            self._lane(command.resident).append(command)
            self.ready += 1
        if not self._wake.is_set():
            self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether nothing will come."""
        return self._stopping

    @property
    def over(self) -> bool:
        """Whether nothing is pending and nothing will come."""
        return self._stopping and not self.pending

    @property
    def shared(self) -> bool:
        """Whether several residents had commands of late."""
        return asyncio.get_running_loop().time() - self._changed_s < ALONE_S

    def put_back(self, commands: list[Command]) -> None:
        """These were taken and must be decided later; they come before all others of their residents."""
        for command in reversed(commands):
            self._lane(command.resident).appendleft(command)
            self.ready += 1

    def _lane(self, resident: str) -> deque[Command]:
        lane = self._lanes.get(resident)
        if lane is None:
            lane = self._lanes[resident] = deque()
            self._turns.append(resident)
        return lane

    def stop(self) -> None:
        """Nothing more will come."""
        self._stopping = True
        self._wake.set()

    def nudge(self) -> None:
        """Let `wait` return."""
        self._wake.set()

    def take(self, count_max: int) -> list[Command]:
        """What can be decided now, at most so many, in turns. What is late is refused instead."""
        taken: list[Command] = []
        while self._turns and len(taken) < count_max:
            self._turn(self._turns[0], count_max - len(taken), taken)
        if taken:
            now_s = asyncio.get_running_loop().time()
            self.waited_s = max(now_s - command.since_s for command in taken)
        return taken

    def take_few(self, count_max: int) -> list[Command]:
        """The same of residents that have no more than a turn waiting: at most so many, all of a resident or
        none.
        """
        taken: list[Command] = []
        few = [resident for resident in self._turns if len(self._lanes[resident]) <= TURN_COMMANDS]
        for resident in few:
            if len(taken) + len(self._lanes[resident]) > count_max:
                break
            self._turns.remove(resident)
            self._turns.appendleft(resident)
            self._turn(resident, count_max, taken)
        return taken

    def _turn(self, resident: str, count_max: int, taken: list[Command]) -> None:
        """Take a turn of the resident who is first, and let the next one be first."""
        now_s = asyncio.get_running_loop().time()
        if resident != self._served:
            self._changed_s = now_s if self._served else self._changed_s
            self._served = resident
        lane = self._lanes[resident]
        turn = min(TURN_COMMANDS, count_max, len(lane))
        self.ready -= turn
        self._taken_of[resident] = self._taken_of.get(resident, 0) + turn
        for _ in range(turn):
            command = lane.popleft()
            if command.is_late(now_s):
                self.expire(command)
            else:
                taken.append(command)
        if lane:
            self._turns.rotate(-1)
        else:
            self._turns.popleft()
            del self._lanes[resident]

    def ready_of(self, resident: str) -> int:
        """How many of a resident can be decided now."""
        return len(self._lanes.get(resident, ()))

    def taken(self) -> dict[str, int]:
        """How many left by resident, since this was asked last."""
        taken, self._taken_of = self._taken_of, {}
        return taken

    async def wait(self) -> None:
        """Return when something came, was nudged, or is over."""
        self._wake.clear()
        if not self.over:
            await self._wake.wait()
