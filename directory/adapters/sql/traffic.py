"""What cells counted, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, func, select

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import traffic, traffic_differences, traffic_kinds, traffic_reports
from directory.domain.traffic import (
    DAY_S,
    BucketCount,
    ChangeCount,
    DayCount,
    TrafficCount,
    TrafficDifference,
    TrafficReport,
)


class SqlTraffic:
    """`directory.ports.TrafficWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def report_of(self, cell: str) -> TrafficReport | None:
        found = select(traffic_reports).where(traffic_reports.c.cell == cell)
        row = self._connection.execute(found).first()
        return None if row is None else TrafficReport(row.cell, row.since_us, row.position, row.until_s)

    def reports(self) -> list[TrafficReport]:
        rows = self._connection.execute(select(traffic_reports).order_by(traffic_reports.c.cell))
        return [TrafficReport(row.cell, row.since_us, row.position, row.until_s) for row in rows]

    def days(self, since_s: int) -> list[DayCount]:
        day = (traffic.c.start_s - traffic.c.start_s % DAY_S).label("day_s")
        same = (traffic_kinds.c.cell == traffic.c.cell) & (traffic_kinds.c.number == traffic.c.number)
        found = (
            select(traffic.c.cell, traffic_kinds.c.kind, day, func.sum(traffic.c.flows).label("flows"))
            .select_from(traffic.outerjoin(traffic_kinds, same))
            .where(traffic.c.start_s >= since_s)
            .group_by(traffic.c.cell, traffic.c.number, traffic_kinds.c.kind, day)
            .order_by(traffic.c.cell, traffic.c.number, day)
        )
        return [
            DayCount(row.cell, bytes(row.kind or b""), int(row.day_s), int(row.flows))
            for row in self._connection.execute(found)
        ]

    def buckets(self, shadow: bytes) -> list[BucketCount]:
        same = (traffic_kinds.c.cell == traffic.c.cell) & (traffic_kinds.c.number == traffic.c.number)
        found = (
            select(traffic.c.cell, traffic_kinds.c.kind, traffic.c.start_s, traffic.c.flows)
            .select_from(traffic.outerjoin(traffic_kinds, same))
            .where(traffic.c.shadow == shadow)
            .order_by(traffic.c.cell, traffic.c.number, traffic.c.start_s)
        )
        return [
            BucketCount(row.cell, bytes(row.kind or b""), row.start_s, row.flows)
            for row in self._connection.execute(found)
        ]

    def changes(self, shadow: bytes) -> list[ChangeCount]:
        table = traffic_differences
        same = (traffic_kinds.c.cell == table.c.cell) & (traffic_kinds.c.number == table.c.number)
        found = (
            select(table, traffic_kinds.c.kind)
            .select_from(table.join(traffic_kinds, same))
            .where(table.c.shadow == shadow)
            .order_by(table.c.cell, table.c.number, table.c.start_s, table.c.data_class)
        )
        return [
            ChangeCount(row.cell, bytes(row.kind), row.start_s, row.data_class, row.what, row.rule, row.flows)
            for row in self._connection.execute(found)
        ]

    def put(self, report: TrafficReport) -> None:
        row = {
            "cell": report.cell,
            "since_us": report.since_us,
            "position": report.position,
            "until_s": report.until_s,
        }
        put(self._connection, traffic_reports, row)

    def keep(
        self,
        cell: str,
        kinds: Mapping[int, bytes],
        counts: Sequence[TrafficCount],
        differences: Sequence[TrafficDifference],
    ) -> None:
        for number, kind in kinds.items():
            put(self._connection, traffic_kinds, {"cell": cell, "number": number, "kind": kind})
        for count in counts:
            put(self._connection, traffic, {"cell": cell, **asdict(count)})
        for difference in differences:
            put(self._connection, traffic_differences, {"cell": cell, **asdict(difference)})

    def forget_before(self, cell: str, start_s: int) -> int:
        late = traffic_differences.c
        self._connection.execute(delete(traffic_differences).where(late.cell == cell, late.start_s < start_s))
        old = delete(traffic).where(traffic.c.cell == cell, traffic.c.start_s < start_s)
        if self._connection.execute(old).rowcount:
            left = select(traffic.c.number).where(traffic.c.cell == cell)
            gone = delete(traffic_kinds).where(
                traffic_kinds.c.cell == cell, traffic_kinds.c.number.not_in(left)
            )
            self._connection.execute(gone)
        count = select(func.count()).select_from(traffic_kinds).where(traffic_kinds.c.cell == cell)
        return int(self._connection.execute(count).scalar_one())

    def forget(self, cell: str) -> None:
        for table in (traffic, traffic_differences, traffic_kinds, traffic_reports):
            self._connection.execute(delete(table).where(table.c.cell == cell))
