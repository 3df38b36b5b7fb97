"""Guards and effects of a visit. Each takes (state, event, now); effects return a `Change`."""

from __future__ import annotations

from dataclasses import replace

from device.core.actions import (
    Action,
    CloseVisit,
    Note,
    OpenVisit,
    RingChime,
    Speak,
    TakeSnapshot,
    What,
)
from device.core.events import CallEnded, CallStarted, Event, MotionBegan, Pressed
from device.core.states import Call, Cause, Now, State, Visit

Change = tuple[State, tuple[Action, ...]]

# The wire carries 200 moments of one visit; what counts most must still fit at its end.
PLAIN_NOTES_LIMIT = 150
NOTES_LIMIT = 190
_ALWAYS_NOTED = ("rang", "answered", "missed")


# Guards: facts about (state, event, now).


def cooling_down(state: State, event: Event, now: Now) -> bool:
    since = state.closed_at
    return since is not None and now.at - since < state.policy.motion_cooldown_s


def bounced(state: State, event: Event, now: Now) -> bool:
    since = state.pressed_at
    return since is not None and now.at - since < state.policy.debounce_s


def motion_remains(state: State, event: Event, now: Now) -> bool:
    return state.motion


def takes_the_visit(state: State, event: CallStarted, now: Now) -> bool:
    """A phone of the household (not a mere viewer) answers this very visit."""
    return _answers(state, Call(event.call, event.person, event.answers))


def others_talk_on(state: State, event: CallEnded, now: Now) -> bool:
    return any(_answers(state, call) for call in state.calls if call.id != event.call)


def others_talk_or_bystander(state: State, event: CallEnded, now: Now) -> bool:
    ends = next((call for call in state.calls if call.id == event.call), None)
    return ends is None or not _answers(state, ends) or others_talk_on(state, event, now)


# Effects.


def stay(state: State, event: Event, now: Now) -> Change:
    return state, ()


def see_motion(state: State, event: Event, now: Now) -> Change:
    return replace(state, motion=True, leave_at=None), ()


def lose_motion(state: State, event: Event, now: Now) -> Change:
    return replace(state, motion=False), ()


def open_by_motion(state: State, event: MotionBegan, now: Now) -> Change:
    opened, actions = _open(replace(state, motion=True), event.visit, "motion", now)
    noted, notes = note(opened, "motion", now)
    return noted, (*actions, *notes, TakeSnapshot(event.visit, now.at))


def open_by_press(state: State, event: Pressed, now: Now) -> Change:
    opened, actions = _open(state, event.visit, "press", now)
    ringing, more = ring(opened, event, now)
    return ringing, (*actions, *more)


def ring(state: State, event: Pressed, now: Now) -> Change:
    """Tell everyone: household first, bell second, unless the hours are quiet."""
    visit = _visit(state)
    rung = replace(
        state,
        visit=replace(visit, rang_at=now.at if visit.rang_at is None else visit.rang_at),
        pressed_at=now.at,
        ring_until=now.at + state.policy.ring_timeout_s,
        leave_at=None,
    )
    quiet = state.policy.quiet(now.minute)
    noted, notes = note(rung, "rang", now, quiet=quiet)
    bell = () if quiet else (RingChime(),)
    return noted, (*notes, *bell, TakeSnapshot(visit.id, now.at))


def ring_again(state: State, event: Pressed, now: Now) -> Change:
    """The household knows already: only the bell repeats, and the wait begins anew."""
    until = now.at + state.policy.ring_timeout_s
    again = replace(state, pressed_at=now.at, ring_until=until)
    return again, () if state.policy.quiet(now.minute) else (RingChime(),)


def ring_in_call(state: State, event: Pressed, now: Now) -> Change:
    """Someone is already talking with the visitor; those who are not still hear the bell."""
    rung, actions = ring(state, event, now)
    return replace(rung, ring_until=None), actions


def answer(state: State, event: CallStarted, now: Now) -> Change:
    """The first to answer stays the one who answered."""
    visit = _visit(state)
    talking = replace(state, ring_until=None, leave_at=None)
    if visit.answered_by or event.person is None:
        return talking, ()
    first = replace(talking, visit=replace(visit, answered_by=event.person))
    return note(first, "answered", now, event.person.name)


def hang_up(state: State, event: CallEnded, now: Now) -> Change:
    """An answering phone is gone; others may still be there."""
    ended = next((call for call in state.calls if call.id == event.call), None)
    if ended is None or ended.person is None or not _answers(state, ended):
        return state, ()
    return note(state, "hung_up", now, ended.person.name)


def hang_up_last(state: State, event: CallEnded, now: Now) -> Change:
    ended, notes = hang_up(state, event, now)
    return (ended if state.motion else _begin_leaving(ended, now)), notes


def begin_leaving(state: State, event: Event, now: Now) -> Change:
    return replace(_begin_leaving(state, now), motion=False), ()


def miss(state: State, event: Event, now: Now) -> Change:
    """Nobody answered: say so, and perhaps speak to the visitor in the household's stead."""
    missed, actions = _give_up_ring(state, now)
    after = missed if state.motion else _begin_leaving(missed, now)
    reply = state.policy.unanswered_reply
    if reply is None:
        return after, actions
    said, notes = note(after, "quick_reply", now)
    return said, (*actions, Speak(reply), *notes)


def close(state: State, event: Event, now: Now) -> Change:
    """End the visit; a ring that nobody took is missed."""
    missed, actions = _give_up_ring(state, now) if state.ring_until else (state, ())
    visit = _visit(missed)
    closed = replace(missed, visit=None, leave_at=None, closed_at=now.at)
    return closed, (*actions, CloseVisit(visit.id, visit.outcome, now.at))


def note(state: State, what: What, now: Now, who: str = "", *, quiet: bool = False) -> Change:
    """Report a moment of the open visit, if one is open and its page is not full."""
    visit = state.visit
    limit = NOTES_LIMIT if what in _ALWAYS_NOTED else PLAIN_NOTES_LIMIT
    if visit is None or visit.notes >= limit:
        return state, ()
    counted = replace(state, visit=replace(visit, notes=visit.notes + 1))
    return counted, (Note(visit.id, what, now.at, who, quiet),)


def _open(state: State, visit: str, cause: Cause, now: Now) -> Change:
    opened = replace(state, visit=Visit(visit, cause, now.at))
    return opened, (OpenVisit(visit, cause, now.at),)


def _give_up_ring(state: State, now: Now) -> Change:
    """A visit that was answered before is not missed when a second ring stays unanswered."""
    silent = replace(state, ring_until=None)
    return (silent, ()) if _visit(state).answered_by else note(silent, "missed", now)


def _begin_leaving(state: State, now: Now) -> State:
    return replace(state, leave_at=now.at + state.policy.post_roll_s)


def _answers(state: State, call: Call) -> bool:
    return call.person is not None and state.visit is not None and call.answers == state.visit.id


def _visit(state: State) -> Visit:
    if state.visit is None:
        raise RuntimeError(f"There is no visit in {state.phase}.")
    return state.visit
