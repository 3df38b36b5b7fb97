"""What the doorbell wants done. The service carries these out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from device.core.states import Cause, Outcome, Person, Reply

What = Literal["motion", "rang", "answered", "hung_up", "unlocked", "light_on", "light_off",
               "chimed", "quick_reply", "missed"]  # fmt: skip
Reason = Literal["busy", "fault", "rate"]


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """Tell the household and start to record, from the pre-roll on."""

    visit: str
    cause: Cause
    at: float


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the household what happened in the visit. `quiet`: without any sound."""

    visit: str
    what: What
    at: float
    who: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class TellLongPress:
    """Tell automations, and nobody else: the household has heard the ring."""

    visit: str
    at: float


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Keep the picture of that instant."""

    visit: str
    at: float


@dataclass(frozen=True, slots=True)
class CloseVisit:
    """End the recording and tell the household."""

    visit: str
    outcome: Outcome
    at: float


@dataclass(frozen=True, slots=True)
class RingChime:
    """Sound the bell indoors."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say a prepared sentence to the visitor."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class PulseLock:
    """Open for so long; answer with `LockOpened` or `PartFailed`."""

    ticket: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SecureLock:
    """Lock now, whatever the lock believes."""


@dataclass(frozen=True, slots=True)
class SwitchLight:
    on: bool


Wish = SwitchLight | RingChime | Speak


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Fulfil a wish; answer with `Happened` or `Refuse` it with the part's own words."""

    ticket: int
    by: Person
    wish: Wish


@dataclass(frozen=True, slots=True)
class Grant:
    """Reply that the request was carried out."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Reply that the request was not carried out, and what to do."""

    ticket: int
    reason: Reason
    detail: str


Action = (
    OpenVisit | Note | TellLongPress | TakeSnapshot | CloseVisit | RingChime | Speak | PulseLock
    | SecureLock | CarryOut | Grant | Refuse
)  # fmt: skip
