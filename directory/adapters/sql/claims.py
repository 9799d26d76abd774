"""Claims and leases in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, tuple_

from directory.adapters.sql.rows import put
from directory.adapters.sql.tables import claims, leases
from directory.domain.claims import Claim, HeldClaim, Lease, LeaseState, Name

_ORDER = (claims.c.jurisdiction, claims.c.attribute, claims.c.key_id, claims.c.blind_index)


class SqlClaims:
    """`directory.ports.ClaimWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def match(self, names: Sequence[Name]) -> list[HeldClaim]:
        # The index alone selects (it is unique but by a broken HMAC); the rest of the name is compared here.
        found = _held().where(claims.c.blind_index.in_([index for _, _, index in names])).order_by(*_ORDER)
        rows = [_held_claim(row) for row in self._connection.execute(found)]
        return [it for it in rows if it.claim.name in names]

    def list_of(self, cell: str, after: tuple[str, str, str, bytes] | None, limit: int) -> list[HeldClaim]:
        asked = _held().where(leases.c.cell == cell).order_by(*_ORDER).limit(limit)
        if after is not None:
            asked = asked.where(tuple_(*_ORDER) > tuple_(*after))
        return [_held_claim(row) for row in self._connection.execute(asked)]

    def held(self, jurisdiction: str, names: Sequence[Name]) -> dict[Name, HeldClaim]:
        found = _held().where(
            claims.c.jurisdiction == jurisdiction, claims.c.blind_index.in_([index for _, _, index in names])
        )
        rows = [_held_claim(row) for row in self._connection.execute(found)]
        return {it.claim.name: it for it in rows if it.claim.name in names}

    def lease(self, lease_id: str) -> Lease | None:
        row = self._connection.execute(select(leases).where(leases.c.lease_id == lease_id)).first()
        return None if row is None else _lease(row)

    def size_of(self, lease_id: str) -> int:
        counted = select(func.count()).select_from(claims).where(claims.c.lease_id == lease_id)
        return int(self._connection.execute(counted).scalar_one())

    def put_lease(self, lease: Lease) -> None:
        put(
            self._connection,
            leases,
            {
                "lease_id": lease.lease_id,
                "cell": lease.cell,
                "jurisdiction": lease.jurisdiction,
                "state": lease.state.value,
                "expires_s": lease.expires_s,
            },
        )

    def put_claims(self, lease: Lease, claims_: Sequence[Claim]) -> None:
        for claim in claims_:
            self._connection.execute(
                insert(claims).values(
                    jurisdiction=lease.jurisdiction,
                    attribute=claim.attribute,
                    key_id=claim.key_id,
                    blind_index=claim.index,
                    resident=claim.resident,
                    lease_id=lease.lease_id,
                )
            )

    def remove_claims(self, lease_id: str) -> None:
        self._connection.execute(delete(claims).where(claims.c.lease_id == lease_id))

    def remove_claims_of(self, resident: str) -> None:
        self._connection.execute(delete(claims).where(claims.c.resident == resident))

    def expired(self, now_s: int, limit: int) -> list[Lease]:
        over = select(leases).where(leases.c.state == LeaseState.LEASED.value, leases.c.expires_s <= now_s)
        ordered = over.order_by(leases.c.expires_s, leases.c.lease_id).limit(limit)
        return [_lease(row) for row in self._connection.execute(ordered)]

    def drop_leases(self, before_s: int) -> int:
        holding = select(claims.c.lease_id).where(claims.c.lease_id == leases.c.lease_id)
        old = delete(leases).where(
            leases.c.state != LeaseState.LEASED.value, leases.c.expires_s < before_s, ~holding.exists()
        )
        return self._connection.execute(old).rowcount


def _held() -> Select[Any]:
    return select(claims, leases.c.cell, leases.c.state, leases.c.expires_s).join(
        leases, leases.c.lease_id == claims.c.lease_id
    )


def _lease(row: Row[Any]) -> Lease:
    return Lease(row.lease_id, row.cell, row.jurisdiction, LeaseState(row.state), row.expires_s)


def _held_claim(row: Row[Any]) -> HeldClaim:
    claim = Claim(row.attribute, row.key_id, bytes(row.blind_index), row.resident)
    return HeldClaim(claim, _lease(row))
