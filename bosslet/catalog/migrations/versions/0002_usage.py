"""Count the bytes that are moved in a month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of counters."""
    op.create_table(
        "usage",
        sa.Column("counter", sa.String(length=300), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("nbytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("counter", "direction", name=op.f("pk_usage")),
    )
