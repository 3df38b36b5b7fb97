"""Effects of what is possible at any time: the button, calls, light, chime and faults."""

from __future__ import annotations

from dataclasses import replace

from device.core.actions import (
    CarryOut,
    Grant,
    RingChime,
    Speak,
    SwitchLight,
    TellLongPress,
    What,
    Wish,
)
from device.core.events import (
    CallEnded,
    CallStarted,
    Happened,
    HearingChanged,
    HeldLong,
    PartFailed,
    PartRecovered,
    Pressed,
    Released,
    Wanted,
)
from device.core.states import Call, Now, Part, State
from device.core.visits import Change, note


def begin_hold(state: State, event: Pressed, now: Now) -> Change:
    """The ring is on its way already; whether the press is a long one shows later."""
    seconds = state.policy.long_press_s
    return replace(state, long_press_at=None if seconds is None else now.at + seconds), ()


def let_go(state: State, event: Released, now: Now) -> Change:
    return replace(state, long_press_at=None), ()


def tell_long_press(state: State, event: HeldLong, now: Now) -> Change:
    """Once for each press, however long it lasts."""
    visit = "" if state.visit is None else state.visit.id
    return replace(state, long_press_at=None), (TellLongPress(visit, now.at),)


def remember_call(state: State, event: CallStarted, now: Now) -> Change:
    others = tuple(call for call in state.calls if call.id != event.call)
    return replace(state, calls=(*others, Call(event.call, event.person, event.answers))), ()


def note_hearing(state: State, event: HearingChanged, now: Now) -> Change:
    """Whoever stands at the door can see whether the microphone is open."""
    calls = tuple(
        replace(call, hears=event.hears) if call.id == event.call else call for call in state.calls
    )
    return replace(state, calls=calls), ()


def forget_call(state: State, event: CallEnded, now: Now) -> Change:
    return replace(state, calls=tuple(c for c in state.calls if c.id != event.call)), ()


def carry_out(state: State, event: Wanted, now: Now) -> Change:
    """A fault does not forbid the attempt: it may be over."""
    return state, (CarryOut(event.ticket, event.by, event.wish),)


def confirm_wish(state: State, event: Happened, now: Now) -> Change:
    """It worked, so its part works; say who did it."""
    healed = _without(state, part_of(event.wish))
    if isinstance(event.wish, SwitchLight):
        healed = replace(healed, light_on=event.wish.on)
    noted, actions = note(healed, _name(event.wish), now, event.by.name)
    return noted, (*actions, Grant(event.ticket))


def remember_fault(state: State, event: PartFailed, now: Now) -> Change:
    faults = (*_without(state, event.part).faults, (event.part, event.detail))
    # A button that fails tells no release any more.
    held = None if event.part == "button" else state.long_press_at
    return replace(state, faults=tuple(sorted(faults)), long_press_at=held), ()


def forget_fault(state: State, event: PartRecovered, now: Now) -> Change:
    return _without(state, event.part), ()


def part_of(wish: Wish) -> Part:
    """The part that fulfils a wish."""
    match wish:
        case SwitchLight():
            return "light"
        case RingChime():
            return "chime"
        case Speak():
            return "speaker"


def _name(wish: Wish) -> What:
    match wish:
        case SwitchLight(on=on):
            return "light_on" if on else "light_off"
        case RingChime():
            return "chimed"
        case Speak():
            return "quick_reply"


def _without(state: State, part: Part) -> State:
    return replace(state, faults=tuple(fault for fault in state.faults if fault[0] != part))
