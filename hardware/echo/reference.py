"""What the speaker sounds, on the clock of the microphone."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

# Speakers queue 200 ms at most and echoes are asked for within a few 100 ms.
KEPT_SAMPLES = 2 * SOUND_RATE_HZ
# Times of a sound card wander by less than this; more is a gap or another clock.
SLACK_SAMPLES = SOUND_RATE_HZ * 5 // 1000


class Grid:
    """Turns times of 20 ms pieces into places on one line, without their small wandering."""

    def __init__(self) -> None:
        self._next: int | None = None

    def place(self, at_us: int) -> int:
        """Where a piece begins, in samples: right behind the one before, or whole pieces on."""
        wanted = at_us * SOUND_RATE_HZ // 1_000_000
        place = wanted
        if self._next is not None:
            pieces = round((wanted - self._next) / SOUND_FRAME_SAMPLES)
            on_grid = self._next + pieces * SOUND_FRAME_SAMPLES
            if abs(wanted - on_grid) < SLACK_SAMPLES:
                place = on_grid
        self._next = place + SOUND_FRAME_SAMPLES
        return place


class Reference:
    """The last two seconds of the speaker, silence where nothing was played. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ring = np.zeros(KEPT_SAMPLES, np.int16)
        self._end = 0
        self._grid = Grid()

    def played(self, frame: SoundFrame) -> None:
        """Note a piece that begins to sound at its `at_us`."""
        with self._lock:
            start = self._grid.place(frame.at_us)
            end = start + SOUND_FRAME_SAMPLES
            self._silence(self._end, start)
            self._ring[_places(start, end)] = np.frombuffer(frame.samples, "<i2")
            self._end = end

    def between(self, start: int, end: int) -> Samples:
        """The samples of these places; what is not known (yet) is silence."""
        with self._lock:
            sound = np.zeros(end - start, np.int16)
            known_from = max(start, self._end - KEPT_SAMPLES)
            known_to = min(end, self._end)
            if known_from < known_to:
                sound[known_from - start : known_to - start] = self._ring[
                    _places(known_from, known_to)
                ]
            return sound

    def _silence(self, start: int, end: int) -> None:
        if end > start:
            self._ring[_places(max(start, end - KEPT_SAMPLES), end)] = 0


def _places(start: int, end: int) -> npt.NDArray[np.intp]:
    return np.arange(start, end, dtype=np.intp) % KEPT_SAMPLES
