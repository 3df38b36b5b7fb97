"""A push service on loopback that takes Web Push messages by TLS and notes when each came."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocol.pairing import encode
from scripts.phone import Phone
from scripts.stack import Stack

POST_LIMIT_S = 10.0
CREATED = 201


class PushService:
    """`async with PushService(folder) as push`; start the server with `push.environment`."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._trusted = folder / "push-authority.pem"
        self._posted_s: asyncio.Queue[float] = asyncio.Queue()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process trust this service."""
        return {"SSL_CERT_FILE": str(self._trusted)}

    async def __aenter__(self) -> Self:
        self._authority.cert_pem.write_to_path(self._trusted)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert("localhost").configure_cert(context)
        app = web.Application()
        app.router.add_post("/push", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "localhost", 0, ssl_context=context)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        await self._runner.cleanup()

    @contextlib.asynccontextmanager
    async def subscribed(self, stack: Stack) -> AsyncIterator[None]:
        """A phone, other than the page, that gets its pushes here."""
        async with await Phone.paired(stack.pairing_link(), "Pushed") as phone:
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            target = {
                "type": "webpush",
                "endpoint": f"https://localhost:{self._port}/push",
                "p256dh": encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
                "auth": encode(secrets.token_bytes(16)),
            }
            answer = await phone.request(
                "POST", "/api/v1/push/subscriptions", json.dumps({"target": target}).encode()
            )
            if answer.status // 100 != 2:
                raise RuntimeError(f"The subscription was refused: {answer.body.decode()}")
            yield

    def forget(self) -> None:
        """Whatever came until now is of no interest."""
        while not self._posted_s.empty():
            self._posted_s.get_nowait()

    async def posted_ms(self) -> float:
        """When the next message came, in Unix milliseconds."""
        async with asyncio.timeout(POST_LIMIT_S):
            return 1000 * await self._posted_s.get()

    async def _take(self, request: web.Request) -> web.Response:
        self._posted_s.put_nowait(time.time())
        await request.read()
        return web.Response(status=CREATED)
