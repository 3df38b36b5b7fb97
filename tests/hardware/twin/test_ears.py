"""What was heard at the door, and when it began."""

from __future__ import annotations

import numpy as np

from hardware.sound_file import Samples
from hardware.twin.ears import Ears
from media.frames import SOUND_FRAME_SAMPLES


def piece(level: int, first: int = 0) -> Samples:
    samples = np.zeros(SOUND_FRAME_SAMPLES, np.int16)
    samples[first:] = level
    return samples


def test_an_utterance_begins_at_its_first_loud_sample() -> None:
    ears = Ears()
    assert ears.began_us() is None
    ears.hear(piece(500), 9.98)
    assert ears.began_us() is None
    ears.hear(piece(5000, first=480), 10.0)
    ears.hear(piece(5000), 10.02)
    assert ears.began_us() == 10_010_000


def test_short_pauses_belong_to_it_and_longer_ones_do_not() -> None:
    ears = Ears()
    ears.hear(piece(5000), 10.0)
    ears.hear(piece(5000), 10.15)
    assert ears.began_us() == 10_000_000
    ears.hear(piece(5000), 10.5)
    assert ears.began_us() == 10_500_000
