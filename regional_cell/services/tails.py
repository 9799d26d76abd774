"""Tails: consumers of the logs with a durable position, run by the leading process of a cell.

Invariants
    1. A tail sees every event of every resident, in order of sequence, at least once; a handler moves its
       position in the same transaction as its effect, so an effect happens once.
    2. A ring wakes a tail; without one it looks by itself after `idle_s`, so a lost ring costs time only.
    3. A failing resident holds up nobody else, and is tried again after a growing pause.
    4. Events that this process committed itself are handed over in memory, as long as they follow each other
       and are few; for all others, and whenever in doubt, the log is read.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from regional_cell.ports.log import Doorbell, Log, Sealer

PAGE_EVENTS = 256
RECENT_EVENTS_MAX = 4_096
POSITIONS_MAX = 4_096
BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 10.0


class TailHandler(Protocol):
    """What a tail does with events."""

    @property
    def name(self) -> str:
        """For metrics and logs."""

    async def position(self, resident: str) -> int:
        """The sequence up to which this resident is done, durable; 0 at first."""

    async def positions(self) -> Mapping[str, int]:
        """The same of all residents, in one question; who is missing in it is at 0."""

    async def consume(self, resident: str, through: int, events: Sequence[Event]) -> None:
        """Take effect and move the position to `through`, in one transaction. Repeatable.

        Redacted entries are missing from `events`; `through` covers them.
        """


class TailRunner:
    """Runs one handler over all residents of the cell. `start` and `stop` belong to the leader.

    Args:
        idle_s: how long it sleeps without a ring before it looks at all residents again.
        pace_s: time between two rounds over what was rung, so that under load a page holds many events.
    """

    def __init__(
        self, handler: TailHandler, log: Log, sealer: Sealer, doorbell: Doorbell, *, idle_s: float = 5.0,
        pace_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._handler, self._log, self._sealer = handler, log, sealer
        self._idle_s, self._pace_s = idle_s, pace_s
        self._wanted: set[str] = set()
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._lag: dict[str, int] = {}
        self._retries: dict[str, asyncio.TimerHandle] = {}
        self._recent: dict[str, list[Event]] = {}
        self._recent_count = 0
        self._done: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        doorbell.listen(self._hear)

    @property
    def name(self) -> str:
        """The handler's name."""
        return self._handler.name

    @property
    def lag_events(self) -> int:
        """Events known to be in the logs and not done, over all residents seen."""
        return sum(self._lag.values())

    @property
    def failing(self) -> tuple[str, ...]:
        """Residents whose last attempt failed."""
        return tuple(sorted(self._failures))

    async def start(self) -> None:
        """Begin, with a look at every resident."""
        self._stopping = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Finish the page at hand, then end."""
        self._stopping = True
        self._wake.set()
        for retry in self._retries.values():
            retry.cancel()
        self._retries.clear()
        self._forget_recent()
        if self._task is not None:
            await self._task
            self._task = None

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        """As `ports.LiveFeed`: keep what was committed here, until it is consumed."""
        if self._task is None or self._stopping:
            return
        if self._recent_count + len(events) > RECENT_EVENTS_MAX:
            self._forget_recent()
            return
        kept = self._recent.setdefault(state.resident, [])
        if kept and kept[-1].sequence + 1 != events[0][0].sequence:
            self._recent_count -= len(kept)
            kept.clear()
        kept.extend([event for event, _ in events])
        self._recent_count += len(events)

    def _forget_recent(self) -> None:
        self._recent.clear()
        self._recent_count = 0

    def _take_recent(self, resident: str, done: int) -> list[Event]:
        """What is kept of the resident, if it goes on from `done` without a gap; else nothing."""
        kept = self._recent.pop(resident, [])
        self._recent_count -= len(kept)
        if not kept or not kept[0].sequence <= done + 1 <= kept[-1].sequence:
            return []
        return kept[done + 1 - kept[0].sequence :]

    def _hear(self, resident: str, head: int) -> None:
        if self._task is not None and not self._stopping:
            self._wanted.add(resident)
            self._wake.set()

    async def _run(self) -> None:
        await self._look()
        while not self._stopping:
            if not self._wanted:
                self._wake.clear()
                try:
                    await asyncio.wait_for(self._wake.wait(), self._idle_s)
                except TimeoutError:
                    await self._look()
                continue
            wanted, self._wanted = self._wanted, set()
            for resident in wanted:
                if resident not in self._retries and not self._stopping:
                    await self._attempt(resident)
            if self._pace_s and not self._stopping:
                await asyncio.sleep(self._pace_s)

    async def _look(self) -> None:
        """Want every resident whose log is ahead of the handler. A store that does not answer is asked again
        later.
        """
        try:
            records, positions = await self._log.residents(), await self._handler.positions()
            for record in records:
                done = positions.get(record.resident, 0)
                self._lag[record.resident] = max(0, record.head - done)
                if record.head > done:
                    self._wanted.add(record.resident)
        except Exception as error:
            self._report(error)

    async def _attempt(self, resident: str) -> None:
        try:
            await self._follow(resident)
            self._failures.pop(resident, None)
        except Exception as error:
            self._done.pop(resident, None)
            self._report(error)
            failures = self._failures[resident] = self._failures.get(resident, 0) + 1
            pause_s = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2 ** min(failures, 16))
            self._retries[resident] = asyncio.get_running_loop().call_later(pause_s, self._retry, resident)

    def _retry(self, resident: str) -> None:
        self._retries.pop(resident, None)
        self._wanted.add(resident)
        self._wake.set()

    async def _follow(self, resident: str) -> None:
        """Consume until the log ends."""
        done = self._done.pop(resident, None)
        if done is None:
            done = await self._handler.position(resident)
        while not self._stopping:
            if events := self._take_recent(resident, done):
                through, more = events[-1].sequence, False
            else:
                entries = await self._log.read(resident, done, PAGE_EVENTS)
                if not entries:
                    break
                events = [self._sealer.open_event(entry) for entry in entries if entry.sealed is not None]
                through, more = entries[-1].sequence, len(entries) == PAGE_EVENTS
            await self._handler.consume(resident, through, events)
            done = through
            if not more:
                break
        self._lag.pop(resident, None)
        if len(self._done) >= POSITIONS_MAX:
            self._done.clear()
        self._done[resident] = done

    def _report(self, error: Exception) -> None:
        context = {"message": f"tail {self._handler.name} failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
