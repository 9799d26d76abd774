"""The first schema: placements, cells, claims, bundles."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(name: str, kind: type[Any] = sa.Text) -> "sa.Column[Any]":
    return sa.Column(name, kind(), primary_key=True, autoincrement=False)


def _texts(names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text(), nullable=False) for name in names.split()]


def _numbers(names: str) -> "list[sa.Column[int]]":
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names.split()]


def _bytes(names: str) -> "list[sa.Column[bytes]]":
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names.split()]


def _version() -> "sa.Column[int]":
    return sa.Column("version", sa.BigInteger(), nullable=False, unique=True)


def upgrade() -> None:
    """Make every table, and the counter that orders changes."""
    counters = op.create_table("counters", _key("name"), *_numbers("value"))
    op.bulk_insert(counters, [{"name": "version", "value": 0}])
    op.create_table("route_versions", _key("version", sa.BigInteger))
    op.create_table(
        "placements",
        _key("resident"),
        *_texts("kind cell establishment subjects tags idempotency_key"),
        *_numbers("epoch bundle_version"),
        *_bytes("handover digest"),
        _version(),
    )
    op.create_index("ix_placements_cell", "placements", ["cell"])
    op.create_table("tombstones", _key("resident"), *_texts("cell"), *_numbers("epoch"), _version())
    op.create_table("reported_epochs", _key("resident"), _key("cell"), *_numbers("epoch"))
    op.create_table(
        "cells",
        _key("name"),
        *_texts("jurisdiction region addresses state operator"),
        *_bytes("authority"),
        _version(),
    )
    op.create_table("edges", _key("name"), *_texts("jurisdiction region url"), _version())
    op.create_table(
        "keys",
        _key("key_id"),
        *_texts("cell purposes state"),
        *_bytes("public_key"),
        *_numbers("not_before_s not_after_s"),
        _version(),
    )
    op.create_index("ix_keys_cell", "keys", ["cell"])
    op.create_table(
        "cell_reports",
        _key("cell"),
        *_texts("software state checkpoint"),
        *_numbers("bundle_version announced_s"),
    )
    _create_claims()
    op.create_table(
        "bundles",
        _key("version", sa.BigInteger),
        *_bytes("bundle signature"),
        *_texts("key_id"),
        *_numbers("activated_s"),
    )
    op.create_table(
        "acknowledgements", _key("node"), *_texts("checkpoint"), *_numbers("bundle_version acknowledged_s")
    )


def _create_claims() -> None:
    op.create_table("leases", _key("lease_id"), *_texts("cell jurisdiction state"), *_numbers("expires_s"))
    op.create_index("leases_by_state", "leases", ["state", "expires_s"])
    op.create_table(
        "claims",
        _key("jurisdiction"),
        _key("attribute"),
        _key("key_id"),
        _key("blind_index", sa.LargeBinary),
        *_texts("resident"),
        sa.Column("lease_id", sa.Text(), sa.ForeignKey("leases.lease_id"), nullable=False),
    )
    op.create_index("ix_claims_resident", "claims", ["resident"])
    op.create_index("ix_claims_lease_id", "claims", ["lease_id"])
    op.create_index("claims_by_index", "claims", ["blind_index"])
