"""Halts, and the orders by which planes learn of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "halts",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("scope", "value", "reason", "author")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("halted_s", "until_s")),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("lifted_s", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("orders", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
    )
