"""Voices added up for the speaker."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from media.frames import SOUND_FRAME_SAMPLES
from media.mixer import LIMIT_FRAMES, Mixer, Samples


def level(value: int, frames: float = 1) -> Samples:
    return np.full(int(SOUND_FRAME_SAMPLES * frames), value, np.int16)


def mixed(mixer: Mixer) -> list[int]:
    """The first sample of every frame that can be mixed now."""
    values = []
    while (frame := mixer.mix(0)) is not None:
        values.append(int(np.frombuffer(frame.samples, "<i2")[0]))
        assert len(frame.samples) == SOUND_FRAME_SAMPLES * 2
    return values


def test_nobody_talks() -> None:
    mixer = Mixer()
    mixer.join()
    assert mixer.mix(0) is None


def test_two_voices_are_heard_together() -> None:
    mixer = Mixer()
    first, second = mixer.join(), mixer.join()
    first.push(level(1000, 3))
    second.push(level(200, 2))
    assert mixed(mixer) == [1200, 1200, 1000]


def test_a_voice_waits_until_a_late_packet_makes_no_hole() -> None:
    mixer = Mixer()
    voice = mixer.join()
    voice.push(level(5))
    assert mixed(mixer) == []
    voice.push(level(6))
    assert mixed(mixer) == [5, 6]
    voice.push(level(7))
    assert mixed(mixer) == []


def test_loud_voices_are_made_to_fit() -> None:
    mixer = Mixer()
    for sign in (1, 1):
        mixer.join().push(np.resize(np.array([20_000, -20_000], np.int16), 2 * 960) * sign)
    heard = np.concatenate(
        [np.frombuffer(frame.samples, "<i2") for _ in range(2) if (frame := mixer.mix(0))]
    )
    assert np.abs(heard[100:].astype(int)).max() < 32_000
    assert np.abs(heard[100:].astype(int)).min() > 28_000


def test_a_voice_that_runs_ahead_loses_its_oldest_part() -> None:
    mixer = Mixer()
    voice = mixer.join()
    for value in range(LIMIT_FRAMES + 5):
        voice.push(level(value))
    assert mixed(mixer) == list(range(5, LIMIT_FRAMES + 5))


def test_a_voice_that_left_is_not_heard() -> None:
    mixer = Mixer()
    voice = mixer.join()
    voice.push(level(9, 3))
    mixer.leave(voice)
    mixer.leave(voice)
    assert mixed(mixer) == []


def test_talking_is_noticed_and_ends_after_a_pause() -> None:
    voice = Mixer().join()
    assert not voice.talking
    voice.push(level(4000))
    assert voice.talking
    voice.push(level(10, 20))
    assert voice.talking
    voice.push(level(10, 20))
    assert not voice.talking


@given(st.lists(st.integers(min_value=1, max_value=2000), max_size=6))
def test_pieces_of_any_length_keep_their_order(lengths: list[int]) -> None:
    mixer = Mixer()
    voice = mixer.join()
    samples = np.arange(sum(lengths), dtype=np.int16)
    for start, length in zip(np.cumsum([0, *lengths]), lengths, strict=False):
        voice.push(samples[start : start + length])
    whole = len(samples) // SOUND_FRAME_SAMPLES
    expected = [index * SOUND_FRAME_SAMPLES for index in range(whole)][-LIMIT_FRAMES:]
    assert mixed(mixer) == (expected if whole >= 2 else [])
