"""Placements in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from directory.adapters.sql.rows import from_column, put, to_column
from directory.adapters.sql.tables import placements, reported_epochs, tombstones
from directory.domain.placements import Placement, ReportedEpoch, ResidentKind, Tombstone


class SqlPlacements:
    """`directory.ports.PlacementWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_all(self, residents: Sequence[str]) -> list[Placement]:
        rows = self._connection.execute(select(placements).where(placements.c.resident.in_(residents)))
        return [_placement(row) for row in rows]

    def reports_of(self, residents: Sequence[str]) -> Mapping[str, tuple[ReportedEpoch, ...]]:
        asked = select(reported_epochs).where(reported_epochs.c.resident.in_(residents))
        ordered = asked.order_by(reported_epochs.c.resident, reported_epochs.c.cell)
        found: dict[str, tuple[ReportedEpoch, ...]] = {}
        for row in self._connection.execute(ordered):
            report = ReportedEpoch(row.resident, row.cell, row.epoch)
            found[row.resident] = (*found.get(row.resident, ()), report)
        return found

    def behind(self) -> set[str]:
        joined = select(placements.c.resident).join(
            reported_epochs,
            (reported_epochs.c.resident == placements.c.resident)
            & (reported_epochs.c.cell == placements.c.cell)
            & (reported_epochs.c.epoch > placements.c.epoch),
        )
        return set(self._connection.execute(joined).scalars())

    def tombstone(self, resident: str) -> Tombstone | None:
        row = self._connection.execute(select(tombstones).where(tombstones.c.resident == resident)).first()
        return None if row is None else Tombstone(row.resident, row.cell, row.epoch, row.version)

    def count_in(self, cell: str) -> int:
        counted = select(func.count()).select_from(placements).where(placements.c.cell == cell)
        return int(self._connection.execute(counted).scalar_one())

    def changed_after(self, version: int, limit: int) -> list[Placement]:
        changed = select(placements).where(placements.c.version > version).order_by(placements.c.version)
        return [_placement(row) for row in self._connection.execute(changed.limit(limit))]

    def buried_after(self, version: int, limit: int) -> list[Tombstone]:
        buried = select(tombstones).where(tombstones.c.version > version).order_by(tombstones.c.version)
        rows = self._connection.execute(buried.limit(limit))
        return [Tombstone(row.resident, row.cell, row.epoch, row.version) for row in rows]

    def add(self, placement: Placement) -> None:
        self._connection.execute(
            insert(placements).values(
                resident=placement.resident,
                kind=placement.kind.value,
                cell=placement.cell,
                epoch=placement.epoch,
                bundle_version=placement.bundle_version,
                version=placement.version,
                handover=placement.handover,
                establishment=placement.establishment,
                subjects=to_column(placement.subjects),
                tags=to_column(placement.tags),
                idempotency_key=placement.idempotency_key,
                digest=placement.digest,
            )
        )

    def bury(self, tombstone: Tombstone) -> None:
        self._connection.execute(delete(placements).where(placements.c.resident == tombstone.resident))
        self._connection.execute(
            insert(tombstones).values(
                resident=tombstone.resident,
                cell=tombstone.cell,
                epoch=tombstone.epoch,
                version=tombstone.version,
            )
        )

    def report(self, report: ReportedEpoch) -> None:
        known = select(reported_epochs.c.epoch).where(
            reported_epochs.c.resident == report.resident, reported_epochs.c.cell == report.cell
        )
        standing = self._connection.execute(known).scalar()
        if standing is None or standing < report.epoch:
            row = {"resident": report.resident, "cell": report.cell, "epoch": report.epoch}
            put(self._connection, reported_epochs, row)

    def forget_reports(self, resident: str) -> None:
        self._connection.execute(delete(reported_epochs).where(reported_epochs.c.resident == resident))

    def count_reports(self, cell: str) -> int:
        counted = select(func.count()).select_from(reported_epochs).where(reported_epochs.c.cell == cell)
        return int(self._connection.execute(counted).scalar_one())


def _placement(row: Row[Any]) -> Placement:
    return Placement(
        resident=row.resident,
        kind=ResidentKind(row.kind),
        cell=row.cell,
        epoch=row.epoch,
        bundle_version=row.bundle_version,
        version=row.version,
        handover=bytes(row.handover),
        establishment=row.establishment,
        subjects=from_column(row.subjects),
        tags=from_column(row.tags),
        idempotency_key=row.idempotency_key,
        digest=bytes(row.digest),
    )
