"""The server's key toward push services (VAPID, RFC 8292): made at first start, kept for good."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02  # type: ignore[import-untyped]

from protocol.pairing import encode

_REMEDY = "Restore it, or remove it: phones then have to turn on notifications again."


class VapidKey:
    """A P-256 key pair. Phones subscribe to its public half: losing it loses all subscriptions."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def load_or_create(cls, path: Path) -> VapidKey:
        """The key in `path` (PEM, mode 0600), made there at first use.

        Raises ValueError when the file holds something else, OSError when it cannot be used.
        """
        try:
            return cls(_read(path))
        except FileNotFoundError:
            key = ec.generate_private_key(ec.SECP256R1())
            _write(path, key)
            return cls(key)

    @property
    def public_key(self) -> str:
        """The uncompressed point in base64url, as browsers take it."""
        return encode(
            self._key.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        )

    def signer(self) -> Vapid02:
        """What pywebpush signs with."""
        return Vapid02(self._key)


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a private key in PEM form. {_REMEDY}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError(f"{path} does not hold a P-256 key. {_REMEDY}")
    return key


def _write(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Whole or not at all: a key cut short by a power cut would end every subscription.
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
