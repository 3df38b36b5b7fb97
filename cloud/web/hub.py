"""The stream of events to phones: published at once, kept for those who come back."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cloud.shared.access import Rights
from protocol.api import DoorbellEvent, VisitEvent

Event = VisitEvent | DoorbellEvent

# A page that comes back after an hour in the pocket of a busy household still misses nothing.
_KEPT_EVENTS = 512
# A phone that does not read this many is asleep; it resumes by Last-Event-ID.
_BACKLOG_LIMIT = 128
# One phone: a few tabs and windows, and streams whose end has not been noticed yet.
_STREAMS_PER_PHONE = 8


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with its place in the stream."""

    id: str
    event: Event


class Listener:
    """One phone's open stream."""

    def __init__(self, phone: str) -> None:
        self.phone = phone
        self.closed = False
        self._waiting: deque[Numbered] = deque()
        self._wake = asyncio.Event()

    def push(self, event: Numbered) -> None:
        if len(self._waiting) >= _BACKLOG_LIMIT:
            self.close()
        self._waiting.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the stream; the phone comes back and resumes."""
        self.closed = True
        self._wake.set()

    async def next(self) -> Numbered | None:
        """The next event; None when the stream is over."""
        while not self.closed and not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        return None if self.closed else self._waiting.popleft()


class TooManyStreamsError(RuntimeError):
    """The phone listens too often already."""


class EventHub:
    """Publishes to every phone that may see the doorbell."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        # A number of an earlier life of the server means nothing in this one.
        self._life = secrets.token_hex(4)
        self._count = 0
        self._kept: deque[Numbered] = deque(maxlen=_KEPT_EVENTS)
        self._listeners: set[Listener] = set()
        self.on_count: Callable[[int], None] = lambda _: None

    def publish(self, event: Event) -> None:
        """Hand the event to all streams now; never waits."""
        self._count += 1
        numbered = Numbered(f"{self._life}-{self._count}", event)
        self._kept.append(numbered)
        for listener in self._listeners:
            if self._may_see(listener.phone, event):
                listener.push(numbered)

    @contextmanager
    def listen(self, phone: str) -> Iterator[Listener]:
        """A stream from now on; raises TooManyStreamsError."""
        if sum(1 for other in self._listeners if other.phone == phone) >= _STREAMS_PER_PHONE:
            raise TooManyStreamsError
        listener = Listener(phone)
        self._listeners.add(listener)
        self.on_count(len(self._listeners))
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self.on_count(len(self._listeners))

    def since(self, phone: str, last_id: str) -> list[Numbered] | None:
        """What the phone missed behind `last_id`; None when that is not known any more."""
        life, _, number = last_id.partition("-")
        if life != self._life or not number.isdecimal():
            return None
        missed = self._count - int(number)
        if not 0 <= missed <= len(self._kept):
            return None
        newest = list(self._kept)[len(self._kept) - missed :]
        return [event for event in newest if self._may_see(phone, event.event)]

    @property
    def last_id(self) -> str:
        return f"{self._life}-{self._count}"

    def dismiss(self, phone: str) -> None:
        """End the streams of a phone that is not paired any more."""
        for listener in self._listeners:
            if listener.phone == phone:
                listener.close()

    def close(self) -> None:
        """End all streams: the server stops."""
        for listener in self._listeners:
            listener.close()

    def _may_see(self, phone: str, event: Event) -> bool:
        doorbell = event.visit.doorbell if isinstance(event, VisitEvent) else event.id
        known = self._rights.phone(phone, doorbell)
        return known is not None and "view" in known.rights
