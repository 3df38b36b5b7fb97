"""The doorbell's audit log as others may check it: a chain in which every row names the one before.

hash(n) = SHA-256("doorstep-audit-1", n, hash(n-1), SHA-256(row n)), so a phone that remembers one
head can check that a later one continues it, without reading what happened meanwhile.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from protocol.base import DeviceId, Message, UnixMs
from protocol.calls import Sha256
from protocol.pairing import decode, encode

HEAD_TYP = "doorstep-audit-head+jws"
AUDIT_CONTEXT = b"doorstep-audit-1"
# Before the first row.
ROOT = encode(bytes(32))
LINKS_LIMIT = 200
ROWS_LIMIT = 100

# What can be in the log; one row each. An opening is granted, done when the lock has taken the
# pulse and ended when it is locked again, or failed.
AuditWhat = Literal[
    "started", "paired", "pairing_refused", "invited", "invitation_withdrawn", "phone_changed",
    "phone_removed", "household_reset", "token_made", "token_revoked", "policy_changed",
    "passkey_made", "passkey_removed", "call_began", "call_ended", "call_refused",
    "unlock_granted", "unlock_done", "unlock_ended", "unlock_failed", "unlock_refused",
    "exported", "update_wanted",
]  # fmt: skip


class AuditRow(Message):
    """One thing that happened. `clock` tells whether the wall clock was trusted.

    `who` is a phone's id, a token's id, "automation" or nothing; `name` is what it was called
    then; `detail` is a sentence; `evidence` the signed command, if there was one.
    """

    number: int = Field(ge=1)
    boot: str = Field(max_length=40)
    monotonic_ms: int = Field(ge=0)
    at_ms: UnixMs
    clock: bool
    what: AuditWhat
    who: str = Field(default="", max_length=40)
    name: str = Field(default="", max_length=60)
    detail: str = Field(default="", max_length=300)
    evidence: str = Field(default="", max_length=8 * 1024)


class AuditHeadStatement(Message):
    """What the doorbell signs (HEAD_TYP)."""

    doorbell: DeviceId
    number: int = Field(ge=0)
    hash: Sha256
    at_ms: UnixMs


class AuditHead(Message):
    """Pushed on `control` when a call begins: where the log stands, signed."""

    type: Literal["audit_head"] = "audit_head"
    head: Annotated[str, StringConstraints(max_length=2048)]


class AuditLinks(Message):
    """Reply to `audit_since`: SHA-256 of the rows after it, oldest first, LINKS_LIMIT at a time."""

    type: Literal["audit_links"] = "audit_links"
    id: int
    rows: tuple[Sha256, ...] = Field(max_length=LINKS_LIMIT)


def row_hash(row: bytes) -> str:
    """SHA-256 of a row as it is kept, base64url."""
    return encode(hashlib.sha256(row).digest())


def next_hash(number: int, before: str, row: str) -> str:
    """The chain's hash at row `number`, whose own hash is `row`."""
    whole = b"".join((AUDIT_CONTEXT, number.to_bytes(8), decode(before), decode(row)))
    return encode(hashlib.sha256(whole).digest())
