"""The channel `latest` of one call: pulses out, statistics and views in; only the newest counts."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import NoReturn

from aiortc import RTCDataChannel

from protocol.errors import RemoteProtocolError
from protocol.latest import FromPhone, Pulse, Shown, Statistics, View, parse_from_phone

log = logging.getLogger(__name__)

# Quick enough to notice within half a second that a network has become narrow.
PULSE_EVERY_S = 0.1
# While nothing happens half as many will do; a pulse and its answer cost half a millisecond.
CALM_PULSE_EVERY_S = 0.2
# More than a few pulses waiting means that the path is full; the next would only wait longer.
UNSENT_LIMIT_BYTES = 1024
# Answers that are older than this are of no use.
PULSES_REMEMBERED = 50


class Latest:
    """One call's channel. `heard(statistics, round_trip_s)` and `looked(view)` get the newest.

    While `calm`, it asks less often.
    """

    def __init__(
        self,
        heard: Callable[[Statistics, float | None], None],
        looked: Callable[[View], None],
    ) -> None:
        self._heard = heard
        self._looked = looked
        self._channel: RTCDataChannel | None = None
        self._newest: dict[str, int] = {}
        self._sent_s: dict[int, float] = {}
        self._answered = 0
        self.calm = False
        self._numbers = itertools.count(1)
        self._shown_numbers = itertools.count(1)

    def attach(self, channel: RTCDataChannel) -> None:
        """The channel that the phone has opened."""
        self._channel = channel
        channel.on("message", self._take)

    async def run(self) -> NoReturn:
        """Pulse until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(CALM_PULSE_EVERY_S if self.calm else PULSE_EVERY_S)
            number = next(self._numbers)
            if self._send(Pulse(sequence=number)):
                self._sent_s[number] = loop.time()
                self._sent_s.pop(number - PULSES_REMEMBERED, None)

    def show(self, zoom: float, x: float, y: float, from_rtp: int) -> None:
        """Tell the phone which part its pictures show from this RTP time stamp on."""
        number = next(self._shown_numbers)
        self._send(Shown(sequence=number, zoom=zoom, x=x, y=y, from_rtp=from_rtp))

    @property
    def opened(self) -> bool:
        """Whether the phone has opened the channel."""
        return self._channel is not None

    def overdue_s(self) -> float:
        """How long the oldest pulse after the newest answered one has waited for its answer."""
        waiting = [sent_s for number, sent_s in self._sent_s.items() if number > self._answered]
        return asyncio.get_running_loop().time() - min(waiting) if waiting else 0.0

    def _send(self, message: Pulse | Shown) -> bool:
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount > UNSENT_LIMIT_BYTES:
            return False
        channel.send(message.model_dump_json())
        return True

    def _take(self, text: str | bytes) -> None:
        try:
            message = parse_from_phone(text)
        except RemoteProtocolError as error:
            log.debug("a message on `latest` is not understood: %s", error)
            return
        if self._is_newest(message):
            self._hand_on(message)

    def _is_newest(self, message: FromPhone) -> bool:
        if message.sequence <= self._newest.get(message.type, 0):
            return False
        self._newest[message.type] = message.sequence
        return True

    def _hand_on(self, message: FromPhone) -> None:
        if isinstance(message, View):
            self._looked(message)
            return
        sent_s = self._sent_s.pop(message.pulse, None)
        self._answered = max(self._answered, message.pulse)
        now_s = asyncio.get_running_loop().time()
        self._heard(message, None if sent_s is None else now_s - sent_s)
