"""A small recorder over HTTP: answers offers, keeps the frames, and can be made to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiortc import RTCPeerConnection

from media.incoming import EncodedTrack, ReceivedFrame, expect, receive_encoded
from media.outgoing import STARTS_HEADER
from media.peer import accept_offer, open_peer

Reply = Callable[[web.Request], web.Response]


@dataclass
class ReceivedSession:
    """What one session brought."""

    visit: str
    starts_ms: int
    pc: RTCPeerConnection
    tracks: list[EncodedTrack] = field(default_factory=list)
    ended: bool = False
    _frames: list[ReceivedFrame] = field(default_factory=list)

    def frames(self, kind: str) -> list[ReceivedFrame]:
        """All frames of a kind so far, in order of capture."""
        self._frames += [frame for track in self.tracks for frame in track.take()]
        chosen = [frame for frame in self._frames if frame.kind == kind]
        return sorted(chosen, key=lambda frame: frame.ticks)

    def captured_ms(self, frame: ReceivedFrame) -> float:
        """When a frame was captured, in Unix milliseconds, by the agreement on time stamps."""
        return self.starts_ms + frame.ticks * 1000 / (90_000 if frame.kind == "video" else 48_000)


class WhipServer:
    """`replies` are given to the next requests instead of the usual answer."""

    def __init__(self) -> None:
        self.sessions: list[ReceivedSession] = []
        self.replies: list[Reply] = []
        self.pictures: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.url = ""
        self.absolute = False
        self._opened: list[RTCPeerConnection] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[WhipServer]:
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        try:
            yield self
        finally:
            await runner.cleanup()
            for pc in self._opened:
                await pc.close()

    async def _serve(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.path))
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.replies:
            return self.replies.pop(0)(request)
        if request.method == "POST" and request.path.endswith("/recordings"):
            return await self._open(request)
        if request.method == "DELETE":
            session = self.sessions[int(request.path.rsplit("/", 1)[1])]
            session.ended = True
            return web.Response()
        if request.method == "PUT":
            self.pictures[request.path] = await request.read()
            return web.Response(status=204)
        return web.Response(status=405)

    async def _open(self, request: web.Request) -> web.Response:
        pc = open_peer()
        self._opened.append(pc)
        starts_ms = int(request.headers[STARTS_HEADER])
        session = ReceivedSession(request.query["visit"], starts_ms, pc)
        arrived = asyncio.Event()
        for kind in ("video", "audio"):
            receiver = expect(pc, kind).receiver
            session.tracks.append(receive_encoded(receiver, kind, arrived))
        offer = await request.text()
        self.sessions.append(session)
        path = f"/api/v1/recordings/{len(self.sessions) - 1}"
        answer = await accept_offer(pc, offer)
        headers = {"Location": self.url + path if self.absolute else path}
        return web.Response(
            status=201, text=answer, content_type="application/sdp", headers=headers
        )


def reply(status: int, **headers: str) -> Reply:
    """A plain answer; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: web.Response(status=status, headers=named)
