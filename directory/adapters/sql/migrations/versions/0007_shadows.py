"""Bundles that are evaluated beside the active one, and what cells counted under them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; what was counted before was counted under no shadow."""
    op.create_table("traffic_after", *_counted(), sa.Column("flows", sa.BigInteger(), nullable=False))
    op.execute(
        sa.text(
            "INSERT INTO traffic_after (cell, number, start_s, shadow, flows)"
            " SELECT cell, number, start_s, :none, flows FROM traffic"
        ).bindparams(sa.bindparam("none", b"", type_=sa.LargeBinary()))
    )
    op.drop_table("traffic")
    op.rename_table("traffic_after", "traffic")
    op.create_table(
        "traffic_differences",
        *_counted(),
        sa.Column("data_class", sa.Text(), nullable=False, primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("what", "rule")),
        sa.Column("flows", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "shadows",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("revision", "version")),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("begun_s", "ended_s")),
    )
    for name in ("revision", "ended_s"):
        op.create_index(f"ix_shadows_{name}", "shadows", [name])
    op.create_table(
        "shadow_acknowledgements",
        sa.Column("shadow", sa.LargeBinary(), primary_key=True),
        sa.Column("node", sa.Text(), primary_key=True),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("acknowledged_s", sa.BigInteger(), nullable=False),
    )


def _counted() -> list["sa.Column[Any]"]:
    """What a count is of."""
    return [
        sa.Column("cell", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("start_s", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("shadow", sa.LargeBinary(), primary_key=True),
    ]
