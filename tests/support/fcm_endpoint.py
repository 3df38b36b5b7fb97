"""Firebase on loopback: checks a service account's assertion, then takes its messages."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = "doorstep-test"
EMAIL = f"door@{PROJECT}.example"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# Google's library signs for this one, wherever the account's token_uri leads.
_AUDIENCE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass
class FcmEndpoint:
    """`async with FcmEndpoint() as firebase`; `errors` are used up by the messages to come."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: deque[tuple[int, str]] = field(default_factory=deque)

    async def __aenter__(self) -> Self:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/v1/projects/{project}/messages:send", self._send)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    @property
    def send_url(self) -> str:
        """With a place for the project, as firebase-admin keeps it."""
        return self._origin + "/v1/projects/{0}/messages:send"

    def write_account(self, path: Path, key: rsa.RSAPrivateKey | None = None) -> Path:
        """The key file of a service account that fetches its tokens here."""
        pem = (key or self._key).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "throw-away",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "token_uri": f"{self._origin}/token",
        }
        path.write_text(json.dumps(account))
        return path

    async def _token(self, request: web.Request) -> web.Response:
        form = parse_qs(await request.text())
        try:
            if form["grant_type"] != [_GRANT]:
                raise jwt.InvalidTokenError("another grant")
            claims = jwt.decode(
                form["assertion"][0], self._key.public_key(), ["RS256"],
                audience=_AUDIENCE, issuer=EMAIL,
                options={"require": ["exp", "iat"]},
            )  # fmt: skip
        except (jwt.PyJWTError, KeyError) as error:
            self.refused.append(str(error))
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.claims.append(claims)
        token = {"access_token": "a-token", "expires_in": 3600, "token_type": "Bearer"}
        return web.json_response(token)

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer a-token":
            return _error(401, "UNAUTHENTICATED")
        if request.match_info["project"] != PROJECT:
            return _error(403, "SENDER_ID_MISMATCH")
        if self.errors:
            return _error(*self.errors.popleft())
        self.sent.append(json.loads(await request.text()))
        return web.json_response({"name": f"projects/{PROJECT}/messages/{len(self.sent)}"})


def _error(status: int, code: str) -> web.Response:
    detail = {"@type": _FCM_ERROR, "errorCode": code}
    error = {"status": code, "message": f"refused: {code}", "details": [detail]}
    return web.json_response({"error": error}, status=status)
