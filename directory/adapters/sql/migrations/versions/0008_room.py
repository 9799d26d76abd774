"""The room that each cell has left, and what its residents take."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. They are empty until a cell announces itself: its room is not known."""
    op.add_column("cell_reports", sa.Column("free_bytes", sa.BigInteger()))
    op.add_column("cell_reports", sa.Column("held_bytes", sa.BigInteger()))
