"""States held in this process: loaded once, caught up from the log, let go when nobody needs them.

Invariants
    1. A state changes on the event loop alone, one event after the other, and never by events of others
       while a batch of its resident is on its way (`flight`).
    2. A resident is loaded or caught up by one task at a time; commands that need it wait in order.
    3. The live feed hears every event folded here, once, in order.
    4. At most `held_max` states are held, apart from those that are in use.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence

from accord.errors import ColinkError, NotReadyError, UnknownResidentError
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.domain.views.apply import apply
from regional_cell.ports.log import Log, Sealer
from regional_cell.ports.views import Views
from regional_cell.services.commits.commands import Command

PAGE_EVENTS = 512
EVICTED_MAX = 8

Told = Sequence[tuple[Event, object | None]]


class Held:
    """A resident in use: its state once loaded, and the commands that wait for it."""

    __slots__ = ("flight", "loading", "pins", "stale", "state", "waiting")

    def __init__(self) -> None:
        self.state: State | None = None
        self.stale = False
        self.loading: asyncio.Task[None] | None = None
        self.flight: asyncio.Future[None] | None = None
        self.waiting: list[Command] = []
        self.pins = 0

    @property
    def ready(self) -> bool:
        """Whether commands can be decided against the state now."""
        return self.state is not None and not self.stale and self.loading is None

    def quiet_at(self, state: State) -> bool:
        """Whether this is still the state here, and no batch on its way."""
        return self.state is state and self.flight is None

    @property
    def busy(self) -> bool:
        """Whether somebody would miss it."""
        return bool(self.pins or self.waiting) or self.loading is not None or self.flight is not None


class States:
    """The states of one process.

    Args:
        tell: hears (state, events) after a fold of what others wrote.
        go_on: gets the commands that waited, once their state is there; fail: gets each when it cannot be.
    """

    def __init__(
        self, log: Log, views: Views, sealer: Sealer, held_max: int, *, tell: Callable[[State, Told], None],
        go_on: Callable[[list[Command]], None], fail: Callable[[Command, ColinkError], None],
    ) -> None:  # fmt: skip
        self._log, self._views, self._sealer = log, views, sealer
        self._held_max = held_max
        self._tell, self._go_on, self._fail = tell, go_on, fail
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self, resident: str) -> Held:
        """The resident's place, made when there is none; the longest unused ones are let go."""
        held = self._held.get(resident)
        if held is not None:
            self._held.move_to_end(resident)
            return held
        held = self._held[resident] = Held()
        for _ in range(min(EVICTED_MAX, len(self._held) - self._held_max)):
            oldest = next(iter(self._held))
            if self._held[oldest].busy or oldest == resident:
                self._held.move_to_end(oldest)
            else:
                del self._held[oldest]
        return held

    def find(self, resident: str) -> Held | None:
        """The resident's place, if there is one."""
        return self._held.get(resident)

    def wait(self, commands: list[Command]) -> None:
        """Let commands of one resident wait, ahead of those that wait already, until its state is loaded or
        current.
        """
        held = self.hold(commands[0].resident)
        held.waiting[:0] = commands
        self.load(commands[0].resident, held)

    def wait_last(self, command: Command) -> None:
        """Let a command wait behind those that wait already."""
        held = self.hold(command.resident)
        held.waiting.append(command)
        self.load(command.resident, held)

    def load(self, resident: str, held: Held) -> asyncio.Task[None]:
        """Load or catch up; waiting commands go on afterwards, or fail with it."""
        if held.loading is None:
            held.loading = self.spawn(self._load(resident, held))
        return held.loading

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run beside; ended by `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    async def stop(self) -> None:
        """End what runs beside."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def catch_up(self, resident: str, held: Held) -> None:
        """Fold what others wrote. On return the state is at a head not older than the call."""
        record = await self._log.record(resident)
        while True:
            state = held.state
            if record is None or state is None:
                raise UnknownResidentError(resident=resident)
            if record.head == state.head:
                state.epoch, state.lifecycle = record.epoch, record.state
            if record.head <= state.head:
                return
            if held.flight is not None:
                await asyncio.shield(held.flight)
                continue
            entries = await self._log.read(resident, state.head, PAGE_EVENTS)
            if any(entry.sealed is None for entry in entries):
                # A redacted entry cannot be folded; the views hold what came of it.
                fresh = await self._views.state(resident)
                if fresh is not None and held.quiet_at(state) and fresh.head > state.head:
                    held.state = fresh
            elif held.quiet_at(state):
                self._fold(state, [self._sealer.open_event(entry) for entry in entries])

    def _fold(self, state: State, events: list[Event]) -> None:
        fresh = [event for event in events if event.sequence > state.head]
        if fresh:
            state.fold(fresh, [change for event in fresh for change in apply(event)])
            self._tell(state, [(event, None) for event in fresh])

    async def _load(self, resident: str, held: Held) -> None:
        failure: ColinkError = NotReadyError(resident=resident, why="state")
        done = False
        try:
            if held.state is None:
                held.state = await self._views.state(resident)
                if held.state is None:
                    raise UnknownResidentError(resident=resident)
            else:
                await self.catch_up(resident, held)
            held.stale = False
            done = True
        except ColinkError as error:
            failure = error
            raise
        except Exception as error:
            raise failure from error
        finally:
            held.loading = None
            waiting, held.waiting = held.waiting, []
            if done:
                self._go_on(waiting)
            else:
                if held.state is None and not held.pins and self._held.get(resident) is held:
                    del self._held[resident]
                for command in waiting:
                    self._fail(command, failure)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()
