"""Calls of an edge that are tried again: within the budget of the cell that is asked, not of another."""

from typing import cast

from accord.clock import ManualClock
from accord.errors import ColinkError, HomeUnreachableError
from edge.domain.routes import CellRoute, Placement
from edge.ports import CallAnswer, CallRequest, Cells, CellStream, Router, Transit
from edge.services.calls import Calls

CALLS = 500


class Process:
    """One process of a cell: away, or answering."""

    def __init__(self, *, away: bool) -> None:
        self.away = away
        self.asked = 0

    async def call(self, request: CallRequest, deadline_s: float) -> CallAnswer:
        self.asked += 1
        if self.away:
            raise HomeUnreachableError
        return CallAnswer(200, (), b"{}", "")


class Pool:
    """Two processes for each cell; the one that is ranked first is away."""

    def __init__(self) -> None:
        self.cells: dict[str, list[Process]] = {}

    async def streams(self, cell: CellRoute, resident: str, wait_s: float) -> list[CellStream]:
        processes = self.cells.setdefault(cell.name, [Process(away=True), Process(away=False)])
        return cast(list[CellStream], processes)


async def test_retries_at_one_cell_are_bounded_and_cost_no_other() -> None:
    pool, clock = Pool(), ManualClock(0)
    calls = Calls(cast(Router, None), cast(Cells, pool), cast(Transit, None), clock)
    request = CallRequest("", "T1", 1, "auth.test", "", b"", b"", (), "r", "DE")
    placement = Placement("T1", "a", 1, 1, 1, b"")
    answered = 0
    for _ in range(CALLS):
        clock.advance(0.05)
        try:
            await calls.forward(placement, cell("a"), request)
        except ColinkError:
            continue
        answered += 1
    asked = sum(process.asked for process in pool.cells["a"])
    assert 0 < answered < CALLS
    assert asked <= 1.2 * CALLS
    await calls.forward(placement, cell("b"), request)
    assert [process.asked for process in pool.cells["b"]] == [1, 1]


def cell(name: str) -> CellRoute:
    return CellRoute(name, "DE", "eu-central-1", ("one", "two"), "active", 1)
