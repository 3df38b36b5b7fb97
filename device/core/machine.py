"""The heart of the doorbell: one table of transitions, and the function that follows it.

Three things have a state of their own, and one table holds the rows of all three:

- a *visit* is quiet, present, ringing, answered or leaving (`Phase`);
- the *lock* is locked or open (`LockPhase`);
- the *house* (button, calls, light, chime, faults) is always ready (`HousePhase`).

They share one `State` value and see the same events. An event belongs to everyone who names it
in some row; they take it in the order above. So the end of a call first ends the conversation of
the visit and then leaves the list of calls, and a failing lock is first secured and then listed.

A row lists rules. The first rule whose guard holds is taken: its effect says what changes and
what is to be done, the row says where the visit or the lock stands afterwards. Effects never
choose the next place, so the picture in `docs/state-machine.svg`, drawn from this table, is all
there is to know about who can follow whom.

Two rules keep this honest:

1. Everything that changes the state is reached from this table, and it is a function: time, ids
   and the hour of the day come with the event. No clock, no task, no log.
2. A pair that the table does not name raises. Nothing is ignored in silence; what is harmless
   says so with `stay`. Deadlines come from `next_deadline`, so a late one cannot arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from device.core import events as e
from device.core import house, locks, visits
from device.core.actions import Action
from device.core.states import HousePhase, LockPhase, Now, Phase, Place, State
from device.core.visits import Change, stay

# A guard or an effect takes the kind of event of its row; the table cannot say so in types.
Guard = Callable[[State, Any, Now], bool]
Effect = Callable[[State, Any, Now], Change]


class UnknownTransitionError(LookupError):
    """The table has no rule for this event in this place: a bug of whoever sent it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Go to `to` and do `does`, if `when` holds or is absent."""

    to: Place
    does: Effect = stay
    when: Guard | None = None


Row = dict[type[e.Event], tuple[Rule, ...]]

QUIET, PRESENT, RINGING = Phase.QUIET, Phase.PRESENT, Phase.RINGING
ANSWERED, LEAVING = Phase.ANSWERED, Phase.LEAVING
LOCKED, OPEN, READY = LockPhase.LOCKED, LockPhase.OPEN, HousePhase.READY

TABLE: dict[Place, Row] = {
    QUIET: {
        e.Pressed: (Rule(RINGING, visits.open_by_press),),
        e.MotionBegan: (
            Rule(QUIET, visits.see_motion, visits.cooling_down),
            Rule(PRESENT, visits.open_by_motion),
        ),
        e.MotionEnded: (Rule(QUIET, visits.lose_motion),),
        e.CallStarted: (Rule(QUIET),),
        e.CallEnded: (Rule(QUIET),),
        e.Stopping: (Rule(QUIET),),
    },
    PRESENT: {
        e.Pressed: (Rule(RINGING, visits.ring),),
        e.MotionBegan: (Rule(PRESENT, visits.see_motion),),
        e.MotionEnded: (Rule(LEAVING, visits.begin_leaving),),
        e.CallStarted: (Rule(ANSWERED, visits.answer, visits.takes_the_visit), Rule(PRESENT)),
        e.CallEnded: (Rule(PRESENT),),
        e.VisitTooLong: (Rule(QUIET, visits.close),),
        e.Stopping: (Rule(QUIET, visits.close),),
    },
    RINGING: {
        e.Pressed: (Rule(RINGING, when=visits.bounced), Rule(RINGING, visits.ring_again)),
        e.MotionBegan: (Rule(RINGING, visits.see_motion),),
        e.MotionEnded: (Rule(RINGING, visits.lose_motion),),
        e.CallStarted: (Rule(ANSWERED, visits.answer, visits.takes_the_visit), Rule(RINGING)),
        e.CallEnded: (Rule(RINGING),),
        e.RingTimedOut: (
            Rule(PRESENT, visits.miss, visits.motion_remains),
            Rule(LEAVING, visits.miss),
        ),
        e.VisitTooLong: (Rule(QUIET, visits.close),),
        e.Stopping: (Rule(QUIET, visits.close),),
    },
    ANSWERED: {
        e.Pressed: (Rule(ANSWERED, when=visits.bounced), Rule(ANSWERED, visits.ring_in_call)),
        e.MotionBegan: (Rule(ANSWERED, visits.see_motion),),
        e.MotionEnded: (Rule(ANSWERED, visits.lose_motion),),
        e.CallStarted: (Rule(ANSWERED, visits.answer, visits.takes_the_visit), Rule(ANSWERED)),
        e.CallEnded: (
            Rule(ANSWERED, visits.hang_up, visits.others_talk_or_bystander),
            Rule(PRESENT, visits.hang_up_last, visits.motion_remains),
            Rule(LEAVING, visits.hang_up_last),
        ),
        e.VisitTooLong: (Rule(QUIET, visits.close),),
        e.Stopping: (Rule(QUIET, visits.close),),
    },
    LEAVING: {
        e.Pressed: (Rule(RINGING, visits.ring),),
        e.MotionBegan: (Rule(PRESENT, visits.see_motion),),
        e.MotionEnded: (Rule(LEAVING, visits.lose_motion),),
        e.CallStarted: (Rule(ANSWERED, visits.answer, visits.takes_the_visit), Rule(LEAVING)),
        e.CallEnded: (Rule(LEAVING),),
        e.PostRollOver: (Rule(QUIET, visits.close),),
        e.VisitTooLong: (Rule(QUIET, visits.close),),
        e.Stopping: (Rule(QUIET, visits.close),),
    },
    LOCKED: {
        e.UnlockWanted: (
            Rule(LOCKED, locks.refuse_as_faulty, locks.lock_is_faulty),
            Rule(LOCKED, locks.refuse_as_too_often, locks.too_often),
            Rule(OPEN, locks.pulse),
        ),
        e.LockOpened: (Rule(LOCKED),),
        e.PartFailed: (Rule(LOCKED),),
        e.Stopping: (Rule(LOCKED, locks.secure),),
    },
    OPEN: {
        e.UnlockWanted: (Rule(OPEN, locks.refuse_as_open),),
        e.LockOpened: (Rule(OPEN, locks.confirm),),
        e.PulseOver: (Rule(LOCKED, locks.secure),),
        e.PartFailed: (
            Rule(LOCKED, locks.secure_after_fault, locks.concerns_the_lock),
            Rule(OPEN),
        ),
        e.Stopping: (Rule(LOCKED, locks.secure),),
    },
    READY: {
        e.Pressed: (Rule(READY, house.begin_hold),),
        e.Released: (Rule(READY, house.let_go),),
        e.HeldLong: (Rule(READY, house.tell_long_press),),
        e.CallStarted: (Rule(READY, house.remember_call),),
        e.HearingChanged: (Rule(READY, house.note_hearing),),
        e.CallEnded: (Rule(READY, house.forget_call),),
        e.Wanted: (Rule(READY, house.carry_out),),
        e.Happened: (Rule(READY, house.confirm_wish),),
        e.PartFailed: (Rule(READY, house.remember_fault),),
        e.PartRecovered: (Rule(READY, house.forget_fault),),
    },
}


def step(state: State, event: e.Event, now: Now) -> tuple[State, tuple[Action, ...]]:
    """The state after `event`, and what is to be done, in order.

    Raises UnknownTransitionError for a pair that the table does not name.
    """
    actions: tuple[Action, ...] = ()
    for kind in _CONCERNED[type(event)]:
        place = _place(state, kind)
        rule = _rule(place, state, event, now)
        changed, more = rule.does(state, event, now)
        state, actions = _move(changed, rule.to), (*actions, *more)
    return state, actions


def next_deadline(state: State) -> tuple[float, e.Deadline] | None:
    """When time alone will be an event, and which; the earliest one."""
    deadlines: list[tuple[float, e.Deadline]] = []
    if state.long_press_at is not None:
        deadlines.append((state.long_press_at, e.HeldLong()))
    if state.ring_until is not None:
        deadlines.append((state.ring_until, e.RingTimedOut()))
    if state.leave_at is not None:
        deadlines.append((state.leave_at, e.PostRollOver()))
    if state.visit is not None:
        deadlines.append((state.visit.opened_at + state.policy.visit_limit_s, e.VisitTooLong()))
    if state.pulse is not None:
        deadlines.append((state.pulse.until, e.PulseOver()))
    return min(deadlines, key=lambda deadline: deadline[0], default=None)


def _rule(place: Place, state: State, event: e.Event, now: Now) -> Rule:
    for rule in TABLE[place].get(type(event), ()):
        if rule.when is None or rule.when(state, event, now):
            return rule
    raise UnknownTransitionError(f"{type(event).__name__} cannot happen in {place}.")


def _place(state: State, kind: type[Place]) -> Place:
    if kind is Phase:
        return state.phase
    return state.lock if kind is LockPhase else READY


def _move(state: State, to: Place) -> State:
    match to:
        case Phase():
            return replace(state, phase=to)
        case LockPhase():
            return replace(state, lock=to)
        case HousePhase():
            return state


# Who names an event in any row, in the order in which they take it.
_CONCERNED: dict[type[e.Event], tuple[type[Place], ...]] = {
    kind: tuple(
        owner
        for owner in (Phase, LockPhase, HousePhase)
        if any(isinstance(place, owner) and kind in row for place, row in TABLE.items())
    )
    for kind in {kind for row in TABLE.values() for kind in row}
}
