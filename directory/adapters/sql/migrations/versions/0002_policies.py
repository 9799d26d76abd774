"""Officers and their sessions, revisions of policies and their approvals, the policy log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
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


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "officers",
        _key("name"),
        *_texts("roles jurisdictions state password_hash"),
        *_bytes("totp_sealed enrolment"),
        *_numbers("last_step failures locked_until_s enrolment_until_s"),
    )
    op.create_table(
        "officer_sessions",
        _key("digest", sa.LargeBinary),
        *_texts("officer"),
        *_numbers("opened_s expires_s"),
    )
    op.create_index("ix_officer_sessions_officer", "officer_sessions", ["officer"])
    op.create_table(
        "revisions",
        _key("number", sa.BigInteger),
        *_texts("document author hash jurisdictions state pilot"),
        *_numbers("version counsel submitted_s activate_s base_version bundle_version rolls_back"),
        *_bytes("canonical findings analysis"),
    )
    op.create_index("ix_revisions_document", "revisions", ["document"])
    op.create_index("ix_revisions_state", "revisions", ["state"])
    op.create_table(
        "approvals",
        _key("revision", sa.BigInteger),
        _key("hash"),
        _key("officer"),
        *_texts("roles"),
        *_numbers("approved_s"),
    )
    op.create_table("policy_log", _key("seq", sa.BigInteger), *_bytes("open sealed salt"), *_texts("note"))
    op.create_table(
        "policy_log_nodes", _key("level", sa.BigInteger), _key("place", sa.BigInteger), *_bytes("hash")
    )
