"""A browser's side of a push subscription, without the browser: keys, and reading what came."""

from __future__ import annotations

import secrets

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocol.api import PushMessage, WebPushTarget
from protocol.pairing import encode


class PushBrowser:
    """Subscribes at an endpoint and decrypts what a server posts there (RFC 8291)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)

    def target(self, endpoint: str) -> WebPushTarget:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return WebPushTarget(endpoint=endpoint, p256dh=encode(point), auth=encode(self._auth))

    def read(self, body: bytes) -> PushMessage:
        text = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        return PushMessage.model_validate_json(text)
