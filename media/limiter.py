"""Loud sums made to fit: the gain falls at once and comes back slowly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frames import SOUND_FRAME_SAMPLES

# 1 dB below full scale.
CEILING = 29_200.0
# 2 ms: shorter crackles, longer lets the first peak be clipped.
FALL_SAMPLES = SOUND_FRAME_SAMPLES // 10
# Half of the way back in about a tenth of a second.
RETURN_SHARE = 0.12

Samples = npt.NDArray[np.int16]


class Limiter:
    """Give it 20 ms after 20 ms."""

    def __init__(self) -> None:
        self._gain = 1.0

    def limited(self, total: npt.NDArray[np.int32]) -> Samples:
        """The same sound within 16 bits."""
        loudest = int(np.abs(total).max())
        fits = min(1.0, CEILING / loudest) if loudest else 1.0
        if fits == self._gain == 1.0:
            return total.astype(np.int16)
        before, self._gain = self._gain, min(fits, self._gain + (1 - self._gain) * RETURN_SHARE)
        if self._gain > 0.999:
            self._gain = 1.0
        gain = np.full(len(total), self._gain)
        ramp = FALL_SAMPLES if self._gain < before else len(total)
        gain[:ramp] = np.linspace(before, self._gain, ramp)
        fitting: Samples = (total * gain).clip(-32768, 32767).astype(np.int16)
        return fitting
