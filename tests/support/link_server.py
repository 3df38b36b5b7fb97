"""A server for the doorbell's link on loopback, that a test leads by the hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web

from protocol.base import PROTOCOL_VERSION
from protocol.link import FromDoorbell, FromServer, Welcome, parse_from_doorbell

# Generous for a busy machine; a test that needs it has failed.
PATIENCE_S = 5.0


@dataclass
class Line:
    """One connection of the doorbell."""

    socket: web.WebSocketResponse
    token: str

    async def hear(self) -> FromDoorbell:
        async with asyncio.timeout(PATIENCE_S):
            return parse_from_doorbell(await self.socket.receive_str())

    async def say(self, message: FromServer) -> None:
        await self.socket.send_str(message.model_dump_json())

    async def welcome(self) -> None:
        await self.say(Welcome(version=PROTOCOL_VERSION, now_ms=0))


@dataclass
class LinkServer:
    url: str = ""
    refusals: list[Callable[[], web.Response]] = field(default_factory=list)
    attempts: int = 0
    _lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def line(self) -> Line:
        """The next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._lines.get()

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        if self.refusals:
            return self.refusals.pop(0)()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._lines.put_nowait(Line(socket, request.headers["Authorization"]))
        while not socket.closed and not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await self._over.wait()
        await socket.close()
        return socket

    def end(self) -> None:
        self._over.set()


@contextlib.asynccontextmanager
async def link_server() -> AsyncIterator[LinkServer]:
    server = LinkServer()
    app = web.Application()
    app.router.add_get("/api/v1/link", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.end()
        await runner.cleanup()
