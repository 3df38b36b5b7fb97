"""Who someone is: a P-256 key. Ids are hashes of keys; tokens are JWTs that it signs (ES256)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from protocol.errors import ClockError, LocalProtocolError, RemoteProtocolError
from protocol.pairing import decode, encode

AUDIENCE = "doorstep-server"
# Long enough for a slow uplink, short enough that a leaked token is worthless soon.
TOKEN_LIFE_S = 60
# Pictures and clips are fetched by elements that cannot send headers, so their token stands in
# the address; a long clip is fetched in ranges over this time.
MEDIA_TOKEN_LIFE_S = 600
# A phone's clock may be this wrong before the server refuses its tokens.
CLOCK_TOLERANCE_S = 60

Purpose = Literal["link", "record", "api", "media"]


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
        except (ValueError, TypeError) as error:
            raise RemoteProtocolError("The key cannot be read.") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise RemoteProtocolError("The key is not a P-256 key.")
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
        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public = PublicKey(spki)
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
            "aud": AUDIENCE,
            "purpose": purpose,
            "iat": issued,
            "exp": issued + life_s,
            "jti": secrets.token_urlsafe(12),
            **claims,
        }
        return jwt.encode(payload, self._key, "ES256", {"kid": self.id, "spki": self.public.text})

    def sign(self, statement: bytes) -> bytes:
        """Raw r‖s over `statement`, 64 bytes."""
        return jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
            statement, self._key
        )

    def _pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def claimed_issuer(token: str) -> tuple[str, str | None]:
    """The (id, SPKI) that a token claims, unverified; RemoteProtocolError when it is no token."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise RemoteProtocolError("The token cannot be read.") from error
    kid, spki = header.get("kid"), header.get("spki")
    if not isinstance(kid, str) or not isinstance(spki, str | None):
        raise RemoteProtocolError("The token does not say whose it is.")
    return kid, spki


def verify_token(token: str, key: PublicKey, purpose: Purpose, now_s: float) -> dict[str, Any]:
    """The claims of a token that `key` signed for `purpose`; RemoteProtocolError otherwise."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key._key(), ["ES256"], audience=AUDIENCE, issuer=key.id,
            options={"require": ["exp", "iat", "jti"], "verify_exp": False, "verify_iat": False},
        )  # fmt: skip
    except jwt.PyJWTError as error:
        raise RemoteProtocolError("The token is not valid.") from error
    _check_times(claims, now_s)
    if claims.get("purpose") != purpose:
        raise RemoteProtocolError(f"The token is not for the purpose {purpose!r}.")
    return claims


def _check_times(claims: dict[str, Any], now_s: float) -> None:
    issued, expires = claims["iat"], claims["exp"]
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise RemoteProtocolError("The token's times are not whole seconds.")
    if expires - issued > MEDIA_TOKEN_LIFE_S:
        raise RemoteProtocolError("The token lives too long.")
    if not issued - CLOCK_TOLERANCE_S <= now_s <= expires + CLOCK_TOLERANCE_S:
        raise ClockError("The token is not of this time. Check the clock.")
