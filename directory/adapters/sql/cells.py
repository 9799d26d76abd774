"""Cells, edges and keys in SQL."""

from typing import Any

from sqlalchemy import Connection, Row, select

from accord.identity import RingKey
from directory.adapters.sql import tables
from directory.adapters.sql.rows import from_column, put, to_column
from directory.domain.cells import AdmittedKey, Cell, CellReport, CellState, Edge, Room


class SqlCells:
    """`directory.ports.CellWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> Cell | None:
        row = self._connection.execute(select(tables.cells).where(tables.cells.c.name == name)).first()
        return None if row is None else _cell(row)

    def find_edge(self, name: str) -> Edge | None:
        row = self._connection.execute(select(tables.edges).where(tables.edges.c.name == name)).first()
        return None if row is None else _edge(row)

    def find_key(self, key_id: str) -> AdmittedKey | None:
        row = self._connection.execute(select(tables.keys).where(tables.keys.c.key_id == key_id)).first()
        return None if row is None else _key(row)

    def cells(self) -> list[Cell]:
        return [
            _cell(row) for row in self._connection.execute(select(tables.cells).order_by(tables.cells.c.name))
        ]

    def edges(self) -> list[Edge]:
        return [
            _edge(row) for row in self._connection.execute(select(tables.edges).order_by(tables.edges.c.name))
        ]

    def all_keys(self) -> list[AdmittedKey]:
        return [
            _key(row) for row in self._connection.execute(select(tables.keys).order_by(tables.keys.c.key_id))
        ]

    def keys_of(self, cell: str) -> list[RingKey]:
        found = select(tables.keys).where(tables.keys.c.cell == cell).order_by(tables.keys.c.key_id)
        return [_key(row).key for row in self._connection.execute(found)]

    def reports(self) -> list[CellReport]:
        ordered = select(tables.cell_reports).order_by(tables.cell_reports.c.cell)
        return [
            CellReport(
                row.cell,
                row.software,
                row.state,
                row.bundle_version,
                row.checkpoint,
                row.announced_s,
                None if row.free_bytes is None else Room(row.free_bytes, row.held_bytes),
            )
            for row in self._connection.execute(ordered)
        ]

    def put(self, cell: Cell) -> None:
        row = {
            "name": cell.name,
            "jurisdiction": cell.jurisdiction,
            "region": cell.region,
            "addresses": to_column(cell.addresses),
            "state": cell.state.value,
            "operator": cell.operator,
            "authority": cell.authority,
            "version": cell.version,
        }
        put(self._connection, tables.cells, row)

    def put_edge(self, edge: Edge) -> None:
        row = {
            "name": edge.name,
            "jurisdiction": edge.jurisdiction,
            "region": edge.region,
            "url": edge.url,
            "version": edge.version,
        }
        put(self._connection, tables.edges, row)

    def put_key(self, key: AdmittedKey) -> None:
        purposes = ("*",) if key.key.purposes == "*" else tuple(sorted(key.key.purposes))
        row = {
            "key_id": key.key.key_id,
            "cell": key.key.cell,
            "purposes": to_column(purposes),
            "public_key": key.key.public,
            "not_before_s": key.key.not_before_s,
            "not_after_s": key.key.not_after_s,
            "state": key.key.state,
            "version": key.version,
        }
        put(self._connection, tables.keys, row)

    def put_report(self, report: CellReport) -> None:
        row = {
            "cell": report.cell,
            "software": report.software,
            "state": report.state,
            "bundle_version": report.bundle_version,
            "checkpoint": report.checkpoint,
            "announced_s": report.announced_s,
            "free_bytes": report.room.free_bytes if report.room else None,
            "held_bytes": report.room.held_bytes if report.room else None,
        }
        put(self._connection, tables.cell_reports, row)


def _cell(row: Row[Any]) -> Cell:
    return Cell(
        row.name,
        row.jurisdiction,
        row.region,
        from_column(row.addresses),
        CellState(row.state),
        row.operator,
        bytes(row.authority),
        row.version,
    )


def _edge(row: Row[Any]) -> Edge:
    return Edge(row.name, row.jurisdiction, row.region, row.url, row.version)


def _key(row: Row[Any]) -> AdmittedKey:
    purposes = from_column(row.purposes)
    key = RingKey(
        row.cell,
        "*" if purposes == ("*",) else frozenset(purposes),
        row.key_id,
        bytes(row.public_key),
        row.not_before_s,
        row.not_after_s,
        row.state,
    )
    return AdmittedKey(key, row.version)
