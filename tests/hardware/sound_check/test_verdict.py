"""What the figures mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hardware.sound_check.signals import score
from hardware.sound_check.verdict import NOTHING_DB, Measured, judge, lines, measure
from hardware.sound_file import Samples

GOOD = Measured(
    delays_ms=(40.0, 40.1, 40.2),
    echo_loss_db=12.0,
    cleaned_loss_db=42.0,
    floor_db=-60.0,
    clipped=0.0,
    gaps=0,
)


def test_a_good_card_gets_one_sentence() -> None:
    verdict = judge(GOOD)
    assert verdict.works
    assert verdict.sentences == ("Both can talk at once; phones do not hear themselves.",)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(GOOD, clipped=0.02), "overdriven (2.0% of what it heard)"),
        (replace(GOOD, delays_ms=(40.0, 60.0, 40.0)), "The delay wanders by 20 ms"),
        (replace(GOOD, gaps=1), "Sound was missing once: give the Pi less to do"),
        (replace(GOOD, gaps=3), "Sound was missing 3 times: give the Pi less to do"),
        (replace(GOOD, echo_loss_db=50.0), "hardly hears the speaker"),
        (replace(GOOD, cleaned_loss_db=10.0), 'or set sound.echo to "duck"'),
        (replace(GOOD, delays_ms=()), "one of them is dead or muted"),
        (replace(GOOD, delays_ms=(40.0,)), "one of them is dead or muted"),
        (replace(GOOD, delays_ms=(), floor_db=-NOTHING_DB), "its data wire is loose"),
    ],
)
def test_what_is_wrong_comes_with_its_remedy(changed: Measured, said: str) -> None:
    verdict = judge(changed)
    assert not verdict.works
    assert said in verdict.sentences[0]


def test_a_faint_echo_is_said_and_is_no_failure() -> None:
    verdict = judge(replace(GOOD, cleaned_loss_db=30.0))
    assert verdict.works
    assert verdict.sentences[0].startswith("Phones hear a faint echo of themselves")


def test_the_figures_are_those_of_what_was_heard() -> None:
    played = score()
    heard = moved(played.sound, 4800, 0.1)
    measured = measure(played, heard, moved(played.sound, 4800, 0.001), gaps=2)
    assert measured.delay_ms == 100
    assert measured.wander_ms == 0
    assert measured.echo_loss_db == pytest.approx(20, abs=0.1)
    assert measured.cleaned_loss_db == pytest.approx(60, abs=1.5)
    assert measured.floor_db == -NOTHING_DB
    assert (measured.clipped, measured.gaps) == (0, 2)


def test_a_background_is_not_taken_for_an_echo() -> None:
    played = score()
    noise = np.random.default_rng(2).standard_normal(len(played.sound)) * 300
    heard = (moved(played.sound, 960, 0.5) + noise).astype(np.int16)
    measured = measure(played, heard, noise.astype(np.int16), gaps=0)
    assert measured.echo_loss_db == pytest.approx(6, abs=0.2)
    assert measured.cleaned_loss_db == NOTHING_DB
    assert "with canceller  not heard above the background" in tuple(lines(measured))


def test_what_is_too_loud_is_counted() -> None:
    played = score()
    loud = np.clip(played.sound.astype(np.int32) * 20, -32768, 32767).astype(np.int16)
    assert measure(played, loud, loud, gaps=0).clipped > 0.01


def moved(sound: Samples, delay: int, gain: float) -> Samples:
    later = np.zeros(len(sound), np.int16)
    later[delay:] = (sound[:-delay] * gain).astype(np.int16)
    return later
