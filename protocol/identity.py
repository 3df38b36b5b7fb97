"""Who someone is: a P-256 key. Ids are hashes of keys; tokens are JWTs that it signs (ES256)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from protocol import jws
from protocol.errors import ClockError, LocalProtocolError, RemoteProtocolError
from protocol.pairing import decode, encode

TOKEN_TYP = "JWT"
# Long enough for a slow uplink, short enough that a leaked token is worthless soon.
TOKEN_LIFE_S = 60
# Pictures and clips are fetched by elements that cannot send headers, so their token stands in
# the address; a long clip is fetched in ranges over this time.
MEDIA_TOKEN_LIFE_S = 600
# A phone's clock may be this wrong before the server refuses its tokens.
CLOCK_TOLERANCE_S = 60

Purpose = Literal["link", "record", "api", "media"]
# Who a token is for. What one part of the server is shown opens no other.
AUDIENCES: dict[Purpose, str] = {
    "link": "doorstep-link",
    "record": "doorstep-recorder",
    "api": "doorstep-api",
    "media": "doorstep-media",
}


def id_of(spki: bytes) -> str:
    """First 26 characters of base32(SHA-256(SPKI)), in lower case: a device or phone id."""
    return base64.b32encode(hashlib.sha256(spki).digest()).decode("ascii").lower()[:26]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A P-256 public key that came from outside."""

    spki: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """From SPKI in base64url; RemoteProtocolError when it is not a P-256 key."""
        raw = decode(text)
        try:
            key = serialization.load_der_public_key(raw)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise RemoteProtocolError("The key cannot be read.") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise RemoteProtocolError("The key is not a P-256 key.")
        # One key, one id: another encoding of the same key would be somebody else.
        if _spki_of(key) != raw:
            raise RemoteProtocolError("The key is not written in the usual way.")
        return cls(raw)

    @property
    def id(self) -> str:
        return id_of(self.spki)

    @property
    def text(self) -> str:
        """SPKI in base64url."""
        return encode(self.spki)

    def verifies(self, signature: bytes, statement: bytes) -> bool:
        """Whether the raw r‖s `signature` (64 bytes, as WebCrypto makes it) is over `statement`."""
        if len(signature) != 64:
            return False
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        try:
            self._key().verify(encode_dss_signature(r, s), statement, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def _key(self) -> ec.EllipticCurvePublicKey:
        key = serialization.load_der_public_key(self.spki)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise LocalProtocolError("Only P-256 keys are kept.")
        return key


class Identity:
    """A private P-256 key and what it can sign."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = PublicKey(_spki_of(key.public_key()))
        self.id = self.public.id

    @classmethod
    def generate(cls) -> Identity:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load_or_create(cls, path: Path) -> Identity:
        """The key in `path` (PEM, mode 0600), made there at first use.

        Raises ValueError when the file holds something else, OSError when it cannot be read.
        """
        if not path.exists():
            identity = cls.generate()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_bytes(identity._pem())
            return identity
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} does not hold a P-256 key.")
        return cls(key)

    def token(
        self, purpose: Purpose, now_s: float, life_s: int = TOKEN_LIFE_S, **claims: str
    ) -> str:
        """A short-lived JWT for the server; `claims` bind it to one request or path."""
        issued = int(now_s)
        payload = {
            "iss": self.id,
            "aud": AUDIENCES[purpose],
            "purpose": purpose,
            "iat": issued,
            "exp": issued + life_s,
            "jti": secrets.token_urlsafe(12),
            **claims,
        }
        return jws.seal_claims(
            self, TOKEN_TYP, json.dumps(payload).encode(), {"spki": self.public.text}
        )

    def sign(self, statement: bytes) -> bytes:
        """Raw r‖s over `statement`, 64 bytes."""
        r, s = decode_dss_signature(self._key.sign(statement, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def _pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def _spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def claimed_issuer(token: str) -> tuple[str, str | None]:
    """The (id, SPKI) that a token claims, unverified; RemoteProtocolError when it is no token."""
    header = jws.header_of(token, TOKEN_TYP, ("spki",))
    return header["kid"], header.get("spki")


def verify_token(token: str, key: PublicKey, purpose: Purpose, now_s: float) -> dict[str, Any]:
    """The claims of a token that `key` signed for `purpose`; RemoteProtocolError otherwise."""
    claims = jws.unseal_claims(token, TOKEN_TYP, key, ("spki",))
    if claims.get("iss") != key.id or not isinstance(claims.get("jti"), str):
        raise RemoteProtocolError("The token is not valid.")
    if claims.get("purpose") != purpose or claims.get("aud") != AUDIENCES[purpose]:
        raise RemoteProtocolError(f"The token is not for the purpose {purpose!r}.")
    _check_times(claims, now_s)
    return claims


def _check_times(claims: dict[str, Any], now_s: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise RemoteProtocolError("The token's times are not whole seconds.")
    if expires - issued > MEDIA_TOKEN_LIFE_S:
        raise RemoteProtocolError("The token lives too long.")
    if not issued - CLOCK_TOLERANCE_S <= now_s <= expires + CLOCK_TOLERANCE_S:
        raise ClockError("The token is not of this time. Check the clock.")
