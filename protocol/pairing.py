"""How a phone and a doorbell meet: both prove that they know the secret in the QR code.

The link holds `1.<SHA-256 of the doorbell's key>.<secret>.<device id>` behind `#`, so no server
sees it. Phone and doorbell exchange keys and nonces through the server; each proof is
HMAC-SHA-256(secret, role and transcript), so the server can neither read along nor swap a key.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from protocol.base import (
    CONTROL_MESSAGE_LIMIT_BYTES,
    Base64Url,
    DeviceId,
    Message,
    Name,
    PhoneId,
    Sentence,
    UnixMs,
    parse,
)
from protocol.door import WINDOW_LIMIT, Right, Window
from protocol.errors import RemoteProtocolError

SECRET_BYTES = 16
Proof = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
PairingId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,40}$")]


class PairHello(Message):
    """The phone's key (SPKI, base64url), its nonce and the name that the household will see."""

    type: Literal["pair_hello"] = "pair_hello"
    device_id: DeviceId
    public_key: Base64Url
    nonce: Base64Url
    name: Name


class PairChallenge(Message):
    """The doorbell's key and nonce, and its proof that it knows the secret."""

    type: Literal["pair_challenge"] = "pair_challenge"
    pairing: PairingId
    public_key: Base64Url
    nonce: Base64Url
    proof: Proof


class PairProof(Message):
    """The phone's proof that it knows the secret."""

    type: Literal["pair_proof"] = "pair_proof"
    device_id: DeviceId
    pairing: PairingId
    proof: Proof


class Paired(Message):
    """The phone is known now. `public_key` repeats the phone's, for the server's register."""

    type: Literal["paired"] = "paired"
    phone_id: PhoneId
    name: Name
    public_key: Base64Url
    doorbell_name: Name
    rights: tuple[Right, ...] = Field(max_length=7)
    until_ms: UnixMs | None = None
    windows: tuple[Window, ...] = Field(default=(), max_length=WINDOW_LIMIT)


class PairRefused(Message):
    """Why pairing failed, in words for the person who holds the phone."""

    type: Literal["pair_refused"] = "pair_refused"
    reason: Literal["unknown", "expired", "used", "wrong", "exhausted"]
    detail: Sentence


PairingRequest = Annotated[PairHello | PairProof, Field(discriminator="type")]
PAIRING_REQUEST: TypeAdapter[PairingRequest] = TypeAdapter(PairingRequest)


def parse_pairing_request(text: str | bytes) -> PairingRequest:
    """One pairing message of a phone; raises RemoteProtocolError."""
    return parse(PAIRING_REQUEST, text, CONTROL_MESSAGE_LIMIT_BYTES)


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes behind base64url without padding; raises RemoteProtocolError."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError as error:
        raise RemoteProtocolError("The text is not base64url.") from error


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that both sides said, in the order in which both sign it."""

    device_id: str
    doorbell_key: str
    phone_key: str
    doorbell_nonce: str
    phone_nonce: str
    phone_name: str

    def proof(self, secret: bytes, role: Literal["doorbell", "phone"]) -> str:
        """HMAC-SHA-256 over the length-prefixed parts, base64url."""
        parts = ("doorstep-pairing-1", role, self.device_id, self.doorbell_key, self.phone_key,
                 self.doorbell_nonce, self.phone_nonce, self.phone_name)  # fmt: skip
        text = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return encode(hmac.digest(secret, text, hashlib.sha256))

    def accepts(self, secret: bytes, role: Literal["doorbell", "phone"], proof: str) -> bool:
        """Whether `proof` is that role's, compared in constant time."""
        return hmac.compare_digest(self.proof(secret, role), proof)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the QR code carries."""

    key_hash: str
    secret: bytes
    device_id: str

    def fragment(self) -> str:
        """The part behind `#` of a pairing link."""
        return f"p=1.{self.key_hash}.{encode(self.secret)}.{self.device_id}"

    @classmethod
    def parse(cls, fragment: str) -> Invitation:
        """Read a link's fragment; raises RemoteProtocolError."""
        parts = fragment.removeprefix("#").removeprefix("p=").split(".")
        if len(parts) != 4 or parts[0] != "1":
            raise RemoteProtocolError("This is not a pairing link of this version.")
        secret = decode(parts[2])
        if len(secret) != SECRET_BYTES:
            raise RemoteProtocolError("The pairing link is cut short. Copy it whole.")
        return cls(parts[1], secret, parts[3])
