"""Unlawful conversations in memory."""

from directory.adapters.memory.state import State
from directory.domain.unlawful import UnlawfulReport


class MemoryUnlawful:
    """`directory.ports.UnlawfulWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def reports(self) -> list[UnlawfulReport]:
        return [self._state.unlawful[cell] for cell in sorted(self._state.unlawful)]

    def put(self, report: UnlawfulReport) -> None:
        self._state.unlawful[report.cell] = report
