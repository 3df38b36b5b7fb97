"""The channel `household` of one call: what a phone asks of the household, what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from aiortc import RTCDataChannel

from device.core.bucket import Bucket
from device.services.desk import HouseholdDesk, Line
from protocol.base import CONTROL_MESSAGE_LIMIT_BYTES, id_of
from protocol.errors import RemoteProtocolError
from protocol.household import (
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
    parse_household_request,
)

log = logging.getLogger(__name__)

# A page asks for a few things when it opens; a person changes one at a time.
WAITING_LIMIT = 8
BURST = 20.0
PER_S = 3.0
# Reading a page of a long audit log from a slow card.
MANAGE_LIMIT_S = 10.0
# A phone that does not take its replies is told no more until it does.
UNSENT_LIMIT_BYTES = 1024 * 1024
SENTENCE_LIMIT = 300

_TOO_MANY = "Too many requests at once. Wait a moment and try again."
_TOO_SLOW = "The doorbell did not manage it in time. Try again."
_TOO_LONG = "There is more to show than this browser takes at once. Try another browser."
_FAULT = "The doorbell could not do it because of a fault of its own. Try again."


class CallHousehold:
    """One call's channel. `run()` hands requests to the desk, one after the other."""

    def __init__(self, line: Line, desk: HouseholdDesk) -> None:
        self._line = line
        self._desk = desk
        self._channel: RTCDataChannel | None = None
        self._waiting: asyncio.Queue[HouseholdRequest] = asyncio.Queue(WAITING_LIMIT)
        self._bucket = Bucket(BURST, PER_S)
        self._stop_watching: Callable[[], None] = lambda: None

    def attach(self, channel: RTCDataChannel) -> None:
        """The channel that the phone has opened; a second one is closed."""
        if self._channel is not None:
            channel.close()
            return
        self._channel = channel
        self._stop_watching = self._desk.watch(self._line, self._say)
        channel.on("message", self._hear)
        channel.on("close", self.close)

    async def run(self) -> NoReturn:
        """Serve the phone until cancelled."""
        try:
            while True:
                request = await self._waiting.get()
                self._say(await self._manage(request))
        finally:
            self.close()

    def close(self) -> None:
        """Tell the phone nothing more of what changes."""
        self._stop_watching()
        self._stop_watching = lambda: None

    def _hear(self, message: str | bytes) -> None:
        number = id_of(message, CONTROL_MESSAGE_LIMIT_BYTES)
        if not self._bucket.take(asyncio.get_running_loop().time()):
            self._say(HouseholdRefused(id=number, reason="rate", detail=_TOO_MANY))
            return
        try:
            self._waiting.put_nowait(parse_household_request(message))
        except RemoteProtocolError as error:
            detail = str(error)[:SENTENCE_LIMIT]
            self._say(HouseholdRefused(id=number, reason="malformed", detail=detail))
        except asyncio.QueueFull:
            self._say(HouseholdRefused(id=number, reason="rate", detail=_TOO_MANY))

    async def _manage(self, request: HouseholdRequest) -> HouseholdReply:
        try:
            async with asyncio.timeout(MANAGE_LIMIT_S):
                return await self._desk.manage(self._line, request)
        except TimeoutError:
            detail = _TOO_SLOW
        except Exception:
            # A fault here must not end the call.
            log.exception("call %s: %s failed", self._line.call, request.type)
            detail = _FAULT
        return HouseholdRefused(id=request.id, reason="fault", detail=detail)

    def _say(self, message: HouseholdReply) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return
        if channel.bufferedAmount >= UNSENT_LIMIT_BYTES:
            return
        try:
            channel.send(message.model_dump_json())
        except ValueError:
            # Longer than the phone has said that it takes (RFC 8841 section 6).
            log.warning("call %s: %s is too long for the phone", self._line.call, message.type)
            channel.send(
                HouseholdRefused(id=message.id, reason="fault", detail=_TOO_LONG).model_dump_json()
            )
