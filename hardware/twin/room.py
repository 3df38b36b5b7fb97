"""Walls around the twin's porch: what its speaker sounds, its microphone hears.

The twin has none unless asked for: then everybody's tests would have an echo in them.
"""

from __future__ import annotations

import numpy as np

from hardware.sound_file import Samples
from hardware.twin.ears import Ears
from hardware.twin.voice import Voice

# A USB speakerphone needs about as long from what is played to what is heard.
DELAY_S = 0.08
# -12 dB: speaker and microphone in one small case.
GAIN = 0.25
# A wall behind the visitor, three metres away and back.
WALL_DELAY_S, WALL_GAIN = 0.098, 0.06


class Room:
    """An echo of `gain` after `delay_s`, and a fainter one from a wall."""

    def __init__(
        self, ears: Ears, voice: Voice, *, delay_s: float = DELAY_S, gain: float = GAIN
    ) -> None:
        self._voice = voice
        self._ways = ((delay_s, gain), (delay_s + WALL_DELAY_S - DELAY_S, gain * WALL_GAIN / GAIN))
        ears.passed_on = self._thrown_back

    def _thrown_back(self, piece: Samples, at_s: float) -> None:
        if not piece.any():
            return
        for delay_s, gain in self._ways:
            louder = np.clip(piece * gain, -32768, 32767)
            self._voice.sound(louder.astype(np.int16), at_s + delay_s)
