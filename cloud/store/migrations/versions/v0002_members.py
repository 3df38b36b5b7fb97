"""When rights hold, tokens for recordings, and phones that are still to be told that they left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("phones", sa.Column("until_ms", sa.BigInteger))
    # Phones that were paired before had no windows; a column that must not be null needs a value.
    op.add_column("phones", sa.Column("windows", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "record_tokens",
        _doorbell(),
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("hash", sa.String(43), nullable=False),
        sa.Column("until_ms", sa.BigInteger),
    )
    op.create_table(
        "farewells",
        _doorbell(),
        sa.Column("phone", sa.String(26), primary_key=True),
    )


def _doorbell() -> sa.Column[str]:
    key = sa.ForeignKey("doorbells.id", ondelete="CASCADE")
    return sa.Column("doorbell", sa.String(26), key, primary_key=True, nullable=False)
