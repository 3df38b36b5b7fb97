"""Signed calls: what phone and doorbell state about their SDP, and what SDP may look like.

Both sign the whole SDP and its one DTLS fingerprint, so whoever carries the call, the server or a
TURN server, cannot sit in the middle (RFC 8827 section 9.2). Trickled candidates are not signed:
they can break a call, and cannot break into it.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from protocol.base import DeviceId, Message, PhoneId, VisitId
from protocol.errors import RemoteProtocolError
from protocol.pairing import encode

OFFER_TYP = "doorstep-offer+jws"
ANSWER_TYP = "doorstep-answer+jws"
# The header beside SDP over HTTP, in either direction.
SIGNATURE_HEADER = "Doorstep-Signature"
# From the doorbell's nonce to the offer that uses it, by the doorbell's monotonic clock.
NONCE_VALID_S = 30.0
CHANNEL_CONTEXT = "doorstep-channel-1"

# 16 random bytes, base64url.
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
# As SDP writes it (RFC 8122 section 5): 32 bytes in upper-case hexadecimal, colons between.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{2}(:[0-9A-F]{2}){31}$")]


class CallChallenge(Message):
    """The doorbell's nonce for one offer of one phone."""

    nonce: Nonce
    valid_s: float = Field(gt=0, le=300)


class OfferStatement(Message):
    """What a phone signs (OFFER_TYP). `session` is its own name for the call.

    `answers` is the visit whose ring it answers: nobody else may say that this phone came.
    """

    role: Literal["offer"] = "offer"
    doorbell: DeviceId
    phone: PhoneId
    session: Nonce
    doorbell_nonce: Nonce
    phone_nonce: Nonce
    fingerprint: Fingerprint
    sdp_hash: Sha256
    answers: VisitId | None = None


class AnswerStatement(Message):
    """What the doorbell signs (ANSWER_TYP); `offer_hash` is of the offer's whole JWS."""

    role: Literal["answer"] = "answer"
    doorbell: DeviceId
    phone: PhoneId
    session: Nonce
    doorbell_nonce: Nonce
    phone_nonce: Nonce
    fingerprint: Fingerprint
    sdp_hash: Sha256
    offer_hash: Sha256


def fingerprint_of(sdp: str) -> str:
    """The one sha-256 fingerprint of an SDP; RemoteProtocolError when there are others or none.

    All sections share one transport (BUNDLE), so one fingerprint stands for all of them.
    """
    found: set[str] = set()
    for line in sdp.splitlines():
        if not line.lower().startswith("a=fingerprint"):
            continue
        kind, _, value = line.partition(":")[2].strip().partition(" ")
        if not line.startswith("a=fingerprint:") or kind.lower() != "sha-256":
            raise RemoteProtocolError("The SDP has a fingerprint that is not sha-256.")
        found.add(value.strip().upper())
    if len(found) != 1:
        raise RemoteProtocolError(f"The SDP has {len(found)} fingerprints; it must have one.")
    return found.pop()


def channel_of(doorbell_fingerprint: str, phone_fingerprint: str, session: str) -> str:
    """Names the one DTLS association that commands belong to: SHA-256, base64url."""
    parts = (CHANNEL_CONTEXT, doorbell_fingerprint, phone_fingerprint, session)
    return encode(hashlib.sha256("\n".join(parts).encode("ascii")).digest())
