"""The Pi's microphone and speaker, by PyAudio in callback mode: 48 kHz, mono, 20 ms pieces.

PortAudio calls back on its own thread, which must never wait: it copies and returns.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Self

import numpy as np

from hardware.bridge import Bridge, now_us
from hardware.errors import ClosedError, HardwareError, StalledError
from hardware.pi.sound_card import SoundCard
from hardware.pi.sound_streams import SILENCE
from hardware.pi.steady import SteadyTime
from media.frames import SOUND_FRAME_MS, SoundFrame

__all__ = ["PiMicrophone", "PiSpeaker", "SoundCard"]

# The card's own watch is quicker; this holds when even that one hangs.
STALL_TIMEOUT_S = 2.0
# Half a second: a taker that is later than this has other troubles.
CAPTURE_LIMIT_FRAMES = 25
# More waiting sound than this is heard too late to talk with.
PLAY_LIMIT_FRAMES = 200 // SOUND_FRAME_MS


class PiMicrophone:
    """Captures while it is open; the pieces of a late taker are dropped, the oldest first.

    A card that goes away ends the taker with StalledError; take again until it is back.
    """

    def __init__(self, card: SoundCard) -> None:
        self._card = card
        self._open = False
        self._bridge: Bridge[SoundFrame] | None = None
        self._time = SteadyTime(SOUND_FRAME_MS * 1000)
        card.ends.microphone = self

    async def __aenter__(self) -> Self:
        await self._card.hold("input")
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        was_open, self._open = self._open, False
        if self._bridge:
            self._bridge.close()
        if was_open:
            await self._card.let_go("input")

    def frames(self) -> AsyncIterator[SoundFrame]:
        """20 ms pieces in real time, from now on; a second taker ends the first."""
        if not self._open:
            raise ClosedError("The microphone is closed.")
        if self._bridge:
            self._bridge.close()
        self._bridge = Bridge[SoundFrame](CAPTURE_LIMIT_FRAMES)
        return self._taken(self._bridge)

    async def _taken(self, bridge: Bridge[SoundFrame]) -> AsyncIterator[SoundFrame]:
        self._card.check("input")
        while True:
            try:
                async with asyncio.timeout(STALL_TIMEOUT_S):
                    frame = await anext(bridge, None)
            except TimeoutError as error:
                raise StalledError(
                    "The microphone gives no sound. Check its plug, then restart the doorbell."
                ) from error
            if frame is None:
                return
            yield frame

    def heard(self, piece: bytes, *, after_loss: bool) -> None:
        """The card's next 20 ms."""
        if after_loss:
            # What comes now is not the next piece, but a later one.
            self._time = SteadyTime(SOUND_FRAME_MS * 1000)
        # A piece is complete when it arrives, so it began one piece's length ago.
        at_us = self._time.at(now_us() - SOUND_FRAME_MS * 1000)
        if bridge := self._bridge:
            bridge.put(SoundFrame(piece, at_us))

    def lost(self, error: HardwareError) -> None:
        """Tell the taker."""
        if bridge := self._bridge:
            bridge.fail(error)


class PiSpeaker:
    """Plays what waits, silence otherwise. While its card is gone, `play` raises at once."""

    def __init__(self, card: SoundCard) -> None:
        self._card = card
        self._open = False
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque(maxlen=PLAY_LIMIT_FRAMES)
        self._volume = 1.0
        self._time = SteadyTime(SOUND_FRAME_MS * 1000)
        self._wanted_at_us = 0
        card.ends.speaker = self

    async def __aenter__(self) -> Self:
        await self._card.hold("output")
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        was_open, self._open = self._open, False
        if was_open:
            await self._card.let_go("output")

    async def play(self, frame: SoundFrame) -> None:
        """Queue 20 ms of sound; the oldest is dropped when more than 200 ms wait."""
        if not self._open:
            raise ClosedError("The speaker is closed.")
        self._card.check("output")
        with self._lock:
            self._waiting.append(frame.samples)

    def next_at_us(self) -> int:
        """When the piece that is handed over next will begin to sound.

        The card's own delay is not in it: an echo canceller finds that by itself.
        """
        with self._lock:
            ahead_us = (len(self._waiting) + 1) * SOUND_FRAME_MS * 1000
            return max(min(self._wanted_at_us, now_us()) + ahead_us, now_us())

    def set_volume(self, percent: int) -> None:
        """Loudness, 0 to 100."""
        if not 0 <= percent <= 100:
            raise ValueError(f"A volume is 0 to 100, not {percent}.")
        self._volume = percent / 100

    def wanted(self) -> bytes:
        """The card's next 20 ms."""
        with self._lock:
            self._wanted_at_us = self._time.at(now_us())
            samples = self._waiting.popleft() if self._waiting else SILENCE
        if self._volume < 1:
            quieter = np.frombuffer(samples, "<i2") * self._volume
            samples = quieter.astype("<i2").tobytes()
        return samples
