"""Half duplex: the microphone is turned down while the speaker sounds."""

from __future__ import annotations

import numpy as np

from hardware.echo.life import Life
from hardware.echo.reference import Grid, Reference
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, SoundFrame

# -40 dB: an echo at the loudness of a voice falls below what a quiet street has.
DUCKED_GAIN = 0.01
# Quieter than this (-40 dB of full scale) the speaker makes no echo worth hiding.
LOUD_PEAK = 330
# A card is late by up to 120 ms and a porch rings on for a quarter of a second.
TAIL_SAMPLES = SOUND_RATE_HZ * 350 // 1000
# A card may also be earlier than it says.
LEAD_SAMPLES = SOUND_RATE_HZ * 20 // 1000


class Ducker(Life):
    """Turns the microphone down by 40 dB while the speaker sounds and shortly after."""

    def __init__(self) -> None:
        self._reference = Reference()
        self._grid = Grid()
        self._gain = 1.0

    def played(self, frame: SoundFrame) -> None:
        """What the speaker will sound at `frame.at_us`."""
        self.require_open()
        self._reference.played(frame)

    def cleaned(self, frame: SoundFrame) -> SoundFrame:
        """The microphone's piece, quiet while the speaker is loud."""
        self.require_open(frame)
        start = self._grid.place(frame.at_us)
        around = self._reference.between(
            start - TAIL_SAMPLES, start + SOUND_FRAME_SAMPLES + LEAD_SAMPLES
        )
        wanted = DUCKED_GAIN if np.max(np.abs(around.astype(np.int32))) > LOUD_PEAK else 1.0
        if wanted == self._gain == 1.0:
            return frame
        ramp = np.linspace(self._gain, wanted, SOUND_FRAME_SAMPLES)
        self._gain = wanted
        quiet = np.frombuffer(frame.samples, "<i2") * ramp
        return SoundFrame(quiet.astype("<i2").tobytes(), frame.at_us)
