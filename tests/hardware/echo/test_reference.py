"""Where played sound lies on the microphone's clock."""

from __future__ import annotations

import numpy as np

from hardware.echo.reference import KEPT_SAMPLES, Grid, Reference
from media.frames import SOUND_FRAME_SAMPLES, SoundFrame

START_US = 7_000_000
START = 7 * 48_000


def piece(level: int, at_us: int) -> SoundFrame:
    return SoundFrame(np.full(SOUND_FRAME_SAMPLES, level, "<i2").tobytes(), at_us)


def test_wandering_times_make_no_holes() -> None:
    grid = Grid()
    places = [grid.place(START_US + n * 20_000 + wander) for n, wander in
              enumerate((0, 900, -1200, 0, 2000))]  # fmt: skip
    assert places == [START + n * SOUND_FRAME_SAMPLES for n in range(5)]


def test_whole_pieces_may_be_missing_and_another_clock_starts_afresh() -> None:
    grid = Grid()
    assert grid.place(START_US) == START
    assert grid.place(START_US + 80_500) == START + 4 * SOUND_FRAME_SAMPLES
    assert grid.place(START_US + 110_000) == START + 110 * 48


def test_what_was_not_played_is_silence() -> None:
    reference = Reference()
    reference.played(piece(5, START_US))
    reference.played(piece(6, START_US + 60_000))
    levels = reference.between(START - 480, START + 5 * SOUND_FRAME_SAMPLES)
    assert levels[:480].tolist() == [0] * 480
    frames = levels[480:].reshape(5, SOUND_FRAME_SAMPLES)
    assert frames[:, 0].tolist() == frames[:, -1].tolist() == [5, 0, 0, 6, 0]


def test_old_sound_is_forgotten_also_after_a_long_silence() -> None:
    reference = Reference()
    reference.played(piece(5, START_US))
    later = START_US + 50_000_000
    reference.played(piece(6, later))
    place = START + 50 * 48_000
    assert not reference.between(START, START + SOUND_FRAME_SAMPLES).any()
    assert not reference.between(place - KEPT_SAMPLES, place).any()
    assert reference.between(place, place + 10).tolist() == [6] * 10
