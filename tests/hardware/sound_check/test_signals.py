"""A chirp is found wherever it is, below noise and upside down, and not where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from hardware.sound_check.signals import (
    BABBLE_RMS,
    CHIRP_PEAK,
    CHIRPS,
    LIKENESS_NEEDED,
    babble,
    chirp,
    delays_ms,
    find,
    rms,
    score,
)
from hardware.sound_file import Samples
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ


def street(count: int, loudness: float, seed: int = 1) -> Samples:
    noise = np.random.default_rng(seed).standard_normal(count) * loudness
    return np.clip(noise, -32768, 32767).astype(np.int16)


def later(sound: Samples, delay: int, gain: float = 1.0) -> Samples:
    moved = np.zeros(len(sound), np.int16)
    moved[delay:] = (sound[: len(sound) - delay] * gain).astype(np.int16)
    return moved


def test_the_score_is_whole_pieces_and_within_the_scale() -> None:
    played = score()
    assert len(played.sound) % SOUND_FRAME_SAMPLES == 0
    assert int(np.abs(chirp().astype(np.int32)).max()) <= CHIRP_PEAK
    assert rms(babble()) == pytest.approx(BABBLE_RMS, rel=0.01)
    assert not played.sound[played.quiet].any()
    assert rms(played.sound[played.babble]) == pytest.approx(BABBLE_RMS, rel=0.1)


@pytest.mark.parametrize("delay", [0, 1, 1234, 20_000])
@pytest.mark.parametrize("gain", [1.0, -0.02])
def test_a_chirp_is_found_to_the_sample(delay: int, gain: float) -> None:
    sound = np.concatenate((chirp(), np.zeros(SOUND_RATE_HZ // 2, np.int16)))
    place, likeness = find(later(sound, delay, gain), chirp())
    assert place == delay
    assert likeness > 0.99


def test_a_chirp_is_found_10_db_below_the_street() -> None:
    echo = (chirp() * 0.05).astype(np.int16)
    noise = street(SOUND_RATE_HZ, rms(echo) * 10 ** (10 / 20))
    noise[7000 : 7000 + len(echo)] += echo
    place, likeness = find(noise, chirp())
    assert abs(place - 7000) <= 1
    assert likeness > LIKENESS_NEEDED


def test_a_street_is_not_taken_for_a_chirp() -> None:
    likeness = max(find(street(SOUND_RATE_HZ, 1000, seed), chirp())[1] for seed in range(20))
    assert likeness < LIKENESS_NEEDED


def test_silence_is_like_nothing() -> None:
    assert find(np.zeros(SOUND_RATE_HZ, np.int16), chirp())[1] == 0


def test_every_chirp_has_its_delay() -> None:
    played = score()
    delays = delays_ms(later(played.sound, 4800, 0.1), played)
    assert delays == (100.0,) * CHIRPS
    assert delays_ms(street(len(played.sound), 500), played) == ()
