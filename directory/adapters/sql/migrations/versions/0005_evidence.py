"""When each node first acknowledged each bundle."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Nothing is carried over: the last acknowledgement of a version is not its first."""
    op.create_table(
        "first_acknowledgements",
        sa.Column("bundle_version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("node", sa.Text(), primary_key=True),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.Column("acknowledged_s", sa.BigInteger(), nullable=False),
    )
