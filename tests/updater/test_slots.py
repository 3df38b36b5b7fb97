"""Whatever happens in whatever order, there is something to start and nothing is lost."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.updates import InstallStep, order
from updater import slots as s
from updater.slots import TABLE, Occupant, State, Trouble, after

VERSIONS = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda v: f"{v[0]}.{v[1]}")
OCCUPANTS = st.builds(
    lambda version: Occupant(version, "h" * 43, version, "trixie", "arm64", "3.13"), VERSIONS
)
TROUBLE = Trouble("unhealthy", "It did not ring.", "1.2")
EVENTS = st.one_of(
    st.builds(s.Accepted, st.sampled_from(("", "wish-1", "wish-2"))),
    st.builds(s.Unpacked, OCCUPANTS),
    st.just(s.Quiet()),
    st.just(s.Attended()),
    st.just(s.Healthy()),
    st.just(s.Failed(TROUBLE, "wish-3")),
    st.just(s.Returned()),
    st.just(s.Interrupted()),
    st.builds(s.Dropped, st.sampled_from(s.SLOTS)),
    st.just(s.WentBack("wish-4")),
)


def walk(events: list[s.Event]) -> list[State]:
    """The states that are passed; what cannot happen does not."""
    states = [State()]
    for event in events:
        can = (states[-1].step, type(event)) in TABLE
        if can and not (isinstance(event, s.WentBack) and not states[-1].has_former):
            states.append(after(states[-1], event))
    return states


@given(st.lists(EVENTS, max_size=40))
def test_what_is_started_is_always_complete(events: list[s.Event]) -> None:
    for state in walk(events):
        assert state.link is None or state.occupant(state.link) is not None
        # Who is in force is not written over.
        assert state.target is None or state.target != state.in_force
        assert (state.step == "idle") <= (state.target is None)


@given(st.lists(EVENTS, max_size=40))
def test_the_floor_never_falls(events: list[s.Event]) -> None:
    floors = [order(state.floor) for state in walk(events)]
    assert floors == sorted(floors)


@given(st.lists(EVENTS, max_size=40))
def test_every_update_ends_by_interruptions_alone(events: list[s.Event]) -> None:
    """The power goes again and again, and the check at boot is all that ever gets to run."""
    state = walk(events)[-1]
    before = state.in_force
    for _ in range(s.TRIES_LIMIT + 1):
        state = after(state, s.Interrupted())
        if state.step == "returning":
            state = after(state, s.Returned())
    assert state.step in ("idle", "ready")
    assert state.in_force == before


@given(st.lists(EVENTS, max_size=40))
def test_a_wish_that_was_refused_or_done_is_not_open_any_more(events: list[s.Event]) -> None:
    for before, state in zip(walk(events), walk(events)[1:], strict=False):
        # While nothing is under way, another wish may be taken up before one that broke off.
        if before.step != "idle" and before.doing and not state.doing:
            assert state.done == before.doing


def test_unpacking_that_always_breaks_off_is_given_up() -> None:
    state = State()
    for _ in range(s.UNPACKING_LIMIT):
        assert state.done != "wish-1"
        state = after(after(state, s.Accepted("wish-1")), s.Interrupted())
    assert state.done == "wish-1"
    assert state.trouble is not None
    assert "power supply" in state.trouble.sentence


def test_going_back_needs_something_to_go_back_to() -> None:
    with pytest.raises(s.SlotsError):
        after(State(), s.WentBack())


def test_what_cannot_happen_is_a_mistake() -> None:
    with pytest.raises(s.SlotsError, match="Healthy cannot happen while idle"):
        after(State(), s.Healthy())


def test_every_step_has_a_way_out_of_an_interruption() -> None:
    steps: tuple[InstallStep, ...] = get_args(InstallStep)
    assert all((step, s.Interrupted) in TABLE for step in steps)
