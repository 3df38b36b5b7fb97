"""A press that is held: it rings as any other, and automations hear of it later."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.core import actions as a
from device.core import events as e
from device.core.machine import next_deadline, step
from device.core.policy import Policy
from device.core.states import Now, Phase, State

HELD = Policy(long_press_s=5.0)


def press(at: float, state: State | None = None) -> tuple[State, tuple[a.Action, ...]]:
    return step(state or State(policy=HELD), e.Pressed("visit-0001"), Now(at))


def test_it_rings_at_the_press_and_is_told_when_it_is_long() -> None:
    ringing, actions = press(100.0)
    assert ringing.phase is Phase.RINGING
    assert a.RingChime() in actions
    assert next_deadline(ringing) == (105.0, e.HeldLong())
    told, actions = step(ringing, e.HeldLong(), Now(105.0))
    assert actions == (a.TellLongPress("visit-0001", 105.0),)
    assert told.phase is Phase.RINGING
    # Once, however long it lasts; what remains is the ring's own end.
    assert next_deadline(told) == (140.0, e.RingTimedOut())


def test_a_short_press_is_only_a_ring() -> None:
    ringing, _ = press(100.0)
    released, actions = step(ringing, e.Released(), Now(100.2))
    assert actions == ()
    assert next_deadline(released) == (140.0, e.RingTimedOut())


def test_the_actions_of_a_press_are_the_same_with_and_without() -> None:
    with_it = press(100.0)[1]
    without = step(State(), e.Pressed("visit-0001"), Now(100.0))[1]
    assert with_it == without


def test_a_second_press_is_measured_anew() -> None:
    first, _ = press(100.0)
    released, _ = step(first, e.Released(), Now(103.0))
    second, _ = press(104.0, released)
    assert next_deadline(second) == (109.0, e.HeldLong())


def test_a_button_that_fails_while_it_is_down_is_not_held() -> None:
    ringing, _ = press(100.0)
    failed, _ = step(ringing, e.PartFailed("button", "It is loose."), Now(101.0))
    assert failed.long_press_at is None
    other, _ = step(ringing, e.PartFailed("light", "It is loose."), Now(101.0))
    assert other.long_press_at == 105.0


def test_without_a_visit_it_has_no_name() -> None:
    ringing, _ = press(100.0)
    stopped, _ = step(ringing, e.Stopping(), Now(101.0))
    assert step(stopped, e.HeldLong(), Now(105.0))[1] == (a.TellLongPress("", 105.0),)


def test_a_long_press_takes_time() -> None:
    with pytest.raises(ValueError, match="more than no time"):
        Policy(long_press_s=0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 12)), max_size=30))
def test_it_is_told_exactly_for_the_presses_that_are_held(
    story: list[tuple[bool, float]],
) -> None:
    """Each entry is a change of the button and the time until the next one."""
    state, now, told, expected, down = State(policy=HELD), 0.0, 0, 0, False
    for pressed, pause in story:
        if pressed is down:
            continue
        down = pressed
        event = e.Pressed(f"visit-{now:.3f}") if pressed else e.Released()
        state, _ = step(state, event, Now(now))
        expected += pressed and pause >= 5.0
        until = now + pause
        while (deadline := next_deadline(state)) and deadline[0] <= until:
            state, actions = step(state, deadline[1], Now(deadline[0]))
            told += sum(isinstance(action, a.TellLongPress) for action in actions)
        now = until
    assert told == expected
