"""Counts of flows by kind and hour."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
    CREATE TABLE traffic (number INTEGER NOT NULL, start_s INTEGER NOT NULL, flows INTEGER NOT NULL,
        position INTEGER NOT NULL, PRIMARY KEY (number, start_s)) WITHOUT ROWID, STRICT;
    CREATE INDEX traffic_by_position ON traffic (position);
    CREATE TABLE traffic_kinds (kind BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (kind))
        WITHOUT ROWID, STRICT;
    CREATE UNIQUE INDEX traffic_kinds_by_number ON traffic_kinds (number);
    CREATE TABLE traffic_state (only_one INTEGER NOT NULL, since_us INTEGER NOT NULL, numbers INTEGER
        NOT NULL, position INTEGER NOT NULL, until_s INTEGER NOT NULL, PRIMARY KEY (only_one))
        WITHOUT ROWID, STRICT;
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
