"""The first schema: every table as declared. From the first release on its statements are written out
here.
"""

from alembic import op

from regional_cell.adapters.sql.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables and indexes."""
    METADATA.create_all(op.get_bind(), checkfirst=False)
