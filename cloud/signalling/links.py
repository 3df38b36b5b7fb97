"""The doorbells that are connected, and the way to say something to each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud.shared.problems import ProblemError
from cloud.store.roster import Roster
from protocol.base import Message
from protocol.door import DoorState

log = logging.getLogger(__name__)

# A doorbell takes each frame at once; this many waiting mean that it does not read any more.
_OUTBOX_LIMIT = 256
# For one frame into the socket's buffer; a path that is slower than this is gone.
_SEND_TIMEOUT_S = 10.0
# A close frame's reason has room for 123 bytes (RFC 6455 section 5.5).
_REASON_LIMIT_BYTES = 123


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a link ends: a WebSocket close code and a sentence for the log at the other end."""

    code: int
    reason: str

    @property
    def short_reason(self) -> str:
        return self.reason.encode()[:_REASON_LIMIT_BYTES].decode(errors="ignore")


GONE = Closing(1000, "Goodbye.")
NOT_TEXT = Closing(1003, "The link speaks in text frames only.")
RESTARTING = Closing(1012, "The server restarts. Come back soon.")
NOT_KEPT = Closing(1013, "The server cannot write. Try again later.")
REFUSED = Closing(4403, "This doorbell is not served here.")
SILENT = Closing(4408, "No hello came in time.")
REPLACED = Closing(4409, "The same doorbell has connected again.")
TOO_SLOW = Closing(4429, "The doorbell does not read what it is sent.")


def malformed(reason: str) -> Closing:
    return Closing(4400, reason)


class Link:
    """One doorbell's connection. `send` and `close` never wait."""

    def __init__(self, doorbell: str, name: str, state: DoorState, since_ms: int) -> None:
        self.doorbell = doorbell
        self.name = name
        self.state = state
        self.since_ms = since_ms
        self._outbox: deque[str] = deque()
        self._closing: Closing | None = None
        self._wake = asyncio.Event()

    def send(self, message: Message) -> None:
        """Hand the message to the writer; a doorbell that does not read is disconnected."""
        if len(self._outbox) >= _OUTBOX_LIMIT:
            self.close(TOO_SLOW)
            return
        self._outbox.append(message.model_dump_json())
        self._wake.set()

    def close(self, closing: Closing = GONE) -> None:
        """End the link after what was sent; the first reason counts."""
        self._closing = self._closing or closing
        self._wake.set()

    @property
    def closing(self) -> bool:
        """Whether the link is about to end: what its doorbell said before does not count now."""
        return self._closing is not None

    async def write_to(self, websocket: WebSocket) -> None:
        """Write what is sent until the link closes; returns when the socket is closed or gone."""
        try:
            while (text := await self._next()) is not None:
                async with asyncio.timeout(_SEND_TIMEOUT_S):
                    await websocket.send_text(text)
            closing = self._closing or GONE
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await websocket.close(closing.code, closing.short_reason)
        except (WebSocketDisconnect, TimeoutError, RuntimeError):
            # RuntimeError: the peer's close frame was faster than ours.
            log.debug("[link %s] gone while writing", self.doorbell)

    async def _next(self) -> str | None:
        while not self._outbox:
            if self._closing:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self._outbox.popleft()


class Links:
    """Who is here: at most one link for each doorbell, the newest."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self.on_count: Callable[[int], None] = lambda _: None

    def get(self, doorbell: str) -> Link | None:
        return self._links.get(doorbell)

    def enter(self, link: Link) -> Link | None:
        """Make this the doorbell's link; returns the one that it replaces."""
        old = self._links.get(link.doorbell)
        self._links[link.doorbell] = link
        self.on_count(len(self._links))
        if old:
            old.close(REPLACED)
        return old

    def retire(self, doorbell: str) -> None:
        """The doorbell is back on another link: what waits in the old one is out of date."""
        if old := self._links.get(doorbell):
            old.close(REPLACED)

    def leave(self, link: Link) -> bool:
        """Forget the link; False when another has replaced it."""
        if self._links.get(link.doorbell) is not link:
            return False
        del self._links[link.doorbell]
        self.on_count(len(self._links))
        return True

    def close(self) -> None:
        """Tell all doorbells that the server restarts."""
        for link in self._links.values():
            link.close(RESTARTING)


def link_of(links: Links, roster: Roster, doorbell: str) -> Link:
    """The doorbell's link; ProblemError 503 when it is away."""
    if link := links.get(doorbell):
        return link
    known = roster.doorbell(doorbell)
    raise doorbell_away(known.since_ms if known else None)


def doorbell_away(since_ms: int | None = None) -> ProblemError:
    """The doorbell is not connected, and since when."""
    words = "The doorbell is away."
    if since_ms is not None:
        since = datetime.fromtimestamp(since_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
        words = f"The doorbell is away since {since}."
    return ProblemError(503, "Doorbell away", words, headers={"Retry-After": "5"})
