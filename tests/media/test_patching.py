"""Patches and small changes of length."""

from __future__ import annotations

import numpy as np
import pytest

from media.continuity import FRAME_US, LONGEST_PATCH_FRAMES, Continuity
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame
from media.limiter import CEILING, Limiter
from media.patching import Samples, fading_repeat, lengthened, period_of, shortened


def hum(hertz: float, count: int = SOUND_FRAME_SAMPLES, peak: int = 8000) -> Samples:
    return (np.sin(2 * np.pi * hertz * np.arange(count) / 48_000) * peak).astype(np.int16)


def steps(sound: Samples) -> int:
    return int(np.abs(np.diff(sound.astype(np.int32))).max())


@pytest.mark.parametrize("hertz", [110, 200, 333])
def test_a_period_less_or_more_is_not_heard(hertz: float) -> None:
    sound = hum(hertz)
    period, alike = period_of(sound)
    assert alike > 0.95
    assert (period * hertz / 48_000) % 1 == pytest.approx(0, abs=0.06) or (
        period * hertz / 48_000
    ) % 1 == pytest.approx(1, abs=0.06)
    assert len(shortened(sound, period)) == len(sound) - period
    assert len(lengthened(sound, period)) == len(sound) + period
    for changed in (shortened(sound, period), lengthened(sound, period)):
        assert steps(changed) < 1.6 * steps(sound)


def test_noise_has_no_period() -> None:
    noise = np.random.default_rng(1).integers(-8000, 8000, SOUND_FRAME_SAMPLES).astype(np.int16)
    assert period_of(noise)[1] < 0.6


def test_a_patch_begins_where_sound_broke_off_and_ends_in_silence() -> None:
    last = hum(300)
    patches = np.concatenate([last, *(fading_repeat(last, number) for number in range(5))])
    assert steps(patches) < 3 * steps(last)
    assert not patches[-SOUND_FRAME_SAMPLES:].any()


def test_a_card_s_drop_out_is_patched_and_time_runs_on() -> None:
    continuity, heard = Continuity(), list[SoundFrame]()
    for number in (0, 1, 2, 5, 6):
        piece = hum(250).astype("<i2").tobytes()
        heard += continuity.whole(SoundFrame(piece, 1_000_000 + number * FRAME_US + number * 300))
    assert len(heard) == 7
    assert continuity.patched == 2
    gaps = np.diff([frame.at_us for frame in heard])
    assert np.abs(gaps - FRAME_US).max() < 1500
    sound = np.concatenate([np.frombuffer(frame.samples, "<i2") for frame in heard])
    assert steps(sound) < 1000


def test_a_card_that_was_away_is_not_made_up_for() -> None:
    continuity = Continuity()
    piece = bytes(2 * SOUND_FRAME_SAMPLES)
    assert len(list(continuity.whole(SoundFrame(piece, 0)))) == 1
    late = (LONGEST_PATCH_FRAMES + 2) * FRAME_US
    assert len(list(continuity.whole(SoundFrame(piece, late)))) == 1
    assert len(list(continuity.whole(SoundFrame(piece, late - FRAME_US)))) == 1


def test_the_limiter_leaves_what_fits_and_returns_slowly() -> None:
    limiter = Limiter()
    quiet = np.full(SOUND_FRAME_SAMPLES, 12_000, np.int32)
    assert limiter.limited(quiet).tolist() == quiet.tolist()
    loud = np.abs(limiter.limited(quiet * 5).astype(int))
    assert loud[SOUND_FRAME_SAMPLES // 5 :].max() <= CEILING
    after = [int(limiter.limited(quiet)[-1]) for _ in range(80)]
    assert after[0] < 8000
    assert after == sorted(after)
    assert after[-1] == 12_000
