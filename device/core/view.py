"""What others may see of the state: the doorbell's parts, and its face to the visitor."""

from __future__ import annotations

from typing import Literal

from device.core.states import LockPhase, Part, Phase, State

Face = Literal["dark", "ringing", "live", "listening", "fault"]

# Without these the visitor's press or picture leads nowhere, so the button says so.
_FELT_AT_THE_DOOR: tuple[Part, ...] = ("camera", "button")


def lock(state: State) -> Literal["locked", "unlocked", "unavailable"]:
    """A lock with a fault is not offered."""
    if state.fault("lock") is not None:
        return "unavailable"
    return "unlocked" if state.lock is LockPhase.OPEN else "locked"


def light(state: State) -> Literal["on", "off", "unavailable"]:
    """A light with a fault is not offered."""
    if state.fault("light") is not None:
        return "unavailable"
    return "on" if state.light_on else "off"


def ringing(state: State) -> bool:
    """Whether the household is being called."""
    return state.phase is Phase.RINGING


def face(state: State) -> Face:
    """Ringing comforts the visitor; then who hears, then who looks; a fault comes last."""
    if ringing(state):
        return "ringing"
    if state.phase is Phase.ANSWERED or any(call.hears for call in state.calls):
        return "listening"
    if state.calls:
        return "live"
    if any(state.fault(part) for part in _FELT_AT_THE_DOOR):
        return "fault"
    return "dark"
