"""Tokens of other software: how they are made, and found again by their secret."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from collections.abc import Iterable

from device.services.household_book import KeptToken
from protocol.base import UnixMs
from protocol.household import MintedToken, TokenKind
from protocol.jws import hash_of

# 40 bits tell tokens apart; they are no secret.
ID_BYTES = 5
# 256 bits: as hard to guess as a key.
SECRET_BYTES = 32
PREFIX: dict[TokenKind, str] = {"view": "dsv", "record": "dsr"}


def minted(
    name: str, kind: TokenKind, since_ms: UnixMs, until_ms: UnixMs | None
) -> tuple[KeptToken, str]:
    """A new token, and the secret that belongs to it, of which only the hash is kept."""
    number = b32encode(secrets.token_bytes(ID_BYTES)).decode("ascii").lower()
    token = MintedToken(id=number, name=name, kind=kind, since_ms=since_ms, until_ms=until_ms)
    secret = f"{PREFIX[kind]}_{number}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return KeptToken(token=token, hash=hash_of(secret)), secret


def matching(tokens: Iterable[KeptToken], kind: TokenKind, secret: str) -> KeptToken | None:
    """The token with that secret; every one is compared, so that the time taken tells nothing."""
    wanted, found = hash_of(secret), None
    for kept in tokens:
        if hmac.compare_digest(kept.hash, wanted) and kept.token.kind == kind:
            found = kept
    return found
