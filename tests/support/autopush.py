"""A push service on loopback: browsers connect by WebSocket, servers post to its endpoints.

Speaks the protocol of Firefox's push client (hello, register, notification, ack), keeps what was
posted, and answers posts as told.
"""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import WSMsgType, web


@dataclass(frozen=True)
class Posted:
    """One request that a server made to an endpoint."""

    channel: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Autopush:
    """`async with Autopush() as service`; `service.answers` are used up by the posts to come."""

    posts: list[Posted] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    acknowledged: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    hang: bool = False
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/ws/", self._serve_browser)
        app.router.add_post("/push/{channel}", self._take_post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for socket in tuple(self._sockets):
            await socket.close()
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """What Firefox connects to."""
        return f"ws://127.0.0.1:{self.port}/ws/"

    def endpoint(self, channel: str) -> str:
        return f"http://127.0.0.1:{self.port}/push/{channel}"

    async def forget_browsers(self) -> None:
        """Lose all subscriptions: a browser that comes back is given another name."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def _serve_browser(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("push-notification",))
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._hear(socket, json.loads(message.data))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said.get("messageType"):
            case "hello":
                reply = {"uaid": uuid4().hex, "status": 200, "use_webpush": True}
                await socket.send_json({"messageType": "hello", **reply})
            case "register":
                channel = said["channelID"]
                reply = {"status": 200, "pushEndpoint": self.endpoint(channel)}
                await socket.send_json({"messageType": "register", "channelID": channel, **reply})
            case "unregister":
                await socket.send_json({**said, "status": 200})
            case "ack":
                for update in said["updates"]:
                    self.acknowledged.put_nowait(update["channelID"])

    async def _take_post(self, request: web.Request) -> web.Response:
        if self.hang:
            await self._over.wait()
        channel, body = request.match_info["channel"], await request.read()
        self.posts.append(Posted(channel, request.headers.copy(), body))
        status, headers = self.answers.popleft() if self.answers else (201, {})
        if status == 201:
            await self._deliver(channel, body)
        return web.Response(status=status, headers=headers)

    async def _deliver(self, channel: str, body: bytes) -> None:
        notification = {
            "messageType": "notification",
            "channelID": channel,
            "version": uuid4().hex,
            "data": urlsafe_b64encode(body).rstrip(b"=").decode(),
            "headers": {"encoding": "aes128gcm"},
        }
        for socket in tuple(self._sockets):
            await socket.send_json(notification)
