"""What was heard in front of the door: a record of the speaker's last half minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

RECORD_S = 30
# -24 dB of full scale: somebody speaks or a signal sounds.
LOUD = 2000
# Shorter pauses belong to one utterance.
PAUSE_S = 0.2


class Ears:
    """Pieces of 20 ms as they were played, the oldest forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loud_until_s = float("-inf")
        self._began_us: int | None = None
        self._pieces: deque[Samples] = deque(maxlen=RECORD_S * SOUND_RATE_HZ // SOUND_FRAME_SAMPLES)
        self.catch_up: Callable[[], None] = lambda: None
        """Called before listening, so that a speaker can hand over what has been played."""
        self.passed_on: Callable[[Samples, float], None] = lambda piece, at_s: None
        """Called with every piece and when it began, so that walls can throw it back."""

    def hear(self, piece: Samples, at_s: float = 0.0) -> None:
        """Take 20 ms of sound that begin at `at_s` of the monotonic clock."""
        loud = np.flatnonzero(np.abs(piece.astype(np.int32)) > LOUD)
        with self._lock:
            self._pieces.append(piece)
            if len(loud):
                first_s = at_s + int(loud[0]) / SOUND_RATE_HZ
                if first_s - self._loud_until_s > PAUSE_S:
                    self._began_us = round(first_s * 1e6)
                self._loud_until_s = at_s + int(loud[-1]) / SOUND_RATE_HZ
        self.passed_on(piece, at_s)

    def began_us(self) -> int | None:
        """When something loud last began after a pause; None while nothing ever did."""
        self.catch_up()
        with self._lock:
            return self._began_us

    def last(self, seconds: float) -> Samples:
        """The newest `seconds`; shorter when less was played."""
        self.catch_up()
        with self._lock:
            pieces = list(self._pieces)
        if not pieces:
            return np.zeros(0, np.int16)
        return np.concatenate(pieces)[-round(seconds * SOUND_RATE_HZ) :]

    def rms(self, seconds: float) -> float:
        """Loudness of the newest `seconds`, 0 to 32767."""
        samples = self.last(seconds).astype(np.float64)
        return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0

    def peak(self, seconds: float) -> int:
        """The loudest sample of the newest `seconds`."""
        samples = self.last(seconds).astype(np.int32)
        return int(np.max(np.abs(samples))) if len(samples) else 0
