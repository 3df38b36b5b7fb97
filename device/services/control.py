"""The channel `control` of one call: what a phone asks, what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiortc import RTCDataChannel

from device.services.desk import CallDesk, Line
from protocol.base import CONTROL_MESSAGE_LIMIT_BYTES, id_of
from protocol.control import (
    CallState,
    ControlReply,
    ControlRequest,
    Denied,
    Done,
    HangUp,
    Mute,
    Phases,
    Ping,
    Trace,
    parse_control_request,
)
from protocol.errors import RemoteProtocolError

log = logging.getLogger(__name__)

# A person taps a few times a second at most; more is a broken or hostile program.
WAITING_LIMIT = 32
# The doorbell's slowest action, a lock that does not answer, is known long before.
PERFORM_LIMIT_S = 10.0
# A phone that does not take its replies for this long is told nothing more until it does.
UNSENT_LIMIT_BYTES = 256 * 1024
# The phone says something every second and allows us three; five are for a sleepy radio, so that
# everything is free again within six.
SILENCE_LIMIT_S = 5.0


class Controls:
    """One phone's requests, and the replies.

    `on_mute(muted)`, `on_hang_up()` and `on_phases(phases)` are the call's own; everything else
    goes to the desk.
    """

    def __init__(
        self,
        line: Line,
        desk: CallDesk,
        on_mute: Callable[[bool], None],
        on_hang_up: Callable[[], None],
        on_phases: Callable[[Phases], Trace],
        silence_limit_s: float = SILENCE_LIMIT_S,
    ) -> None:
        self._line = line
        self._desk = desk
        self._on_mute = on_mute
        self._on_hang_up = on_hang_up
        self._on_phases = on_phases
        self._channel: RTCDataChannel | None = None
        self._opened = asyncio.Event()
        self._waiting: asyncio.Queue[ControlRequest] = asyncio.Queue(WAITING_LIMIT)
        self._silence_limit_s = silence_limit_s
        self._patience: asyncio.Timeout | None = None
        self._state: CallState | None = None

    def attach(self, channel: RTCDataChannel) -> None:
        """The channel that the phone has opened; a second one is closed."""
        if self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._hear)
        self._opened.set()
        self._greet()

    def push(self, state: CallState) -> None:
        """Tell the phone; only what differs from what it knows."""
        if state == self._state:
            return
        first = self._state is None
        self._state = state
        if first:
            self._greet()
        else:
            self._say(state)

    async def run(self) -> None:
        """Hand requests to the desk, one after the other."""
        while True:
            request = await self._waiting.get()
            self._say(await self._perform(request))

    async def silence(self) -> None:
        """Returns when the phone, once it had opened its channel, has said nothing for long."""
        await self._opened.wait()
        try:
            async with asyncio.timeout(self._silence_limit_s) as self._patience:
                await asyncio.Event().wait()
        except TimeoutError:
            return
        finally:
            self._patience = None

    def _greet(self) -> None:
        """The state first, then what else the desk says once; both need the open channel."""
        if self._channel is None or self._state is None:
            return
        for message in (self._state, *self._desk.greeting(self._line)):
            self._say(message)

    def _hear(self, message: str | bytes) -> None:
        if self._patience is not None:
            now_s = asyncio.get_running_loop().time()
            self._patience.reschedule(now_s + self._silence_limit_s)
        try:
            request = parse_control_request(message)
        except RemoteProtocolError as error:
            self._desk.unheard(self._line, message)
            self._say(
                Denied(
                    id=id_of(message, CONTROL_MESSAGE_LIMIT_BYTES),
                    reason="malformed",
                    detail=str(error)[:300],
                )
            )
            return
        if isinstance(request, Phases):
            self._say(self._on_phases(request))
            return
        if isinstance(request, Ping | Mute | HangUp):
            self._act(request)
            return
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            self._desk.unheard(self._line, message)
            detail = "Too many requests at once. Wait a moment and try again."
            self._say(Denied(id=request.id, reason="rate", detail=detail))

    def _act(self, request: Ping | Mute | HangUp) -> None:
        if isinstance(request, Mute):
            self._on_mute(request.on)
        self._say(Done(id=request.id))
        if isinstance(request, HangUp):
            self._on_hang_up()

    async def _perform(self, request: ControlRequest) -> ControlReply:
        try:
            async with asyncio.timeout(PERFORM_LIMIT_S):
                return await self._desk.perform(self._line, request)
        except TimeoutError:
            detail = "The doorbell did not manage it in time. Try again."
        except Exception:
            # A fault of one part must not end the call: picture and sound still work.
            log.exception("call %s: %s failed", self._line.call, request.type)
            detail = "The doorbell could not do it because of a fault of its own. Try again."
        return Denied(id=request.id, reason="fault", detail=detail)

    def _say(self, message: ControlReply) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return
        if channel.bufferedAmount < UNSENT_LIMIT_BYTES:
            channel.send(message.model_dump_json())
