"""The twin's microphone and speaker: no sound card, the same timing."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hardware.clock import Clock, RealClock
from hardware.errors import ClosedError
from hardware.sound_file import Samples, read_sound
from hardware.twin.ears import Ears
from hardware.twin.voice import Voice
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

FRAME_S = SOUND_FRAME_SAMPLES / SOUND_RATE_HZ
# A taker that is later than this misses sound, as it would with a real card's buffer.
CAPTURE_BUFFER_S = 0.5
# More waiting sound than this is heard too late to talk with.
PLAY_BUFFER_S = 0.2
# Wind and a far street: quiet enough not to be noticed, loud enough to be seen on a meter.
AMBIENCE_RMS = 90
AMBIENCE_LENGTH_S = 8


class TwinMicrophone:
    """The porch's own sound (or a file, round and round) with the visitor's voice in it."""

    def __init__(self, background: Samples, voice: Voice, clock: Clock | None = None) -> None:
        self._background, self._voice = background, voice
        self._clock = clock or RealClock()
        self._life = 0
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._open = False
        self._life += 1

    async def frames(self) -> AsyncIterator[SoundFrame]:
        """20 ms pieces in real time, from now on; a second taker ends the first."""
        if not self._open:
            raise ClosedError("The microphone is closed.")
        self._life += 1
        life, start_s, index = self._life, self._clock.now(), 0
        while True:
            index += 1
            due_s = start_s + index * FRAME_S
            if self._clock.now() - due_s > CAPTURE_BUFFER_S:
                index = int((self._clock.now() - start_s) / FRAME_S) + 1
            await self._clock.sleep_until(start_s + index * FRAME_S)
            if life != self._life:
                return
            yield self._piece(start_s, index - 1)

    def _piece(self, start_s: float, index: int) -> SoundFrame:
        at_s = start_s + index * FRAME_S
        samples = self._ambience(index)
        if (words := self._voice.at(at_s, SOUND_FRAME_SAMPLES)) is not None:
            samples = np.clip(samples + words, -32768, 32767).astype(np.int16)
        return SoundFrame(samples.astype("<i2").tobytes(), round(at_s * 1e6))

    def _ambience(self, index: int) -> Samples:
        first = index * SOUND_FRAME_SAMPLES % len(self._background)
        piece = self._background[first : first + SOUND_FRAME_SAMPLES]
        if len(piece) < SOUND_FRAME_SAMPLES:
            rest = np.resize(self._background, SOUND_FRAME_SAMPLES - len(piece))
            piece = np.concatenate([piece, rest])
        return piece


class TwinSpeaker:
    """Plays at the pace of a real card, into the record of what was heard at the door."""

    def __init__(self, ears: Ears, clock: Clock | None = None) -> None:
        self._ears = ears
        self._clock = clock or RealClock()
        self._waiting: deque[bytes] = deque()
        self._next_s = 0.0
        self._volume = 1.0
        self._open = False
        self.dropped = 0

    async def __aenter__(self) -> Self:
        self._open = True
        self._ears.catch_up = self._play_what_is_due
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._open = False
        self._waiting.clear()

    async def play(self, frame: SoundFrame) -> None:
        """Queue 20 ms of sound; the oldest is dropped when more than 200 ms wait."""
        if not self._open:
            raise ClosedError("The speaker is closed.")
        self._play_what_is_due()
        if not self._waiting:
            self._next_s = max(self._next_s, self._clock.now())
        self._waiting.append(frame.samples)
        if len(self._waiting) * FRAME_S > PLAY_BUFFER_S + FRAME_S / 2:
            self._waiting.popleft()
            self.dropped += 1
        self._play_what_is_due()

    def next_at_us(self) -> int:
        """When the piece that is handed over next will begin to sound."""
        self._play_what_is_due()
        free_s = self._next_s + len(self._waiting) * FRAME_S
        return round(max(self._clock.now(), free_s) * 1e6)

    def set_volume(self, percent: int) -> None:
        """Loudness, 0 to 100."""
        if not 0 <= percent <= 100:
            raise ValueError(f"A volume is 0 to 100, not {percent}.")
        self._volume = percent / 100

    def _play_what_is_due(self) -> None:
        now_s = self._clock.now()
        while self._waiting and self._next_s <= now_s:
            samples = np.frombuffer(self._waiting.popleft(), "<i2")
            self._ears.hear((samples * self._volume).astype(np.int16), self._next_s)
            self._next_s += FRAME_S


def background(sound: str) -> Samples:
    """The samples behind `BoardOptions.sound`; MissingError when it names no sound file."""
    if sound == "silence":
        return np.zeros(SOUND_FRAME_SAMPLES, np.int16)
    if sound == "visitor":
        return ambience()
    samples = read_sound(Path(sound))
    return samples if len(samples) else np.zeros(SOUND_FRAME_SAMPLES, np.int16)


def ambience() -> Samples:
    """Wind on a quiet evening: low-passed noise that swells and fades, the same each time."""
    count = AMBIENCE_LENGTH_S * SOUND_RATE_HZ
    noise = np.random.default_rng(7).standard_normal(count)
    spectrum = np.fft.rfft(noise)
    frequency = np.fft.rfftfreq(count, 1 / SOUND_RATE_HZ)
    spectrum /= 1 + (frequency / 250.0) ** 1.6
    wind: npt.NDArray[np.float64] = np.fft.irfft(spectrum, count)
    gusts = 1 + 0.5 * np.sin(2 * np.pi * np.arange(count) / count)
    wind *= gusts / np.sqrt(np.mean(wind**2))
    return (wind * AMBIENCE_RMS).astype(np.int16)
