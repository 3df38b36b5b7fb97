"""What the doorbell knows at one moment: frozen values, changed only by `machine.step`.

Times are seconds on the monotonic clock, passed in with every event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from device.core.policy import Policy

Cause = Literal["motion", "press"]
Outcome = Literal["answered", "missed", "motion"]
Reply = Literal["coming", "leave_it", "not_now"]
Part = Literal[
    "camera", "microphone", "speaker", "motion", "button", "lock", "light", "chime", "recorder",
    "server", "broker", "log", "indicator", "storage", "power",
]  # fmt: skip


class Phase(Enum):
    """How far a visit is."""

    QUIET = "quiet"  # nobody is there
    PRESENT = "present"  # someone is there and has not rung, or nobody answered
    RINGING = "ringing"  # the button was pressed; phones and chime call the household
    ANSWERED = "answered"  # at least one phone has taken the visit
    LEAVING = "leaving"  # nobody is seen any more; the post-roll runs


class LockPhase(Enum):
    """Whether a pulse runs."""

    LOCKED = "locked"
    OPEN = "open"


class HousePhase(Enum):
    """Calls, light, chime and faults: what is possible at any time."""

    READY = "ready"


Place = Phase | LockPhase | HousePhase


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of an event: monotonic seconds, and minutes since local midnight."""

    at: float
    minute: int = 12 * 60


@dataclass(frozen=True, slots=True)
class Person:
    """A phone of the household by id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A connected phone; `person` is absent for other software with a view token.

    `hears`: the door's sound goes there.
    """

    id: str
    person: Person | None
    answers: str | None
    hears: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """The open visit. `notes` counts what was reported of it."""

    id: str
    cause: Cause
    opened_at: float
    rang_at: float | None = None
    answered_by: Person | None = None
    notes: int = 0

    @property
    def outcome(self) -> Outcome:
        if self.answered_by:
            return "answered"
        return "motion" if self.rang_at is None else "missed"


@dataclass(frozen=True, slots=True)
class Pulse:
    """The door is open for someone until a time; `ticket` is the request to reply to."""

    ticket: int
    by: Person
    until: float


@dataclass(frozen=True, slots=True)
class State:
    """All that the doorbell's decisions rest on."""

    policy: Policy = field(default_factory=Policy)
    phase: Phase = Phase.QUIET
    lock: LockPhase = LockPhase.LOCKED
    visit: Visit | None = None
    pressed_at: float | None = None
    long_press_at: float | None = None
    ring_until: float | None = None
    leave_at: float | None = None
    closed_at: float | None = None
    motion: bool = False
    light_on: bool = False
    pulse: Pulse | None = None
    unlocks: tuple[float, ...] = ()
    calls: tuple[Call, ...] = ()
    faults: tuple[tuple[Part, str], ...] = ()

    def fault(self, part: Part) -> str | None:
        """The remedy for a part that does not work, or nothing."""
        return dict(self.faults).get(part)
