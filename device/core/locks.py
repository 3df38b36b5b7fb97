"""Guards and effects of the lock: one bounded pulse at a time, always locked again."""

from __future__ import annotations

from dataclasses import replace

from device.core.actions import Action, Grant, PulseLock, Refuse, SecureLock
from device.core.events import Event, LockOpened, PartFailed, UnlockWanted
from device.core.states import Now, Pulse, State
from device.core.visits import Change, note


def lock_is_faulty(state: State, event: Event, now: Now) -> bool:
    return state.fault("lock") is not None


def too_often(state: State, event: Event, now: Now) -> bool:
    return len(_recent(state, now)) >= state.policy.unlock_limit


def concerns_the_lock(state: State, event: PartFailed, now: Now) -> bool:
    return event.part == "lock"


def pulse(state: State, event: UnlockWanted, now: Now) -> Change:
    seconds = state.policy.pulse_s
    opened = replace(
        state,
        pulse=Pulse(event.ticket, event.by, now.at + seconds),
        unlocks=(*_recent(state, now), now.at),
    )
    return opened, (PulseLock(event.ticket, seconds),)


def confirm(state: State, event: LockOpened, now: Now) -> Change:
    """The lock took the pulse: only now is it true that someone opened the door."""
    if state.pulse is None or state.pulse.ticket != event.ticket:
        return state, ()
    noted, actions = note(state, "unlocked", now, state.pulse.by.name)
    return noted, (*actions, Grant(event.ticket))


def refuse_as_faulty(state: State, event: UnlockWanted, now: Now) -> Change:
    detail = state.fault("lock") or "The lock does not work. Use the key."
    return state, (Refuse(event.ticket, "fault", detail),)


def refuse_as_open(state: State, event: UnlockWanted, now: Now) -> Change:
    detail = "The door is open already. Try again when it has locked."
    return state, (Refuse(event.ticket, "busy", detail),)


def refuse_as_too_often(state: State, event: UnlockWanted, now: Now) -> Change:
    wait = _recent(state, now)[0] + state.policy.unlock_window_s - now.at
    detail = f"The door was opened too often. Try again in {max(1, round(wait))} s, or use the key."
    return state, (Refuse(event.ticket, "rate", detail),)


def secure(state: State, event: Event, now: Now) -> Change:
    return replace(state, pulse=None), (SecureLock(),)


def secure_after_fault(state: State, event: PartFailed, now: Now) -> Change:
    """The pulse failed, or the lock failed during it: lock, and tell who asked."""
    pulse = state.pulse
    told: tuple[Action, ...] = (Refuse(pulse.ticket, "fault", event.detail),) if pulse else ()
    return replace(state, pulse=None), (SecureLock(), *told)


def _recent(state: State, now: Now) -> tuple[float, ...]:
    return tuple(at for at in state.unlocks if now.at - at < state.policy.unlock_window_s)
