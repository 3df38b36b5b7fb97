"""`GET /api/v1/link`: where doorbells connect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud.shared.auth import DoorbellCaller, Gate
from cloud.shared.clock import Clock, now_ms
from cloud.shared.problems import ProblemError, problem_response
from cloud.signalling.calls import Calls
from cloud.signalling.challenges import ChallengeDesk
from cloud.signalling.enrolment import Enrolment
from cloud.signalling.links import (
    NOT_KEPT,
    NOT_TEXT,
    REFUSED,
    SILENT,
    Closing,
    Link,
    Links,
    malformed,
)
from cloud.signalling.membership import Membership, check_members
from cloud.signalling.pairing import PairingDesk
from cloud.signalling.reports import ReportBook, ReportKeeper
from cloud.store.database import DatabaseError
from cloud.store.roster import Roster
from protocol.api import DoorbellEvent, VisitEvent
from protocol.base import PROTOCOL_VERSION
from protocol.errors import RemoteProtocolError
from protocol.link import (
    CallAnswer,
    CallEnded,
    CallRefused,
    CallTraced,
    ChallengeGiven,
    FromDoorbell,
    Hello,
    Members,
    PairReply,
    Report,
    State,
    Welcome,
    parse_from_doorbell,
)

log = logging.getLogger(__name__)

# A doorbell says hello in its first packet; this covers the slowest uplink.
_HELLO_TIMEOUT_S = 10.0

Tell = Callable[[VisitEvent | DoorbellEvent], None]


class _ClosedError(Exception):
    """The conversation ends with this close code."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.reason)
        self.closing = closing


@dataclass(frozen=True, slots=True)
class LinkEndpoint:
    """Serves links: who may, what they report, and what goes back."""

    gate: Gate
    enrolment: Enrolment
    roster: Roster
    membership: Membership
    reports: ReportBook
    links: Links
    calls: Calls
    challenges: ChallengeDesk
    pairing: PairingDesk
    tell: Tell
    clock: Clock

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_websocket_route("/api/v1/link", self.serve)
        return router

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from the upgrade to its end."""
        try:
            caller = self.gate.linking(websocket)
        except ProblemError as error:
            await websocket.send_denial_response(
                problem_response(error.status, error.title, error.detail, error.type, error.headers)
            )
            return
        await websocket.accept()
        try:
            link = await self._welcome(websocket, caller)
        except _ClosedError as error:
            log.info("[link %s] closed: %s", caller.id, error)
            await websocket.close(error.closing.code, error.closing.short_reason)
            return
        except WebSocketDisconnect:
            return
        await self._converse(websocket, link)

    async def _welcome(self, websocket: WebSocket, caller: DoorbellCaller) -> Link:
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                hello = await _receive(websocket)
        except TimeoutError as error:
            raise _ClosedError(SILENT) from error
        if not isinstance(hello, Hello):
            raise _ClosedError(malformed("The first frame must be a hello."))
        _check_hello(hello, caller.id)
        now = now_ms(self.clock)
        if refused := await self.enrolment.admit(caller, hello, now):
            await websocket.send_text(refused.model_dump_json())
            raise _ClosedError(REFUSED)
        self.links.retire(caller.id)
        try:
            await self.membership.take(caller.id, hello.members)
        except DatabaseError as error:
            log.error("[link %s] the members could not be kept: %s", caller.id, error)
            raise _ClosedError(NOT_KEPT) from error
        link = Link(caller.id, hello.name, hello.state, now)
        link.send(Welcome(version=PROTOCOL_VERSION, now_ms=now))
        return link

    async def _converse(self, websocket: WebSocket, link: Link) -> None:
        if self.links.enter(link):
            self._lose(link.doorbell)
        log.info("[link %s] up", link.doorbell)
        self._tell_presence(link, online=True)
        try:
            async with asyncio.TaskGroup() as group:
                keeper = self.reports.of(link)
                keeping = group.create_task(self._keep(link, keeper))
                reading = group.create_task(self._read(websocket, link, keeper))
                await link.write_to(websocket)
                reading.cancel()
                keeping.cancel()
        finally:
            await self._left(link)

    async def _left(self, link: Link) -> None:
        if not self.links.leave(link):
            return
        log.info("[link %s] down", link.doorbell)
        self._lose(link.doorbell)
        link.since_ms = now_ms(self.clock)
        self._tell_presence(link, online=False)
        await self.roster.saw(link.doorbell, link.name, link.since_ms)

    def _lose(self, doorbell: str) -> None:
        self.calls.lost(doorbell)
        self.challenges.lost(doorbell)
        self.pairing.lost(doorbell)

    async def _read(self, websocket: WebSocket, link: Link, keeper: ReportKeeper) -> None:
        """Take frames until the doorbell leaves or says something that it must not."""
        try:
            while True:
                message = await _receive(websocket)
                await self._handle(link, keeper, message)
        except _ClosedError as error:
            log.info("[link %s] closed: %s", link.doorbell, error)
            link.close(error.closing)
        except WebSocketDisconnect:
            link.close()

    async def _handle(self, link: Link, keeper: ReportKeeper, message: FromDoorbell) -> None:
        match message:
            case Report():
                await keeper.take(message)
            case CallAnswer() | CallRefused():
                self.calls.replied(link.doorbell, message)
            case ChallengeGiven():
                self.challenges.replied(link.doorbell, message)
            case CallEnded():
                self.calls.ended(link.doorbell, message.call)
            case CallTraced():
                self.calls.traced(link.doorbell, message)
            case PairReply():
                self.pairing.replied(link.doorbell, message)
            case State():
                link.state = message.state
                self._tell_presence(link, online=True)
            case Members():
                await self._changed(link, message)
            case Hello():
                await self._said_again(link, message)

    async def _keep(self, link: Link, keeper: ReportKeeper) -> None:
        try:
            await keeper.run()
        except DatabaseError as error:
            # Unconfirmed, so the doorbell says it again once it is back.
            log.error("[link %s] a report could not be kept: %s", link.doorbell, error)
            link.close(NOT_KEPT)

    async def _said_again(self, link: Link, hello: Hello) -> None:
        """The doorbell has another name, or other members."""
        _check_hello(hello, link.doorbell)
        link.state, link.name = hello.state, hello.name
        await self.roster.saw(link.doorbell, link.name, link.since_ms)
        await self._changed(link, hello.members)
        self._tell_presence(link, online=True)

    async def _changed(self, link: Link, members: Members) -> None:
        _check_members(members)
        if link.closing:
            # A newer link has said who belongs to the household by now.
            return
        try:
            await self.membership.take(link.doorbell, members)
        except DatabaseError as error:
            log.error("[link %s] the members could not be kept: %s", link.doorbell, error)
            link.close(NOT_KEPT)

    def _tell_presence(self, link: Link, *, online: bool) -> None:
        event = DoorbellEvent(
            id=link.doorbell,
            name=link.name,
            online=online,
            since_ms=link.since_ms,
            state=link.state if online else None,
        )
        self.tell(event)


async def _receive(websocket: WebSocket) -> FromDoorbell:
    frame = await websocket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame.get("code", 1006))
    text = frame.get("text")
    if text is None:
        raise _ClosedError(NOT_TEXT)
    try:
        return parse_from_doorbell(text)
    except RemoteProtocolError as error:
        raise _ClosedError(malformed(str(error))) from error


def _check_hello(hello: Hello, doorbell: str) -> None:
    if hello.device_id != doorbell:
        raise _ClosedError(malformed("The hello names another doorbell than the token."))
    _check_members(hello.members)


def _check_members(members: Members) -> None:
    try:
        check_members(members)
    except RemoteProtocolError as error:
        raise _ClosedError(malformed(str(error))) from error
