"""Updates on a web server, over TLS on loopback, that breaks off, sends too much, or is away."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from aiohttp import web


@dataclass
class UpdateServer:
    """Serves `folder`. The next answers with a bundle end after `cuts` bytes each."""

    folder: Path
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    more: bytes = b""
    away: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name, wanted = request.path.rpartition("/")[2], request.headers.get("Range", "")
        self.asked.append((name, wanted))
        path = self.folder / name
        if self.away or not path.is_file():
            raise web.HTTPServiceUnavailable if self.away else web.HTTPNotFound
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        body = path.read_bytes()[start:]
        if not name.endswith(".bundle"):
            return web.Response(body=body)
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body) + len(self.more)
        await response.prepare(request)
        if self.cuts:
            await response.write(body[: self.cuts.pop(0)])
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(body + self.more)
        return response


@asynccontextmanager
async def update_server(folder: Path) -> AsyncIterator[tuple[UpdateServer, ssl.SSLContext]]:
    """The server, and what trusts it."""
    authority = trustme.CA()
    # For a doorbell that is a process of its own.
    authority.cert_pem.write_to_path(folder / "ca.crt")
    own, trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(own)
    authority.configure_trust(trust)
    server = UpdateServer(folder)
    app = web.Application()
    app.router.add_get("/{name:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=own)
        await site.start()
        server.url = f"https://localhost:{runner.addresses[0][1]}/doorstep"
        yield server, trust
    finally:
        await runner.cleanup()
