"""The tables. Times are Unix milliseconds; nested values are the protocol's JSON."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

# Named constraints, so that later migrations can name what they change.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

doorbells = Table(
    "doorbells", metadata,
    Column("id", String(26), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("name", String(60), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)  # fmt: skip

# One row for each right-giving pair: a phone may know several doorbells.
phones = Table(
    "phones", metadata,
    Column("id", String(26), primary_key=True),
    Column("doorbell", ForeignKey("doorbells.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("until_ms", BigInteger),
    Column("windows", JSON, nullable=False, server_default="[]"),
)  # fmt: skip

# Tokens with which other software records, by their hashes: the doorbell alone knows more.
record_tokens = Table(
    "record_tokens", metadata,
    Column("doorbell", ForeignKey("doorbells.id", ondelete="CASCADE"), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("hash", String(43), nullable=False),
    Column("until_ms", BigInteger),
)  # fmt: skip

# Phones that a reset took out of a household, until they were told.
farewells = Table(
    "farewells", metadata,
    Column("doorbell", ForeignKey("doorbells.id", ondelete="CASCADE"), primary_key=True),
    Column("phone", String(26), primary_key=True),
)  # fmt: skip

visits = Table(
    "visits", metadata,
    Column("id", String(40), primary_key=True),
    Column("doorbell", ForeignKey("doorbells.id", ondelete="CASCADE"), nullable=False),
    Column("cause", String(8), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("rang_ms", BigInteger),
    Column("answered_by", String(60)),
    Column("closed_ms", BigInteger),
    Column("outcome", String(8)),
    Column("snapshot", Boolean, nullable=False, default=False),
    Column("clip", JSON),
    # What the household deleted stays as an empty row, so that late reports cannot revive it.
    Column("deleted", Boolean, nullable=False, default=False),
    Index("ix_visits_newest", "opened_ms", "id"),
    Index("ix_visits_of_doorbell", "doorbell", "opened_ms", "id"),
)  # fmt: skip

moments = Table(
    "moments", metadata,
    Column("number", Integer, primary_key=True),
    Column("visit", ForeignKey("visits.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
    Column("who", String(60), nullable=False),
    Column("quiet", Boolean, nullable=False),
)  # fmt: skip

# How far each life of a doorbell has been written down, so that a report counts once.
confirmations = Table(
    "confirmations", metadata,
    Column("doorbell", ForeignKey("doorbells.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", String(40), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)  # fmt: skip

push_targets = Table(
    "push_targets", metadata,
    Column("address", String(2048), primary_key=True),
    Column("phone", String(26), nullable=False, index=True),
    Column("target", JSON, nullable=False),
    Column("language", String(2), nullable=False),
)  # fmt: skip
