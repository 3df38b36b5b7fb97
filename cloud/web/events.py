"""`GET /events`: Server-Sent Events (HTML standard section 9.2), read with fetch by the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from cloud.shared.auth import Gate
from cloud.shared.problems import ProblemError
from cloud.store.visits import Visits
from cloud.web.doorbells import DoorbellView
from cloud.web.hub import EventHub, Listener, Numbered, TooManyStreamsError
from protocol.api import VisitEvent

# Proxies and mobile networks cut what is silent for 30 s and more.
_HEARTBEAT_S = 15.0
_HEARTBEAT = b": still here\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventRoutes:
    """Streams what happens at the phone's doorbells."""

    def __init__(
        self,
        gate: Gate,
        hub: EventHub,
        view: DoorbellView,
        visits: Visits,
        heartbeat_s: float = _HEARTBEAT_S,
    ) -> None:
        self._gate = gate
        self._hub = hub
        self._view = view
        self._visits = visits
        self._heartbeat_s = heartbeat_s

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1", tags=["events"])
        router.add_api_route(
            "/events",
            self.events,
            methods=["GET"],
            response_class=StreamingResponse,
            summary="What happens, as it happens (Server-Sent Events)",
        )
        return router

    async def events(self, request: Request) -> StreamingResponse:
        """The stream; resumes behind the header Last-Event-ID."""
        phone = await self._gate.phone(request)
        last_id = request.headers.get("last-event-id", "")
        stream = self._stream(phone, last_id)
        try:
            first = await anext(stream)
        except TooManyStreamsError as error:
            detail = "The app is open too often. Close other tabs."
            headers = {"Retry-After": "30"}
            raise ProblemError(429, "Too many streams", detail, headers=headers) from error
        body = _with_first(first, stream)
        return StreamingResponse(body, media_type="text/event-stream", headers=_HEADERS)

    async def _stream(self, phone: str, last_id: str) -> AsyncGenerator[bytes, None]:
        with self._hub.listen(phone) as listener:
            yield b"retry: 1000\n\n" + await self._catch_up(phone, last_id)
            while (chunk := await self._next(listener)) is not None:
                yield chunk

    async def _next(self, listener: Listener) -> bytes | None:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                event = await listener.next()
        except TimeoutError:
            return _HEARTBEAT
        return _frame(event) if event else None

    async def _catch_up(self, phone: str, last_id: str) -> bytes:
        """What was missed; to who is new, or was away too long, how things stand."""
        place = self._hub.last_id
        missed = self._hub.since(phone, last_id)
        if missed is not None:
            return b"".join(map(_frame, missed))
        frames = []
        for doorbell in self._view.doorbells_of(phone, "view"):
            frames.append(_frame(Numbered(place, self._view.event(doorbell))))
            visit = await self._visits.latest(doorbell.id) if last_id else None
            if visit:
                event = VisitEvent(change="moment", visit=visit)
                frames.append(_frame(Numbered(place, event)))
        return b"".join(frames)


async def _with_first(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


def _frame(event: Numbered) -> bytes:
    return f"id: {event.id}\ndata: {event.event.model_dump_json()}\n\n".encode()
