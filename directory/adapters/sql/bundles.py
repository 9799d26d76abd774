"""Bundles and acknowledgements in SQL."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import acknowledgements, bundles
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
        return [
            Acknowledgement(row.node, row.bundle_version, row.checkpoint, row.acknowledged_s) for row in rows
        ]

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
