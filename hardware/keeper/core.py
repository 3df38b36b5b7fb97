"""What the keeper decides, without input, output or clock: every function takes the moment.

The relay is on exactly while `open_until` is set. It is never set without somebody served, never
for longer than LOCK_PULSE_LIMIT_S, and it goes when the doorbell has been silent for SILENCE_S.
"""

from __future__ import annotations

from typing import NamedTuple

from hardware.keeper.words import (
    BUSY,
    LOCKED,
    NONSENSE,
    REST,
    Beat,
    Pulse,
    Secure,
    Word,
    opened,
)
from hardware.limits import LOCK_PULSE_LIMIT_S

# A doorbell whose event loop hangs is as good as dead; shorter would trip over a busy Pi.
SILENCE_S = 1.0
# More than the doorbell itself allows in a minute, so that only a runaway program meets it.
PULSES_AT_ONCE = 6
# A coil that has had its pulses cools for so long before each further one.
COOLING_S = 10.0


class State(NamedTuple):
    """All that counts. Times are seconds on the monotonic clock."""

    served: bool = False
    open_until: float | None = None
    opened_for_s: float = 0.0
    heard_at: float = 0.0
    pulses_left: float = PULSES_AT_ONCE
    counted_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the relay has to be on."""
        return self.open_until is not None


class Said(NamedTuple):
    """The state after a word, the answer if there is one, and whether to hang up."""

    state: State
    answer: str | None = None
    hang_up: bool = False


def admit(state: State, now: float) -> Said:
    """Somebody connected: they are told how the door is, or that another is served."""
    if state.served:
        return Said(state, BUSY, hang_up=True)
    return Said(_locked(state)._replace(served=True, heard_at=now), LOCKED)


def hear(state: State, word: Word | None, now: float) -> Said:
    """A packet of the one who is served came; None was no word at all."""
    # What comes too late brings no pulse back to life.
    state = tick(state, now)
    match word:
        case Pulse(seconds=seconds):
            return _pulse(state, seconds, now)
        case Beat():
            return Said(state._replace(heard_at=now))
        case Secure():
            return Said(_locked(state), LOCKED)
        case None:
            return Said(leave(state), NONSENSE, hang_up=True)


def leave(state: State) -> State:
    """Whoever was served is gone."""
    return _locked(state)._replace(served=False)


def tick(state: State, now: float) -> State:
    """Time has passed: the pulse may be over, or its doorbell silent."""
    at = due(state)
    return state if at is None or now < at else _locked(state)


def due(state: State) -> float | None:
    """When the next `tick` has something to do."""
    if state.open_until is None:
        return None
    return min(state.open_until, state.heard_at + SILENCE_S)


def _pulse(state: State, seconds: float, now: float) -> Said:
    if state.is_open:
        return Said(state, BUSY)
    left = _pulses_left(state, now)
    state = state._replace(pulses_left=left, counted_at=now)
    if left < 1:
        return Said(state, REST)
    bounded = min(seconds, LOCK_PULSE_LIMIT_S)
    begun = state._replace(
        open_until=now + bounded, opened_for_s=bounded, heard_at=now, pulses_left=left - 1
    )
    return Said(begun, opened(bounded))


def _pulses_left(state: State, now: float) -> float:
    cooled = max(0.0, now - state.counted_at) / COOLING_S
    return min(float(PULSES_AT_ONCE), state.pulses_left + cooled)


def _locked(state: State) -> State:
    return state._replace(open_until=None)
