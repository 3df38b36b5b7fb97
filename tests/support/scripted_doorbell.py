"""A doorbell that says what the test wants: the real link, spoken by a real client."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp

from protocol.base import PROTOCOL_VERSION, Message
from protocol.door import Cause, DoorState, Moment, Outcome, Phone
from protocol.identity import Identity
from protocol.link import (
    Confirmed,
    FromServer,
    Hello,
    KnownPhone,
    Members,
    Occurrence,
    RecordToken,
    Report,
    VisitClosed,
    VisitMoment,
    VisitOpened,
    Welcome,
    parse_from_server,
)

# Generous for a busy machine; a test that needs it has failed.
PATIENCE_S = 5.0
LOCKED = DoorState(lock="locked", light="off")

Expected = TypeVar("Expected", bound=Message)


@dataclass
class ScriptedDoorbell:
    """`connected()` first; then `report`, `say` and `hear`."""

    url: str
    http: aiohttp.ClientSession
    identity: Identity = field(default_factory=Identity.generate)
    name: str = "Front door"
    phones: Sequence[KnownPhone] = ()
    tokens: Sequence[RecordToken] = ()
    forgotten: Sequence[str] = ()
    epoch: str = "life-0001"
    socket: aiohttp.ClientWebSocketResponse | None = None
    sequence: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def id(self) -> str:
        return self.identity.id

    def token(self, purpose: str = "link", now_s: float | None = None) -> str:
        at = time.time() if now_s is None else now_s
        return self.identity.token("record" if purpose == "record" else "link", at)

    async def dial(self, token: str | None = None) -> aiohttp.ClientWebSocketResponse:
        """A bare socket, before any word."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return await self.http.ws_connect(f"{self.url}/api/v1/link", headers=headers)

    def hello(self) -> Hello:
        return Hello(
            version=PROTOCOL_VERSION,
            device_id=self.id,
            name=self.name,
            software="test",
            members=self.members(),
            state=LOCKED,
        )

    def members(self) -> Members:
        """The household as this doorbell says it is."""
        return Members(
            phones=tuple(self.phones),
            tokens=tuple(self.tokens),
            forgotten=tuple(self.forgotten),
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[ScriptedDoorbell]:
        """The link is up, and welcomed."""
        self.socket = await self.dial()
        await self.say(self.hello())
        await self.hear(Welcome)
        try:
            yield self
        finally:
            await self.socket.close()

    async def say(self, message: Message) -> None:
        await self._socket().send_str(message.model_dump_json())

    async def hear(self, kind: type[Expected]) -> Expected:
        """The server's next message, which must be of this kind."""
        message = await self.hear_any()
        if not isinstance(message, kind):
            raise AssertionError(f"expected {kind.__name__}, heard {message!r}")
        return message

    async def hear_any(self) -> FromServer:
        async with asyncio.timeout(PATIENCE_S):
            return parse_from_server(await self._socket().receive_str())

    async def closing(self) -> tuple[int | None, str]:
        """Wait for the server to close; its code and reason."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self._socket().receive()
                if frame.type is aiohttp.WSMsgType.CLOSE:
                    return frame.data, str(frame.extra)
                if frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    return self._socket().close_code, ""

    async def introduce(self, *phones: KnownPhone) -> None:
        """Say that these phones are the household's, and wait until the server knows them."""
        self.phones = phones
        await self.tell_members()

    async def tell_members(self) -> None:
        """Say who belongs to the household, and wait until the server knows it."""
        await self.say(self.members())
        await self.ring("visit-nobody-opened")
        await self.hear(Confirmed)

    async def report(self, what: Occurrence) -> Report:
        report = Report(epoch=self.epoch, sequence=next(self.sequence), what=what)
        await self.say(report)
        return report

    async def open_visit(self, visit: str, at_ms: int = 1_000, cause: Cause = "press") -> None:
        await self.report(VisitOpened(visit=visit, cause=cause, at_ms=at_ms))

    async def ring(self, visit: str, at_ms: int = 1_000) -> None:
        moment = Moment(at_ms=at_ms, what="rang")
        await self.report(VisitMoment(visit=visit, moment=moment))

    async def close_visit(self, visit: str, at_ms: int, outcome: Outcome) -> None:
        await self.report(VisitClosed(visit=visit, at_ms=at_ms, outcome=outcome))

    def _socket(self) -> aiohttp.ClientWebSocketResponse:
        if self.socket is None:
            raise AssertionError("the doorbell is not connected")
        return self.socket


def known_phone(identity: Identity, name: str = "Anna", *rights: str) -> KnownPhone:
    """A phone as the doorbell's hello lists it; every right unless named."""
    all_rights = ("view", "talk", "light", "chime", "unlock", "history", "admin")
    phone = Phone.model_validate({"id": identity.id, "name": name, "rights": rights or all_rights})
    return KnownPhone(phone=phone, public_key=identity.public.text)
