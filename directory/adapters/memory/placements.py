"""Placements in memory."""

from collections.abc import Mapping, Sequence

from directory.adapters.memory.state import State
from directory.domain.placements import Placement, ReportedEpoch, Tombstone


class MemoryPlacements:
    """`directory.ports.PlacementWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find_all(self, residents: Sequence[str]) -> list[Placement]:
        return [self._state.placements[it] for it in dict.fromkeys(residents) if it in self._state.placements]

    def reports_of(self, residents: Sequence[str]) -> Mapping[str, tuple[ReportedEpoch, ...]]:
        found: dict[str, tuple[ReportedEpoch, ...]] = {}
        for (resident, _), report in sorted(self._state.reported.items()):
            if resident in residents:
                found[resident] = (*found.get(resident, ()), report)
        return found

    def behind(self) -> set[str]:
        homes = self._state.placements
        return {
            it.resident
            for it in self._state.reported.values()
            if it.resident in homes
            and homes[it.resident].cell == it.cell
            and homes[it.resident].epoch < it.epoch
        }

    def tombstone(self, resident: str) -> Tombstone | None:
        return self._state.tombstones.get(resident)

    def count_in(self, cell: str) -> int:
        return sum(it.cell == cell for it in self._state.placements.values())

    def changed_after(self, version: int, limit: int) -> list[Placement]:
        changed = [it for it in self._state.placements.values() if it.version > version]
        return sorted(changed, key=lambda it: it.version)[:limit]

    def buried_after(self, version: int, limit: int) -> list[Tombstone]:
        buried = [it for it in self._state.tombstones.values() if it.version > version]
        return sorted(buried, key=lambda it: it.version)[:limit]

    def add(self, placement: Placement) -> None:
        assert placement.resident not in self._state.placements
        self._state.placements[placement.resident] = placement

    def bury(self, tombstone: Tombstone) -> None:
        self._state.placements.pop(tombstone.resident, None)
        self._state.tombstones[tombstone.resident] = tombstone

    def report(self, report: ReportedEpoch) -> None:
        key = report.resident, report.cell
        standing = self._state.reported.get(key)
        if standing is None or standing.epoch < report.epoch:
            self._state.reported[key] = report

    def forget_reports(self, resident: str) -> None:
        for key in [key for key in self._state.reported if key[0] == resident]:
            del self._state.reported[key]

    def count_reports(self, cell: str) -> int:
        return sum(it.cell == cell for it in self._state.reported.values())
