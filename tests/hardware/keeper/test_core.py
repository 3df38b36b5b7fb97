import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.keeper.core import (
    COOLING_S,
    PULSES_AT_ONCE,
    SILENCE_S,
    State,
    admit,
    due,
    hear,
    leave,
    tick,
)
from hardware.keeper.words import BUSY, LOCKED, NONSENSE, REST, Beat, Pulse, Secure, read
from hardware.limits import LOCK_PULSE_LIMIT_S

SERVED = admit(State(), 0.0).state
OPEN = hear(SERVED, Pulse(4.0), 0.0).state

pauses = st.floats(0, 20, allow_nan=False)
deeds = st.one_of(
    st.builds(Pulse, st.floats(0.001, 1e6)),
    st.just(Beat()),
    st.just(Secure()),
    st.sampled_from(["nonsense", "connect", "close", "tick"]),
)


def test_a_pulse_opens_and_ends() -> None:
    assert OPEN.is_open
    beating = hear(OPEN, Beat(), 0.9).state
    assert tick(beating, 1.8).is_open
    for quarter in range(16):
        beating = hear(beating, Beat(), 0.9 + quarter * 0.25).state
    assert due(beating) is None
    assert not beating.is_open


def test_silence_locks() -> None:
    assert due(OPEN) == SILENCE_S
    assert tick(OPEN, SILENCE_S - 0.01).is_open
    assert not tick(OPEN, SILENCE_S).is_open


def test_a_late_beat_brings_no_pulse_back() -> None:
    assert not hear(OPEN, Beat(), SILENCE_S + 0.01).state.is_open


def test_nobody_extends_a_pulse() -> None:
    again = hear(OPEN, Pulse(15.0), 0.5)
    assert again.answer == BUSY
    assert again.state.open_until == OPEN.open_until


def test_one_doorbell_is_served() -> None:
    second = admit(OPEN, 0.5)
    assert (second.answer, second.hang_up) == (BUSY, True)
    assert second.state == OPEN


def test_whoever_goes_takes_the_pulse_along() -> None:
    gone = leave(OPEN)
    assert not gone.is_open
    assert not gone.served


def test_nonsense_ends_it() -> None:
    said = hear(OPEN, None, 0.5)
    assert (said.answer, said.hang_up) == (NONSENSE, True)
    assert not said.state.is_open
    assert not said.state.served


def test_a_hammering_doorbell_has_to_rest() -> None:
    state, now = SERVED, 0.0
    for _ in range(PULSES_AT_ONCE):
        state = hear(hear(state, Pulse(1.0), now).state, Secure(), now).state
    assert hear(state, Pulse(1.0), now).answer == REST
    assert hear(state, Pulse(1.0), now + COOLING_S - 0.1).answer == REST
    assert hear(state, Pulse(1.0), now + COOLING_S + 0.1).state.is_open


def test_coming_again_does_not_cool_the_coil() -> None:
    state = SERVED
    for _ in range(PULSES_AT_ONCE):
        state = hear(admit(leave(state), 0.0).state, Pulse(1.0), 0.0).state
        assert state.is_open
    assert hear(admit(leave(state), 0.0).state, Pulse(1.0), 0.0).answer == REST


@settings(deadline=None)
@given(st.lists(st.tuples(pauses, deeds), max_size=60))
def test_it_is_never_open_longer_than_the_limit_nor_without_a_living_doorbell(
    story: list[tuple[float, Pulse | Beat | Secure | str]],
) -> None:
    """Time passes as in the loop: nothing is heard before what is due has been done."""
    state, now, opened_at, heard_at = State(), 0.0, 0.0, -math.inf
    for pause, deed in story:
        now += pause
        state = tick(state, now)
        assert not state.is_open or now - heard_at < SILENCE_S
        was_open = state.is_open
        if deed == "connect":
            state = admit(state, now).state
        elif deed == "close":
            state = leave(state)
        elif deed != "tick" and state.served:
            state = hear(state, None if isinstance(deed, str) else deed, now).state
            heard_at = now if isinstance(deed, Pulse | Beat) else heard_at
        opened_at = now if state.is_open and not was_open else opened_at
        end = due(state)
        assert state.is_open is (end is not None)
        if end is not None:
            assert state.served
            assert now < end <= min(opened_at + LOCK_PULSE_LIMIT_S, heard_at + SILENCE_S)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.01, 20)), min_size=1, max_size=80))
def test_no_more_pulses_than_the_coil_bears(story: list[tuple[float, float]]) -> None:
    state, now, pulses = SERVED, 0.0, 0
    for pause, seconds in story:
        now += pause
        said = hear(hear(state, Secure(), now).state, Pulse(seconds), now)
        state, pulses = said.state, pulses + (said.answer not in (REST, BUSY))
    assert pulses <= PULSES_AT_ONCE + now / COOLING_S + 1e-6


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_packet_is_a_word_or_nonsense(packet: bytes) -> None:
    word = read(packet)
    if isinstance(word, Pulse):
        assert 0 < word.seconds < math.inf


@pytest.mark.parametrize(
    "packet",
    [b"", b"open 4", b"pulse", b"pulse ", b"pulse -1", b"pulse 0", b"pulse 1e9", b"pulse nan",
     b"pulse inf", b"pulse 1.2.3", b"pulse .", b"beat\n", b"BEAT", b"pulse 4\0", b"\xff",
     "pulse ٣".encode(), b"pulse " + b"9" * 40],
)  # fmt: skip
def test_what_no_doorbell_says(packet: bytes) -> None:
    assert read(packet) is None


def test_the_welcome_says_that_the_door_is_locked() -> None:
    assert admit(State(), 0.0).answer == LOCKED
