"""What cells counted of their decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "traffic_reports",
        sa.Column("cell", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("since_us", "position", "until_s")),
    )
    op.create_table(
        "traffic_kinds",
        sa.Column("cell", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "traffic",
        sa.Column("cell", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("start_s", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("flows", sa.BigInteger(), nullable=False),
    )
