"""Bundles and acknowledgements in SQL."""

from collections.abc import Mapping

from sqlalchemy import Connection, Row, func, insert, select

from directory.adapters.sql.rows import put, put_new
from directory.adapters.sql.tables import acknowledgements, bundles, first_acknowledgements
from directory.domain.bundles import Acknowledgement, SignedBundle


class SqlBundles:
    """`directory.ports.BundleWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def active(self) -> SignedBundle | None:
        return self.find(self.active_version())

    def active_version(self) -> int:
        return int(self._connection.execute(select(func.max(bundles.c.version))).scalar() or 0)

    def find(self, version: int) -> SignedBundle | None:
        row = self._connection.execute(select(bundles).where(bundles.c.version == version)).first()
        if row is None:
            return None
        return SignedBundle(row.version, bytes(row.bundle), row.key_id, bytes(row.signature))

    def acknowledged(self) -> Mapping[str, int]:
        rows = self._connection.execute(select(acknowledgements.c.node, acknowledgements.c.bundle_version))
        return {row.node: row.bundle_version for row in rows}

    def acknowledgements(self) -> list[Acknowledgement]:
        rows = self._connection.execute(select(acknowledgements).order_by(acknowledgements.c.node))
        return [_acknowledgement(row) for row in rows]

    def first_acknowledged(self, version: int) -> list[Acknowledgement]:
        kept = first_acknowledgements.c
        first = (
            select(kept.node, func.min(kept.bundle_version).label("bundle_version"))
            .where(kept.bundle_version >= version)
            .group_by(kept.node)
            .subquery()
        )
        both = (first.c.node == kept.node) & (first.c.bundle_version == kept.bundle_version)
        found = select(first_acknowledgements).join(first, both).order_by(kept.node)
        return [_acknowledgement(row) for row in self._connection.execute(found)]

    def activated_s(self, version: int) -> int:
        found = select(bundles.c.activated_s).where(bundles.c.version == version)
        return int(self._connection.execute(found).scalar() or 0)

    def add(self, bundle: SignedBundle, activated_s: int) -> None:
        self._connection.execute(
            insert(bundles).values(
                version=bundle.version,
                bundle=bundle.bundle,
                key_id=bundle.key_id,
                signature=bundle.signature,
                activated_s=activated_s,
            )
        )

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        row = {
            "node": acknowledgement.node,
            "bundle_version": acknowledgement.bundle_version,
            "checkpoint": acknowledgement.checkpoint,
            "acknowledged_s": acknowledgement.acknowledged_s,
        }
        put(self._connection, acknowledgements, row)
        put_new(self._connection, first_acknowledgements, row)


def _acknowledgement(row: "Row[tuple[object, ...]]") -> Acknowledgement:
    return Acknowledgement(row.node, row.bundle_version, row.checkpoint, row.acknowledged_s)
