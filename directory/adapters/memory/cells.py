"""Cells, edges and keys in memory."""

from accord.identity import RingKey
from directory.adapters.memory.state import State
from directory.domain.cells import AdmittedKey, Cell, CellReport, Edge


class MemoryCells:
    """`directory.ports.CellWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, name: str) -> Cell | None:
        return self._state.cells.get(name)

    def find_edge(self, name: str) -> Edge | None:
        return self._state.edges.get(name)

    def find_key(self, key_id: str) -> AdmittedKey | None:
        return self._state.keys.get(key_id)

    def cells(self) -> list[Cell]:
        return sorted(self._state.cells.values(), key=lambda it: it.name)

    def edges(self) -> list[Edge]:
        return sorted(self._state.edges.values(), key=lambda it: it.name)

    def all_keys(self) -> list[AdmittedKey]:
        return sorted(self._state.keys.values(), key=lambda it: it.key.key_id)

    def keys_of(self, cell: str) -> list[RingKey]:
        return [it.key for it in self.all_keys() if it.key.cell == cell]

    def reports(self) -> list[CellReport]:
        return sorted(self._state.reports.values(), key=lambda it: it.cell)

    def put(self, cell: Cell) -> None:
        self._state.cells[cell.name] = cell

    def put_edge(self, edge: Edge) -> None:
        self._state.edges[edge.name] = edge

    def put_key(self, key: AdmittedKey) -> None:
        self._state.keys[key.key.key_id] = key

    def put_report(self, report: CellReport) -> None:
        self._state.reports[report.cell] = report
