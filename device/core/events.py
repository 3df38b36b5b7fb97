"""What can happen to the doorbell. Ids are made outside and come with the event."""

from __future__ import annotations

from dataclasses import dataclass

from device.core.actions import Wish
from device.core.states import Part, Person


@dataclass(frozen=True, slots=True)
class Pressed:
    """The button went down. `visit` is the id to use if this opens a visit."""

    visit: str


@dataclass(frozen=True, slots=True)
class Released:
    """The button came up again."""


@dataclass(frozen=True, slots=True)
class MotionBegan:
    """Someone is there. `visit` is the id to use if this opens a visit."""

    visit: str


@dataclass(frozen=True, slots=True)
class MotionEnded:
    """No one is seen any more."""


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A phone is connected; `answers` names the visit that it takes."""

    call: str
    person: Person | None = None
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class HearingChanged:
    """The door's sound goes to a connected phone, or does not any more."""

    call: str
    hears: bool


@dataclass(frozen=True, slots=True)
class CallEnded:
    call: str


@dataclass(frozen=True, slots=True)
class UnlockWanted:
    """A phone with the right proved its wish; `ticket` names the request to reply to."""

    ticket: int
    by: Person


@dataclass(frozen=True, slots=True)
class LockOpened:
    """The lock took the pulse."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A phone or the broker asks for something harmless."""

    ticket: int
    by: Person
    wish: Wish


@dataclass(frozen=True, slots=True)
class Happened:
    """A wish was carried out."""

    ticket: int
    by: Person
    wish: Wish


@dataclass(frozen=True, slots=True)
class PartFailed:
    """A part does not work; `detail` is one sentence with the remedy."""

    part: Part
    detail: str


@dataclass(frozen=True, slots=True)
class PartRecovered:
    part: Part


@dataclass(frozen=True, slots=True)
class Stopping:
    """The service ends: close the visit, secure the lock."""


# The following come from `machine.next_deadline` when their time has come.


@dataclass(frozen=True, slots=True)
class HeldLong:
    """The button is still down."""


@dataclass(frozen=True, slots=True)
class RingTimedOut:
    """Nobody answered in time."""


@dataclass(frozen=True, slots=True)
class PostRollOver:
    """The visitor has been away for the post-roll."""


@dataclass(frozen=True, slots=True)
class VisitTooLong:
    """The visit reached its limit."""


@dataclass(frozen=True, slots=True)
class PulseOver:
    """The lock's pulse must be over."""


Deadline = HeldLong | RingTimedOut | PostRollOver | VisitTooLong | PulseOver
Event = (
    Pressed | Released | MotionBegan | MotionEnded | CallStarted | HearingChanged | CallEnded
    | UnlockWanted | LockOpened | Wanted | Happened | PartFailed | PartRecovered | Stopping
    | Deadline
)  # fmt: skip
