from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.pi.night import (
    DAWN_LIMIT_S,
    DAWN_S,
    DUSK_S,
    REFERENCE_BRIGHTNESS,
    RELAPSE_S,
    Nightfall,
    lux_of,
)

DUSK_LUX = 5.0
# What an infra-red light adds at a porch wall: more than the dusk itself.
INFRARED_LUX = 40.0


class Evening:
    """A door whose light the test turns; readings come once a second."""

    def __init__(self, *, infrared_lux: float = 0.0) -> None:
        self.night = Nightfall(DUSK_LUX)
        self.infrared_lux = infrared_lux
        self.at_s = 0.0
        self.turns: list[float] = []

    def passes(self, seconds: float, lux: float | Callable[[float], float]) -> bool:
        for _ in range(round(seconds)):
            before = self.night.dark
            outside = lux(self.at_s) if callable(lux) else lux
            seen = outside + (self.infrared_lux if before else 0.0)
            if self.night.judge(seen, self.at_s) is not before:
                self.turns.append(self.at_s)
            self.at_s += 1
        return self.night.dark


def test_it_is_day_until_it_was_dark_for_a_while() -> None:
    evening = Evening()
    assert not evening.passes(100, 300)
    assert not evening.passes(DUSK_S - 2, 0.5)
    assert not evening.passes(60, 300)
    assert evening.passes(60, 0.5)
    assert len(evening.turns) == 1


@pytest.mark.parametrize("infrared_lux", [0.0, INFRARED_LUX])
def test_a_whole_night_has_one_dusk_and_one_dawn(infrared_lux: float) -> None:
    evening = Evening(infrared_lux=infrared_lux)
    evening.passes(3600, lambda s: 100 - s / 36)
    assert evening.passes(6 * 3600, 0.1)
    start = evening.at_s
    assert not evening.passes(3600, lambda s: (s - start) / 36)
    assert len(evening.turns) == 2


def test_the_infrared_light_does_not_make_day() -> None:
    evening = Evening(infrared_lux=INFRARED_LUX)
    assert evening.passes(3600, 2.0)
    assert len(evening.turns) == 1


def test_a_visitor_in_the_infrared_light_does_not_make_day() -> None:
    evening = Evening(infrared_lux=INFRARED_LUX)
    evening.passes(600, 1.0)
    assert evening.passes(DAWN_S - 20, 90.0)
    assert evening.passes(600, 1.0)


def test_after_a_false_dawn_it_looks_longer_each_time() -> None:
    evening = Evening()

    def lamp(at_s: float) -> float:
        """Somebody's lamp, on half a minute after night has fallen here, off when it is day."""
        turned_s = evening.turns[-1] if evening.turns else 0.0
        return 200.0 if evening.night.dark and at_s - turned_s > 30 else 0.0

    evening.passes(8 * 3600, lamp)
    steps = [late - early for early, late in pairwise(evening.turns)]
    assert max(steps) >= DAWN_LIMIT_S
    assert len(evening.turns) < 40


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 500)), max_size=40))
def test_whatever_the_light_does_it_does_not_flutter(changes: list[tuple[int, float]]) -> None:
    evening = Evening(infrared_lux=INFRARED_LUX)
    for seconds, lux in changes:
        evening.passes(seconds, lux)
    dawns = evening.turns[1::2]
    dusks = evening.turns[::2]
    assert all(dawn - dusk >= DAWN_S for dusk, dawn in zip(dusks, dawns, strict=False))
    for early, late in zip(evening.turns, evening.turns[4:], strict=False):
        assert late - early >= min(RELAPSE_S, 3 * DAWN_S)


def test_without_readings_everything_stays() -> None:
    night = Nightfall(DUSK_LUX)
    assert not any(night.judge(None, at_s) for at_s in range(100))


def test_lux_is_taken_as_it_is_told() -> None:
    assert lux_of({"Lux": 12.5, "ExposureTime": 1, "AnalogueGain": 1.0}) == 12.5
    assert lux_of({"Lux": 0.0}) == 0.0
    assert lux_of({"SensorTimestamp": 1}) is None


def test_otherwise_it_follows_from_exposure_and_brightness() -> None:
    day = {"ExposureTime": 2_000, "AnalogueGain": 1.0}
    dusk = {"ExposureTime": 66_666, "AnalogueGain": 16.0}
    shown = REFERENCE_BRIGHTNESS ** (1 / 2.2)
    assert lux_of(day, shown) == pytest.approx(13_800, rel=0.01)
    at_the_limit, in_the_dark = lux_of(dusk, shown), lux_of(dusk, shown / 4)
    assert at_the_limit is not None
    assert in_the_dark is not None
    assert in_the_dark < 5 < at_the_limit
