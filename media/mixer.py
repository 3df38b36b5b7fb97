"""Several phones' voices into one sound for the door's speaker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.frames import SOUND_FRAME_SAMPLES, SoundFrame
from media.limiter import Limiter
from media.loudness import Loudness
from media.phone_voice import PhoneVoice

# A voice starts when this much of it waits, so that a late packet makes no hole.
START_FRAMES = 2
# A voice that runs ahead of the speaker loses its oldest part: delay must not grow.
LIMIT_FRAMES = 8

Samples = npt.NDArray[np.int16]


class Source(Protocol):
    """Something that can be heard."""

    @property
    def ready(self) -> bool:
        """Whether 20 ms can be had now."""

    def pull(self) -> Samples | None:
        """The next 20 ms, or None while nothing is ready."""


class Voice:
    """Plain sound, cut into 20 ms."""

    def __init__(self, news: Callable[[], None]) -> None:
        self._news = news
        self._frames: deque[Samples] = deque(maxlen=LIMIT_FRAMES)
        self._rest = np.zeros(0, np.int16)
        self._playing = False
        self._loudness = Loudness()

    @property
    def talking(self) -> bool:
        """Whether somebody speaks now."""
        return self._loudness.talking

    @property
    def ready(self) -> bool:
        """Whether a frame can be mixed now."""
        return bool(self._frames) and (self._playing or len(self._frames) >= START_FRAMES)

    def push(self, samples: Samples) -> None:
        """Mono samples at 48 kHz, any number."""
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= SOUND_FRAME_SAMPLES:
            self._frames.append(self._rest[:SOUND_FRAME_SAMPLES])
            self._loudness.note(self._rest[:SOUND_FRAME_SAMPLES])
            self._rest = self._rest[SOUND_FRAME_SAMPLES:]
        self._news()

    def pull(self) -> Samples | None:
        """The next 20 ms, or None while nothing is ready."""
        self._playing = self.ready
        return self._frames.popleft() if self._playing else None


class Mixer:
    """Adds voices up; what is too loud together is made quieter, not clipped."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._limiter = Limiter()
        self._news = asyncio.Event()

    def join(self) -> Voice:
        """A new voice of plain sound; `leave` when it has been said."""
        voice = Voice(self._news.set)
        self._sources.append(voice)
        return voice

    def join_phone(self, changed: Callable[[], None]) -> PhoneVoice:
        """A new voice of packets; `leave` when its phone has gone."""
        voice = PhoneVoice(self._news.set, changed)
        self._sources.append(voice)
        return voice

    def leave(self, source: Source) -> None:
        """Forget a voice. May be called twice."""
        if source in self._sources:
            self._sources.remove(source)

    def mix(self, at_us: int) -> SoundFrame | None:
        """The next 20 ms of all voices together, or None while none is ready."""
        parts = [part for source in self._sources if (part := source.pull()) is not None]
        if not parts:
            return None
        total = self._limiter.limited(np.sum(parts, axis=0, dtype=np.int32))
        return SoundFrame(total.astype("<i2").tobytes(), at_us)

    async def sound_waits(self) -> None:
        """Wait until `mix` has something to give."""
        while not any(source.ready for source in self._sources):
            self._news.clear()
            await self._news.wait()
