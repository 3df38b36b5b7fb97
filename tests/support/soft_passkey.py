"""An authenticator in software: makes passkeys and confirms with them, as WebAuthn level 2 says.

Its fields can be bent, so that it lies in every way in which a bad one might.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.control import PasskeyAssertion
from protocol.household import MakePasskey
from protocol.pairing import encode

# Section 6.1: user present, user verified, attested credential data.
UP, UV, AT = 0x01, 0x04, 0x40
# COSE (RFC 9053): key type EC2, ES256, curve P-256.
COSE_EC2, COSE_ES256, COSE_P256 = 2, -7, 1


@dataclass
class SoftPasskey:
    """One credential. `make` and `confirm` are what the browser's two calls return."""

    rp_id: str
    origin: str
    flags: int = UP | UV
    count: int = 0
    steps: bool = True
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, challenge: str, number: int = 1) -> MakePasskey:
        """`navigator.credentials.create` for a challenge in base64url."""
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(attested=True)}
        return MakePasskey(
            id=number,
            credential=encode(self.credential),
            client_data=encode(self._client_data("webauthn.create", challenge)),
            attestation=encode(cbor2.dumps(attestation)),
        )

    def confirm(self, command: str, kind: str = "webauthn.get") -> PasskeyAssertion:
        """`navigator.credentials.get` for a whole command."""
        challenge = encode(hashlib.sha256(command.encode()).digest())
        client_data, data = self._client_data(kind, challenge), self._data(attested=False)
        signed = data + hashlib.sha256(client_data).digest()
        return PasskeyAssertion(
            credential=encode(self.credential),
            authenticator_data=encode(data),
            client_data=encode(client_data),
            signature=encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        )

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, attested: bool) -> bytes:
        if self.steps:
            self.count += 1
        flags = self.flags | AT if attested else self.flags
        head = hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags])
        head += self.count.to_bytes(4, "big")
        if not attested:
            return head
        return head + bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + (
            self._cose()
        )  # fmt: skip

    def _cose(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({
            1: COSE_EC2, 3: COSE_ES256, -1: COSE_P256,
            -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big"),
        })  # fmt: skip
