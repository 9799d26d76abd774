"""Counts of flows under a shadow, and what it decides otherwise."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
    CREATE TABLE traffic_after (number INTEGER NOT NULL, start_s INTEGER NOT NULL, shadow BLOB NOT NULL,
        flows INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (number, start_s, shadow))
        WITHOUT ROWID, STRICT;
    INSERT INTO traffic_after (number, start_s, shadow, flows, position)
        SELECT number, start_s, x'', flows, position FROM traffic;
    DROP TABLE traffic;
    ALTER TABLE traffic_after RENAME TO traffic;
    CREATE INDEX traffic_by_position ON traffic (position);
    CREATE TABLE traffic_differences (number INTEGER NOT NULL, start_s INTEGER NOT NULL, shadow BLOB NOT NULL,
        data_class TEXT NOT NULL, what TEXT NOT NULL, rule TEXT NOT NULL, flows INTEGER NOT NULL,
        position INTEGER NOT NULL, PRIMARY KEY (number, start_s, shadow, data_class)) WITHOUT ROWID, STRICT;
    CREATE INDEX traffic_differences_by_position ON traffic_differences (position);
"""


def upgrade() -> None:
    """Make the tables; what was counted before was counted under no shadow."""
    for statement in STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
