"""A tone stays a tone at every rate, and its pieces stay whole."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from hardware.pi.sound_rate import RATES_HZ, FromCard, ToCard, card_frame
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ
from tests.support.loop_camera import tone

PEAK, HERTZ = 8000, 1000.0


def purity_db(samples: bytes, rate_hz: int) -> float:
    """How far everything but the tone lies below it."""
    sound = np.frombuffer(samples, "<i2").astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    place = round(HERTZ * len(sound) / rate_hz)
    around = power[place - 5 : place + 6].sum()
    return float(10 * np.log10(around / (power.sum() - around)))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_from_the_card(rate_hz: int) -> None:
    time_s = np.arange(rate_hz) / rate_hz
    sound = (np.sin(2 * np.pi * HERTZ * time_s) * PEAK).astype("<i2").tobytes()
    card, step = FromCard(rate_hz), 2 * card_frame(rate_hz)
    pieces = [
        piece for at in range(0, len(sound), step) for piece in card.pieces(sound[at:][:step])
    ]
    assert {len(piece) for piece in pieces} == {2 * SOUND_FRAME_SAMPLES}
    assert len(pieces) >= 49
    assert purity_db(b"".join(pieces[2:]), SOUND_RATE_HZ) > 70


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_to_the_card(rate_hz: int) -> None:
    numbers = count()
    card = ToCard(rate_hz, lambda: tone(HERTZ, next(numbers), PEAK))
    step = card_frame(rate_hz)
    sounded = [card.samples(step) for _ in range(50)]
    assert {len(samples) for samples in sounded} == {2 * step}
    assert next(numbers) <= 52
    assert purity_db(b"".join(sounded[2:]), rate_hz) > 70


def test_a_card_may_ask_for_any_number() -> None:
    numbers = count()
    card = ToCard(SOUND_RATE_HZ, lambda: tone(HERTZ, next(numbers), PEAK))
    sounded = b"".join(card.samples(size) for size in (1, 959, 961, 2000))
    assert sounded == b"".join(tone(HERTZ, number, PEAK) for number in range(5))[: len(sounded)]
