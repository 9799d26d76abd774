"""What cells counted, in memory."""

from collections.abc import Mapping, Sequence

from directory.adapters.memory.state import State
from directory.domain.traffic import (
    DAY_S,
    BucketCount,
    ChangeCount,
    DayCount,
    TrafficCount,
    TrafficDifference,
    TrafficReport,
)


class MemoryTraffic:
    """`directory.ports.TrafficWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def report_of(self, cell: str) -> TrafficReport | None:
        return self._state.traffic_reports.get(cell)

    def reports(self) -> list[TrafficReport]:
        return [self._state.traffic_reports[cell] for cell in sorted(self._state.traffic_reports)]

    def days(self, since_s: int) -> list[DayCount]:
        sums: dict[tuple[str, int, int], int] = {}
        for (cell, number, start_s, _), flows in self._state.traffic.items():
            if start_s >= since_s:
                place = (cell, number, start_s - start_s % DAY_S)
                sums[place] = sums.get(place, 0) + flows
        return [
            DayCount(
                cell, self._state.traffic_kinds.get((cell, number), b""), day_s, sums[cell, number, day_s]
            )
            for cell, number, day_s in sorted(sums)
        ]

    def buckets(self, shadow: bytes) -> list[BucketCount]:
        kinds = self._state.traffic_kinds
        return [
            BucketCount(cell, kinds.get((cell, number), b""), start_s, flows)
            for (cell, number, start_s, under), flows in sorted(self._state.traffic.items())
            if under == shadow
        ]

    def changes(self, shadow: bytes) -> list[ChangeCount]:
        return [
            ChangeCount(cell, self._state.traffic_kinds[cell, number], start_s, data_class, *rest)
            for (cell, number, start_s, under, data_class), rest in sorted(self._state.differences.items())
            if under == shadow and (cell, number) in self._state.traffic_kinds
        ]

    def put(self, report: TrafficReport) -> None:
        self._state.traffic_reports[report.cell] = report

    def keep(
        self,
        cell: str,
        kinds: Mapping[int, bytes],
        counts: Sequence[TrafficCount],
        differences: Sequence[TrafficDifference],
    ) -> None:
        for number, kind in kinds.items():
            self._state.traffic_kinds[cell, number] = kind
        for one in counts:
            self._state.traffic[cell, one.number, one.start_s, one.shadow] = one.flows
        for it in differences:
            place = (cell, it.number, it.start_s, it.shadow, it.data_class)
            self._state.differences[place] = (it.what, it.rule, it.flows)

    def forget_before(self, cell: str, start_s: int) -> int:
        for place in [it for it in self._state.traffic if it[0] == cell and it[2] < start_s]:
            del self._state.traffic[place]
        for late in [it for it in self._state.differences if it[0] == cell and it[2] < start_s]:
            del self._state.differences[late]
        left = {number for owner, number, _, _ in self._state.traffic if owner == cell}
        for kind in [it for it in self._state.traffic_kinds if it[0] == cell and it[1] not in left]:
            del self._state.traffic_kinds[kind]
        return sum(owner == cell for owner, _ in self._state.traffic_kinds)

    def forget(self, cell: str) -> None:
        for table in (self._state.traffic, self._state.differences, self._state.traffic_kinds):
            for place in [it for it in table if it[0] == cell]:
                del table[place]  # type: ignore[arg-type]
        self._state.traffic_reports.pop(cell, None)
