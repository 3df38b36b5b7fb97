"""Who asks: tokens that phones and doorbells sign themselves, checked on every request.

A phone's token is bound to one request (`htm`, `htu`, `bh`); a media token, which stands in an
address, to one path. A doorbell's token is bound to one purpose.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import HTTPConnection, Request

from cloud.shared.clock import Clock
from cloud.shared.problems import ProblemError
from cloud.shared.replay import ReplayGuard
from protocol.errors import ClockError, RemoteProtocolError
from protocol.identity import (
    TOKEN_LIFE_S,
    PublicKey,
    Purpose,
    claimed_issuer,
    verify_token,
)
from protocol.pairing import encode

CLOCK_PROBLEM = "/problems/clock"
# A token of ours is about 600 characters long.
_TOKEN_LIMIT = 4096
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="doorstep"'}


class KnownKeys(Protocol):
    """Where paired phones and served doorbells are found."""

    def phone_key(self, phone: str) -> PublicKey | None: ...

    def serves(self, doorbell: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class DoorbellCaller:
    """A doorbell whose token is good; whether it may is decided by who asks."""

    id: str
    key: PublicKey


class Gate:
    """Turns a request into who sent it; raises ProblemError 401."""

    def __init__(self, keys: KnownKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._replays = ReplayGuard(clock)

    async def phone(self, request: Request) -> str:
        """The id of the phone that signed this very request, its body included."""
        token = bearer_of(request)
        phone, claims = self._phone_claims(token, "api")
        if claims.get("htm") != request.method or claims.get("htu") != target_of(request):
            raise unauthorized("The token was signed for another request.")
        _check_body(claims.get("bh"), await request.body())
        if self._keys.phone_key(phone) is None:
            # A body may take long enough for the phone to be taken out meanwhile.
            raise _not_paired()
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            self._replays.use(phone, str(claims["jti"]), claims["exp"])
        return phone

    async def phone_of_media(self, request: Request) -> str:
        """As `phone`, or by `?token=` for elements that cannot send headers."""
        token = request.query_params.get("token")
        if token is None:
            return await self.phone(request)
        phone, claims = self._phone_claims(token, "media")
        if claims.get("path") != path_of(request):
            raise unauthorized("The token was signed for another address.")
        return phone

    async def phone_or_doorbell(self, request: Request) -> str:
        """The id of a phone that signed the request, or of a served doorbell with a link token."""
        claimed, _ = _claimed(bearer_of(request))
        if self._keys.serves(claimed):
            return self.served_doorbell(request, "link")
        return await self.phone(request)

    def served_doorbell(self, connection: HTTPConnection, purpose: Purpose) -> str:
        """The id of a doorbell that is served here and signed the token for `purpose`."""
        caller = self.doorbell(connection, purpose)
        if not self._keys.serves(caller.id):
            raise unauthorized("This doorbell is not served here. Connect its link first.")
        return caller.id

    def linking(self, connection: HTTPConnection) -> DoorbellCaller:
        """The doorbell that opens its link; a token of one that is served opens it once.

        Whoever is not served has nothing to lose, and is not remembered: anybody can make keys.
        """
        caller, claims = self._doorbell_claims(connection, "link")
        if self._keys.serves(caller.id):
            self._replays.use(caller.id, str(claims["jti"]), claims["exp"])
        return caller

    def doorbell(self, connection: HTTPConnection, purpose: Purpose) -> DoorbellCaller:
        """The doorbell, served or not, that signed the connection's token for `purpose`."""
        return self._doorbell_claims(connection, purpose)[0]

    def _doorbell_claims(
        self, connection: HTTPConnection, purpose: Purpose
    ) -> tuple[DoorbellCaller, dict[str, Any]]:
        token = bearer_of(connection)
        claimed, spki = _claimed(token)
        try:
            key = PublicKey.parse(spki or "")
        except RemoteProtocolError as error:
            raise unauthorized(str(error)) from error
        if key.id != claimed:
            raise unauthorized("The token's key is not its doorbell's.")
        return DoorbellCaller(key.id, key), self._verified(token, key, purpose)

    def _phone_claims(self, token: str, purpose: Purpose) -> tuple[str, dict[str, Any]]:
        phone, _ = _claimed(token)
        key = self._keys.phone_key(phone)
        if key is None:
            raise _not_paired()
        return phone, self._verified(token, key, purpose)

    def _verified(self, token: str, key: PublicKey, purpose: Purpose) -> dict[str, Any]:
        try:
            claims = verify_token(token, key, purpose, self._clock())
        except ClockError as error:
            raise unauthorized(str(error), CLOCK_PROBLEM) from error
        except RemoteProtocolError as error:
            raise unauthorized(str(error)) from error
        if purpose != "media" and claims["exp"] - claims["iat"] > TOKEN_LIFE_S:
            raise unauthorized(f"A token for a request may live {TOKEN_LIFE_S} s.")
        return claims


def bearer_of(connection: HTTPConnection) -> str:
    """The token of the Authorization header."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Sign the request: Authorization: Bearer <token>.")
    if len(token) > _TOKEN_LIMIT:
        raise unauthorized("The token is too long.")
    return token.strip()


def path_of(request: Request) -> str:
    """The path as it was sent, percent signs and all."""
    raw = request.scope.get("raw_path") or request.url.path.encode()
    return bytes(raw).partition(b"?")[0].decode("latin-1")


def target_of(request: Request) -> str:
    """Path and query as they were sent."""
    query = bytes(request.scope["query_string"]).decode("latin-1")
    return f"{path_of(request)}?{query}" if query else path_of(request)


def unauthorized(detail: str, type: str = "about:blank") -> ProblemError:  # noqa: A002
    """A 401 that says what to do."""
    return ProblemError(401, "Not signed in", detail, type, dict(_CHALLENGE))


def _not_paired() -> ProblemError:
    return unauthorized("This phone is not paired here. Open a new pairing link on it.")


def _claimed(token: str) -> tuple[str, str | None]:
    try:
        return claimed_issuer(token)
    except RemoteProtocolError as error:
        raise unauthorized(str(error)) from error


def _check_body(claimed: object, body: bytes) -> None:
    if not body and claimed is None:
        return
    actual = encode(hashlib.sha256(body).digest())
    if not isinstance(claimed, str) or not hmac.compare_digest(claimed.encode(), actual.encode()):
        raise unauthorized("The token was signed for another body.")
