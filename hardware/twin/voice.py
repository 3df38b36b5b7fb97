"""What the visitor says, waiting to be heard by the twin's microphone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hardware.sound_file import Samples
from media.frames import SOUND_RATE_HZ


class Voice:
    """Utterances with their starting times; a later one is spoken over an earlier one."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._said: list[tuple[float, Samples]] = []

    def say(self, samples: Samples, delay_s: float = 0.0) -> float:
        """Start to speak `delay_s` from now; returns the length in seconds."""
        self.sound(samples, self._now() + delay_s)
        return len(samples) / SOUND_RATE_HZ

    def sound(self, samples: Samples, at_s: float) -> None:
        """Be heard from `at_s` of the clock on."""
        with self._lock:
            self._said.append((at_s, samples))

    def at(self, start_s: float, count: int) -> npt.NDArray[np.int32] | None:
        """The `count` samples from `start_s` on; None for silence. Forgets what is past."""
        with self._lock:
            self._said = [(at, s) for at, s in self._said if at + len(s) / SOUND_RATE_HZ > start_s]
            spoken = list(self._said)
        mix: npt.NDArray[np.int32] | None = None
        for at, samples in spoken:
            offset = round((start_s - at) * SOUND_RATE_HZ)
            near, far = max(0, offset), min(len(samples), offset + count)
            if near < far:
                mix = np.zeros(count, np.int32) if mix is None else mix
                mix[near - offset : far - offset] += samples[near:far]
        return mix
