"""The server in wrong hands: it carries what it likes between the doorbell and whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import AsyncIterator

from aiohttp import WSMsgType, web

from protocol.base import PROTOCOL_VERSION
from protocol.calls import CallChallenge
from protocol.errors import RemoteProtocolError
from protocol.link import (
    CallAnswer,
    CallHangUp,
    CallOffer,
    CallRefused,
    ChallengeGiven,
    ChallengeWanted,
    Confirmed,
    FromDoorbell,
    FromServer,
    Hello,
    Members,
    PairReply,
    PairStep,
    Report,
    Welcome,
    parse_from_doorbell,
)
from protocol.pairing import PairChallenge, Paired, PairingRequest, PairRefused

# The doorbell answers within a second; a busy machine takes longer.
ANSWER_LIMIT_S = 20.0

Heard = ChallengeGiven | CallAnswer | CallRefused | PairReply


class HostileServer:
    """Speaks the link as the real server does, and lets its owner say anything on it."""

    def __init__(self) -> None:
        self.url = ""
        self.members: Members | None = None
        self._socket: web.WebSocketResponse | None = None
        self._linked = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Heard]] = {}
        self._numbers = itertools.count(1)

    async def linked(self) -> None:
        """Returns when the doorbell is connected."""
        async with asyncio.timeout(ANSWER_LIMIT_S):
            await self._linked.wait()

    async def say(self, message: FromServer) -> None:
        await self.say_text(message.model_dump_json())

    async def say_text(self, text: str) -> None:
        """Any frame at all."""
        await self.linked()
        if self._socket is not None:
            await self._socket.send_str(text)

    async def challenge(self, phone: str) -> CallChallenge:
        """A nonce of the doorbell for that phone."""
        ask = next(self._numbers)
        given = await self._ask(f"ask {ask}", ChallengeWanted(ask=ask, phone=phone))
        if not isinstance(given, ChallengeGiven):
            raise RuntimeError("The doorbell gave no challenge.")
        return given.challenge

    async def offer(self, offer: CallOffer) -> CallAnswer | CallRefused:
        """Place a call, whoever it is from."""
        reply = await self._ask(f"call {offer.call}", offer)
        if not isinstance(reply, CallAnswer | CallRefused):
            raise RuntimeError("The doorbell said something else.")
        return reply

    async def hang_up(self, call: str) -> None:
        await self.say(CallHangUp(call=call))

    async def pair(self, message: PairingRequest) -> PairChallenge | Paired | PairRefused:
        """One step of a pairing."""
        step = next(self._numbers)
        reply = await self._ask(f"step {step}", PairStep(step=step, message=message))
        if not isinstance(reply, PairReply):
            raise RuntimeError("The doorbell said something else.")
        return reply.reply

    async def attend(self, request: web.Request) -> web.WebSocketResponse:
        """One connection of the doorbell."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._socket = socket
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                with contextlib.suppress(RemoteProtocolError):
                    await self._hear(parse_from_doorbell(frame.data))
        if self._socket is socket:
            self._linked.clear()
        return socket

    async def _ask(self, key: str, message: FromServer) -> Heard:
        answer: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            await self.say(message)
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await answer
        finally:
            del self._waiting[key]

    async def _hear(self, message: FromDoorbell) -> None:
        if isinstance(message, Hello):
            self.members = message.members
            welcome = Welcome(version=PROTOCOL_VERSION, now_ms=int(time.time() * 1000))
            if self._socket is not None:
                await self._socket.send_str(welcome.model_dump_json())
            self._linked.set()
        elif isinstance(message, Members):
            self.members = message
        elif isinstance(message, Report):
            await self.say(Confirmed(epoch=message.epoch, sequence=message.sequence))
        elif isinstance(message, ChallengeGiven):
            self._give(f"ask {message.ask}", message)
        elif isinstance(message, CallAnswer | CallRefused):
            self._give(f"call {message.call}", message)
        elif isinstance(message, PairReply):
            self._give(f"step {message.step}", message)

    def _give(self, key: str, heard: Heard) -> None:
        waiting = self._waiting.get(key)
        if waiting is not None and not waiting.done():
            waiting.set_result(heard)


@contextlib.asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    """A server on loopback that belongs to the attacker."""
    server = HostileServer()
    app = web.Application()
    app.router.add_get("/api/v1/link", server.attend)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def new_call() -> str:
    """A name for a call, as a server makes it."""
    return secrets.token_urlsafe(12)
