"""Sound without holes: what a card lost is patched, so that everyone's time runs on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SoundFrame
from media.patching import faded_in, fading_repeat

FRAME_US = SOUND_FRAME_MS * 1000
# A longer hole is a card that was unplugged; its silence is not made up for.
LONGEST_PATCH_FRAMES = 10


class Continuity:
    """Give it frames in order; it gives them back with the holes between them filled."""

    def __init__(self) -> None:
        self._next_us: int | None = None
        self._last = np.zeros(SOUND_FRAME_SAMPLES, np.int16)
        self.patched = 0

    def whole(self, frame: SoundFrame) -> Iterator[SoundFrame]:
        """What was lost before `frame`, patched, and `frame`."""
        samples = np.frombuffer(frame.samples, "<i2")
        hole = self._hole(frame.at_us)
        for number in range(hole):
            patch = fading_repeat(self._last, number)
            at_us = frame.at_us - (hole - number) * FRAME_US
            yield SoundFrame(patch.astype("<i2").tobytes(), at_us)
        self.patched += hole
        self._next_us, self._last = frame.at_us + FRAME_US, samples
        yield SoundFrame(faded_in(samples).astype("<i2").tobytes(), frame.at_us) if hole else frame

    def _hole(self, at_us: int) -> int:
        if self._next_us is None:
            return 0
        missing = round((at_us - self._next_us) / FRAME_US)
        return missing if 0 < missing <= LONGEST_PATCH_FRAMES else 0
