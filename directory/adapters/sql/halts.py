"""Halts and orders in SQL."""

from sqlalchemy import Connection, Row, func, insert, select

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import halts, orders
from directory.domain.halts import HaltRecord, SignedOrders


class SqlHalts:
    """`directory.ports.HaltWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, number: int) -> HaltRecord | None:
        row = self._connection.execute(select(halts).where(halts.c.number == number)).first()
        return None if row is None else _record(row)

    def everything(self) -> list[HaltRecord]:
        return [_record(row) for row in self._connection.execute(select(halts).order_by(halts.c.number))]

    def orders(self) -> SignedOrders | None:
        row = self._connection.execute(select(orders).order_by(orders.c.version.desc()).limit(1)).first()
        if row is None:
            return None
        return SignedOrders(row.version, bytes(row.orders), row.key_id, bytes(row.signature))

    def next_number(self) -> int:
        return int(self._connection.execute(select(func.max(halts.c.number))).scalar() or 0) + 1

    def put(self, record: HaltRecord) -> None:
        row = {
            "number": record.number,
            "scope": record.scope,
            "value": record.value,
            "reason": record.reason,
            "author": record.author,
            "halted_s": record.halted_s,
            "until_s": record.until_s,
            "approver": record.approver,
            "lifted_s": record.lifted_s,
        }
        put(self._connection, halts, row)

    def put_orders(self, signed: SignedOrders) -> None:
        row = {
            "version": signed.version,
            "orders": signed.orders,
            "key_id": signed.key_id,
            "signature": signed.signature,
        }
        self._connection.execute(insert(orders).values(row))


def _record(row: "Row[tuple[object, ...]]") -> HaltRecord:
    return HaltRecord(
        row.number,
        row.scope,
        row.value,
        row.reason,
        row.author,
        row.halted_s,
        row.until_s,
        row.approver,
        row.lifted_s,
    )
