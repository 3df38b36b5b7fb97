"""Patches for holes in sound, and small changes of its length that nobody hears."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

Samples = npt.NDArray[np.int16]

# A patch is silent after 80 ms: longer ones sound like a machine.
FADE_FRAMES = 4
# Voices have 100 to 400 periods a second; one of them is left out or repeated.
SHORTEST_PERIOD = SOUND_RATE_HZ // 400
LONGEST_PERIOD = SOUND_RATE_HZ // 100
# Periods are looked for at an eighth of the rate: a voice has its power below 3 kHz.
COARSE = 8


def fading_repeat(last: Samples, number: int) -> Samples:
    """The `number`-th 20 ms after `last`: there and back again, ever quieter."""
    mirrored = last[::-1] if number % 2 == 0 else last
    first = max(0.0, 1 - number / FADE_FRAMES)
    fade = np.linspace(first, max(0.0, first - 1 / FADE_FRAMES), len(last))
    return (mirrored * fade).astype(np.int16)


def period_of(samples: Samples) -> tuple[int, float]:
    """The period in samples that these 20 ms repeat best with, and how well: 1 is exactly."""
    coarse = samples[::COARSE].astype(np.float32)
    best, likeness = SHORTEST_PERIOD, -1.0
    for lag in range(SHORTEST_PERIOD // COARSE, LONGEST_PERIOD // COARSE + 1):
        first, second = coarse[:lag], coarse[lag : 2 * lag]
        power = float(first @ first) + float(second @ second)
        alike = 2 * float(first @ second) / power if power else 1.0
        if alike >= likeness:
            best, likeness = lag * COARSE, alike
    return best, likeness


def shortened(samples: Samples, period: int) -> Samples:
    """`samples` with one period less at their beginning, blended over that period."""
    blended = _blend(samples[:period], samples[period : 2 * period])
    return np.concatenate((blended, samples[2 * period :]))


def lengthened(samples: Samples, period: int) -> Samples:
    """`samples` with one period more, blended over that period."""
    blended = _blend(samples[period : 2 * period], samples[:period])
    return np.concatenate((samples[:period], blended, samples[period:]))


def _blend(before: Samples, after: Samples) -> Samples:
    weight = np.linspace(0, 1, len(before))
    return (before * (1 - weight) + after * weight).astype(np.int16)


def faded_in(samples: Samples, count: int = SOUND_FRAME_SAMPLES // 4) -> Samples:
    """`samples` that begin in silence, for after a hole."""
    risen = samples.copy()
    risen[:count] = (risen[:count] * np.linspace(0, 1, count)).astype(np.int16)
    return risen
