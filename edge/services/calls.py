"""Forwards calls to home cells: one breaker per cell, one follow of a move, retries only of what was never
written.

Invariants
    1. A call that was written and not answered is OUTCOME_UNKNOWN and never sent again.
    2. A move is followed once, and only to a proven higher epoch.
    3. Every wait ends at the caller's deadline.
    4. What is tried again at another process of a cell is bounded by that cell's budget.
"""

from dataclasses import replace

from accord.clock import Clock
from accord.errors import HomeUnreachableError, OutcomeUnknownError, StaleEpochError
from accord.retries import RetryBudget
from edge.domain.breaker import Breaker
from edge.domain.enforcement import TRANSIT
from edge.domain.routes import CellRoute, Placement
from edge.ports import CallAnswer, CallRequest, Cells, Router, Transit
from residency_policies.points import Point

RETRY_AFTER_MS = 1_000


class Calls:
    """Calls to residents' home cells.

    Args:
        wait_s: how long a call may wait for a first stream to its cell.
        deadline_s: of a call that names none, or a later one.
    """

    def __init__(
        self,
        router: Router,
        cells: Cells,
        transit: Transit,
        clock: Clock,
        *,
        wait_s: float = 1.5,
        deadline_s: float = 10.0,
    ) -> None:
        self._router, self._cells, self._transit, self._clock = router, cells, transit, clock
        self._wait_s = wait_s
        self._deadline_s = deadline_s
        self._breakers: dict[str, Breaker] = {}
        self._budgets: dict[str, RetryBudget] = {}

    def reached(self, cell: str) -> None:
        """A process of the cell has just greeted this edge: what failed before says nothing any more."""
        if (breaker := self._breakers.get(cell)) is not None:
            breaker.answered()

    async def admit(self, resident: str, *more: Point) -> tuple[Placement, CellRoute]:
        """Resolve a resident and decide whether this edge may see its plaintext, and what `more` points ask.

        Raises:
            UnknownResidentError, NotReadyError, WrongEdgeError
        """
        placement = await self._router.resolve(resident)
        cell = self._router.home(placement)
        for point in (TRANSIT, *more):
            self._transit.check(placement, cell, point)
        return placement, cell

    async def forward(
        self, placement: Placement, cell: CellRoute, request: CallRequest, deadline_s: float | None = None
    ) -> CallAnswer:
        """Ask the home cell, follow a move once.

        Raises:
            HomeUnreachableError, OverloadedError: nothing was written. OutcomeUnknownError.
            StaleEpochError: moved
                without proof, or twice. NotReadyError, WrongEdgeError: of the new home.
        """
        until_s = self._clock.monotonic_s() + min(deadline_s or self._deadline_s, self._deadline_s)
        answer = await self._ask(cell, request, until_s)
        if answer.moved is None:
            return answer
        entry = await self._router.repair(answer.moved, placement)
        if entry is None or entry.epoch <= placement.epoch:
            raise StaleEpochError(retry_after_ms=RETRY_AFTER_MS)
        home = self._router.home(entry)
        self._transit.check(entry, home, TRANSIT)
        answer = await self._ask(home, _at_epoch(request, entry.epoch), until_s)
        if answer.moved is not None:
            raise StaleEpochError(retry_after_ms=RETRY_AFTER_MS)
        return answer

    async def _ask(self, cell: CellRoute, request: CallRequest, until_s: float) -> CallAnswer:
        breaker = self._breakers.get(cell.name)
        if breaker is None:
            breaker = self._breakers[cell.name] = Breaker()
        if not breaker.admits(self._clock.monotonic_s()):
            raise HomeUnreachableError(cell=cell.name, why="breaker", retry_after_ms=RETRY_AFTER_MS)
        try:
            answer = await self._attempt(cell, request, until_s)
        except (HomeUnreachableError, OutcomeUnknownError):
            breaker.failed(self._clock.monotonic_s())
            raise
        except BaseException:
            breaker.abandoned()
            raise
        breaker.answered()
        return answer

    async def _attempt(self, cell: CellRoute, request: CallRequest, until_s: float) -> CallAnswer:
        budget = self._budgets.get(cell.name)
        if budget is None:
            budget = self._budgets[cell.name] = RetryBudget()
        budget.called()
        left_s = until_s - self._clock.monotonic_s()
        streams = await self._cells.streams(cell, request.resident, min(self._wait_s, max(0.0, left_s)))
        why = "stream"
        for attempt, stream in enumerate(streams):
            if attempt and not budget.spend():
                break
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0:
                why = "deadline"
                break
            try:
                return await stream.call(request, left_s)
            except HomeUnreachableError as error:
                why = error.metadata.get("why", "lost")
        raise HomeUnreachableError(cell=cell.name, why=why, retry_after_ms=RETRY_AFTER_MS)


def _at_epoch(request: CallRequest, epoch: int) -> CallRequest:
    return replace(request, epoch=epoch)
