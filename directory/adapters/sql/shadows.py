"""Shadows and who evaluates them, in SQL."""

from sqlalchemy import Connection, Row, select

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import shadow_acknowledgements, shadows
from directory.domain.shadows import Shadow, ShadowAcknowledgement


class SqlShadows:
    """`directory.ports.ShadowWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def standing(self) -> tuple[int, bytes] | None:
        found = select(shadows.c.version, shadows.c.sha256).where(shadows.c.ended_s == 0)
        row = self._connection.execute(found).first()
        return None if row is None else (int(row.version) - 1, bytes(row.sha256))

    def find(self, digest: bytes) -> Shadow | None:
        row = self._connection.execute(select(shadows).where(shadows.c.sha256 == digest)).first()
        return None if row is None else _shadow(row)

    def of_revision(self, number: int) -> Shadow | None:
        found = select(shadows).where(shadows.c.revision == number)
        row = self._connection.execute(found.order_by(shadows.c.version.desc()).limit(1)).first()
        return None if row is None else _shadow(row)

    def acknowledgements(self, digest: bytes) -> list[ShadowAcknowledgement]:
        table = shadow_acknowledgements
        found = select(table).where(table.c.shadow == digest).order_by(table.c.node)
        return [
            ShadowAcknowledgement(row.node, bytes(row.shadow), row.refused, row.acknowledged_s)
            for row in self._connection.execute(found)
        ]

    def put(self, shadow: Shadow) -> None:
        row = {
            "sha256": shadow.digest,
            "revision": shadow.revision,
            "version": shadow.version,
            "bundle": shadow.bundle,
            "key_id": shadow.key_id,
            "signature": shadow.signature,
            "begun_s": shadow.begun_s,
            "ended_s": shadow.ended_s,
        }
        put(self._connection, shadows, row)

    def acknowledge(self, acknowledgement: ShadowAcknowledgement) -> None:
        row = {
            "shadow": acknowledgement.shadow,
            "node": acknowledgement.node,
            "refused": acknowledgement.refused,
            "acknowledged_s": acknowledgement.acknowledged_s,
        }
        put(self._connection, shadow_acknowledgements, row)


def _shadow(row: "Row[tuple[object, ...]]") -> Shadow:
    return Shadow(
        row.revision,
        row.version,
        bytes(row.bundle),
        row.key_id,
        bytes(row.signature),
        row.begun_s,
        row.ended_s,
    )
