"""Tails: consumers of the logs with a durable position, run by the leading process of a cell.

Invariants
    1. A tail sees every event of every resident, in order of sequence, at least once; a handler moves its
       position in the same transaction as its effect, so an effect happens once.
    2. A ring wakes a tail; without one it looks by itself after `idle_s`, so a lost ring costs time only.
    3. A failing resident holds up nobody else, and is tried again after a growing pause.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from regional_cell.domain.events import Event
from regional_cell.ports.commits import Commits
from regional_cell.ports.log import Doorbell, Log

PAGE_EVENTS = 256
BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 10.0


class TailHandler(Protocol):
    """What a tail does with events."""

    @property
    def name(self) -> str:
        """For metrics and logs."""

    async def position(self, resident: str) -> int:
        """The sequence up to which this resident is done, durable; 0 at first."""

    async def consume(self, resident: str, through: int, events: Sequence[Event]) -> None:
        """Take effect and move the position to `through`, in one transaction. Repeatable.

        Redacted entries are missing from `events`; `through` covers them.
        """


class TailRunner:
    """Runs one handler over all residents of the cell. `start` and `stop` belong to the leader.

    Args:
        idle_s: how long it sleeps without a ring before it looks at all residents again.
    """

    def __init__(
        self, handler: TailHandler, log: Log, commits: Commits, doorbell: Doorbell, idle_s: float = 5.0
    ) -> None:
        self._handler, self._log, self._commits = handler, log, commits
        self._idle_s = idle_s
        self._wanted: set[str] = set()
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._lag: dict[str, int] = {}
        self._retries: dict[str, asyncio.TimerHandle] = {}
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
        if self._task is not None:
            await self._task
            self._task = None

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
            resident = self._wanted.pop()
            if resident not in self._retries:
                await self._attempt(resident)

    async def _look(self) -> None:
        """Want every resident whose log is ahead of the handler. A store that does not answer is asked again
        later.
        """
        try:
            for record in await self._log.residents():
                done = await self._handler.position(record.resident)
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
        while not self._stopping:
            done = await self._handler.position(resident)
            entries = await self._log.read(resident, done, PAGE_EVENTS)
            if not entries:
                self._lag.pop(resident, None)
                return
            through = entries[-1].sequence
            events = await self._commits.read(resident, done, len(entries))
            await self._handler.consume(resident, through, [one for one in events if one.sequence <= through])
            if len(entries) < PAGE_EVENTS:
                self._lag.pop(resident, None)
                return

    def _report(self, error: Exception) -> None:
        context = {"message": f"tail {self._handler.name} failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
