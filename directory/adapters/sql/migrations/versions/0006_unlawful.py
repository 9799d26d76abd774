"""Conversations that policies no longer allow, as cells report them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unlawful",
        sa.Column("cell", sa.Text(), primary_key=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("bundle_version", "refused", "read_only")
        ),
        sa.Column("listed", sa.LargeBinary(), nullable=False),
        sa.Column("reported_s", sa.BigInteger(), nullable=False),
    )
