"""Several phones' voices into one sound for the door's speaker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import av
import numpy as np
import numpy.typing as npt

from media.frames import SOUND_FRAME_SAMPLES, SoundFrame

# A voice starts when this much of it waits, so that a late packet makes no hole.
START_FRAMES = 2
# A voice that runs ahead of the speaker loses its oldest part: delay must not grow.
LIMIT_FRAMES = 8
# About -40 dB of full scale: louder is somebody talking, quieter is a room.
TALKING_PEAK = 330
# Speech has pauses; a voice counts as talking for this many frames (0.6 s) after its last sound.
TALKING_FRAMES = 30

Samples = npt.NDArray[np.int16]


class Voice:
    """What one phone says, cut into 20 ms."""

    def __init__(self, news: Callable[[], None]) -> None:
        self._news = news
        self._frames: deque[Samples] = deque(maxlen=LIMIT_FRAMES)
        self._rest = np.zeros(0, np.int16)
        self._playing = False
        self._quiet_frames = TALKING_FRAMES

    @property
    def talking(self) -> bool:
        """Whether somebody speaks now."""
        return self._quiet_frames < TALKING_FRAMES

    @property
    def ready(self) -> bool:
        """Whether a frame can be mixed now."""
        return bool(self._frames) and (self._playing or len(self._frames) >= START_FRAMES)

    def push(self, samples: Samples) -> None:
        """Mono samples at 48 kHz, any number."""
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= SOUND_FRAME_SAMPLES:
            self._take(self._rest[:SOUND_FRAME_SAMPLES])
            self._rest = self._rest[SOUND_FRAME_SAMPLES:]
        self._news()

    def pull(self) -> Samples | None:
        """The next 20 ms, or None while nothing is ready."""
        self._playing = self.ready
        return self._frames.popleft() if self._playing else None

    def _take(self, samples: Samples) -> None:
        self._frames.append(samples)
        loud = int(np.abs(samples.astype(np.int32)).max()) > TALKING_PEAK
        self._quiet_frames = 0 if loud else min(self._quiet_frames + 1, TALKING_FRAMES)


class Mixer:
    """Adds voices up; what is too loud is clipped, not wrapped."""

    def __init__(self) -> None:
        self._voices: list[Voice] = []
        self._news = asyncio.Event()

    def join(self) -> Voice:
        """A new voice; `leave` when its phone has gone."""
        voice = Voice(self._news.set)
        self._voices.append(voice)
        return voice

    def leave(self, voice: Voice) -> None:
        """Forget a voice. May be called twice."""
        if voice in self._voices:
            self._voices.remove(voice)

    def mix(self, at_us: int) -> SoundFrame | None:
        """The next 20 ms of all voices together, or None while none is ready."""
        parts = [part for voice in self._voices if (part := voice.pull()) is not None]
        if not parts:
            return None
        total = np.sum(parts, axis=0, dtype=np.int32).clip(-32768, 32767)
        return SoundFrame(total.astype("<i2").tobytes(), at_us)

    async def sound_waits(self) -> None:
        """Wait until `mix` has something to give."""
        while not any(voice.ready for voice in self._voices):
            self._news.clear()
            await self._news.wait()


def mono(frame: av.AudioFrame) -> Samples:
    """The samples of a decoded s16 frame, its channels averaged."""
    channels = frame.layout.nb_channels
    sound = np.frombuffer(bytes(frame.planes[0]), np.int16)[: frame.samples * channels]
    if channels == 1:
        return sound
    averaged: Samples = sound.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return averaged
