"""Unlawful conversations in SQL."""

from sqlalchemy import Connection, select

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import unlawful
from directory.domain.unlawful import UnlawfulReport, listed_from, listed_json


class SqlUnlawful:
    """`directory.ports.UnlawfulWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reports(self) -> list[UnlawfulReport]:
        rows = self._connection.execute(select(unlawful).order_by(unlawful.c.cell))
        return [
            UnlawfulReport(
                row.cell,
                row.bundle_version,
                row.refused,
                row.read_only,
                listed_from(bytes(row.listed)),
                row.reported_s,
            )
            for row in rows
        ]

    def put(self, report: UnlawfulReport) -> None:
        row = {
            "cell": report.cell,
            "bundle_version": report.bundle_version,
            "refused": report.refused,
            "read_only": report.read_only,
            "listed": listed_json(report),
            "reported_s": report.reported_s,
        }
        put(self._connection, unlawful, row)
