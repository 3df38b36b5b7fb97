"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _doorbells_and_phones()
    _visits()
    op.create_table(
        "confirmations",
        _doorbell(primary_key=True),
        sa.Column("epoch", sa.String(40), primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "push_targets",
        sa.Column("address", sa.String(2048), primary_key=True),
        sa.Column("phone", sa.String(26), nullable=False),
        sa.Column("target", sa.JSON, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
    )
    op.create_index("ix_push_targets_phone", "push_targets", ["phone"])


def _doorbell(primary_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("doorbells.id", ondelete="CASCADE")
    return sa.Column("doorbell", sa.String(26), key, primary_key=primary_key, nullable=False)


def _doorbells_and_phones() -> None:
    op.create_table(
        "doorbells",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "phones",
        sa.Column("id", sa.String(26), primary_key=True),
        _doorbell(primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("rights", sa.JSON, nullable=False),
    )


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.String(40), primary_key=True),
        _doorbell(),
        sa.Column("cause", sa.String(8), nullable=False),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("rang_ms", sa.BigInteger),
        sa.Column("answered_by", sa.String(60)),
        sa.Column("closed_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(8)),
        sa.Column("snapshot", sa.Boolean, nullable=False),
        sa.Column("clip", sa.JSON),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
    op.create_index("ix_visits_newest", "visits", ["opened_ms", "id"])
    op.create_index("ix_visits_of_doorbell", "visits", ["doorbell", "opened_ms", "id"])
    visit = sa.ForeignKey("visits.id", ondelete="CASCADE")
    op.create_table(
        "moments",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("visit", sa.String(40), visit, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("quiet", sa.Boolean, nullable=False),
    )
    op.create_index("ix_moments_visit", "moments", ["visit"])
