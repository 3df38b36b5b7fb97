import itertools
import random

from hardware.pi.steady import RESTART_US, SteadyTime

STEP_US = 20_000


def test_bursts_become_even() -> None:
    steady, jitter = SteadyTime(STEP_US), random.Random(1)
    times = [steady.at(n * STEP_US + jitter.randrange(0, 15_000)) for n in range(500)]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(abs(step - STEP_US) < 1000 for step in steps[20:])


def test_a_busy_processor_does_not_move_it() -> None:
    """Now and then a callback is late, and its sound is not."""
    steady, lateness = SteadyTime(STEP_US), random.Random(2)
    times = []
    for number in range(2000):
        late_us = lateness.randrange(0, 60_000) if lateness.random() < 0.2 else 0
        times.append(steady.at(number * STEP_US + late_us))
    wander = [time - number * STEP_US for number, time in enumerate(times)]
    assert max(wander[50:]) - min(wander[50:]) < 3000


def test_it_follows_a_card_that_runs_a_little_fast() -> None:
    steady = SteadyTime(STEP_US)
    times = [steady.at(round(n * STEP_US * 0.999)) for n in range(5000)]
    assert abs(times[-1] - round(4999 * STEP_US * 0.999)) < 1000


def test_it_follows_a_card_that_runs_a_little_slow() -> None:
    steady = SteadyTime(STEP_US)
    times = [steady.at(round(n * STEP_US * 1.001)) for n in range(5000)]
    assert abs(times[-1] - round(4999 * STEP_US * 1.001)) < 2500


def test_lost_sound_is_made_good_at_once() -> None:
    steady, lost_us = SteadyTime(STEP_US), 60_000
    times = [steady.at(n * STEP_US + lost_us * (n >= 100)) for n in range(200)]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert abs(times[-1] - (199 * STEP_US + lost_us)) < 1000
    assert sum(abs(step - STEP_US) > 5000 for step in steps) == 1


def test_after_a_gap_it_starts_afresh() -> None:
    steady = SteadyTime(STEP_US)
    steady.at(0)
    assert steady.at(RESTART_US * 5) == RESTART_US * 5


def test_it_never_goes_backwards() -> None:
    steady = SteadyTime(STEP_US)
    times = [steady.at(measured) for measured in (1_000_000, 0, 0, 0, 0)]
    assert times == sorted(set(times))
