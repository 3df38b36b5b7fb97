"""The door as everyone sees it: visits, what happened in them, and the state of its parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocol.base import DeviceId, Message, Name, PhoneId, Sentence, UnixMs, VisitId

Cause = Literal["motion", "press"]
Outcome = Literal["answered", "missed", "motion"]
Right = Literal["view", "talk", "light", "chime", "unlock", "history", "admin"]
ALL_RIGHTS: tuple[Right, ...] = ("view", "talk", "light", "chime", "unlock", "history", "admin")
Part = Literal[
    "camera", "microphone", "speaker", "motion", "button", "lock", "light", "chime", "recorder",
    "server", "broker", "log", "indicator", "storage", "power",
]  # fmt: skip

# Encodings of the camera: the whole picture large or small, and the part that somebody looks at.
Layer = Literal["high", "low", "close"]
# The steps from a tap to a picture, in their order.
PhaseName = Literal["signal", "gather", "ice", "dtls", "keyframe", "frame", "total"]
PHASE_LIMIT = 8
# A cleaner comes a few times a week; more is a calendar.
WINDOW_LIMIT = 14


class Phase(Message):
    """One step of a call's start and how long it took."""

    name: PhaseName
    ms: int = Field(ge=0, le=600_000)


class Fault(Message):
    """A part of the doorbell that does not work now, and the remedy in one sentence."""

    part: Part
    detail: Sentence


class DoorState(Message):
    """What the doorbell's parts do at this moment."""

    lock: Literal["locked", "unlocked", "unavailable"]
    light: Literal["on", "off", "unavailable"]
    ringing: bool = False
    faults: tuple[Fault, ...] = Field(default=(), max_length=16)


class Moment(Message):
    """One thing that happened in a visit; `who` is a phone's name or empty for the visitor.

    `quiet` marks a ring in quiet hours: phones show it without a sound.
    """

    at_ms: UnixMs
    what: Literal["motion", "rang", "answered", "hung_up", "unlocked", "light_on", "light_off",
                  "chimed", "quick_reply", "missed"]  # fmt: skip
    who: str = Field(default="", max_length=60)
    quiet: bool = False


class Preview(Message):
    """A strip of small pictures of a clip, side by side in one JPEG, one for every `every_ms`."""

    tiles: int = Field(ge=1, le=60)
    every_ms: int = Field(ge=1)
    width: int = Field(ge=1, le=640)
    height: int = Field(ge=1, le=640)


class Clip(Message):
    """The recording of a visit. `starts_ms` is the capture time of its first picture."""

    starts_ms: UnixMs
    duration_ms: int = Field(ge=0)
    size_bytes: int = Field(ge=0)
    gaps: int = Field(default=0, ge=0)
    preview: Preview | None = None


class Visit(Message):
    """From the first sign of someone until they have gone."""

    id: VisitId
    doorbell: DeviceId
    cause: Cause
    opened_ms: UnixMs
    rang_ms: UnixMs | None = None
    answered_by: str | None = Field(default=None, max_length=60)
    closed_ms: UnixMs | None = None
    outcome: Outcome | None = None
    snapshot: bool = False
    clip: Clip | None = None
    moments: tuple[Moment, ...] = Field(default=(), max_length=200)


class Window(Message):
    """A part of every week, in the doorbell's local time; `end` may lie on the next day.

    `days` count from Monday, 0, to Sunday, 6; `start` and `end` are minutes since midnight.
    """

    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(min_length=1, max_length=7)
    start: int = Field(ge=0, lt=24 * 60)
    end: int = Field(ge=0, lt=24 * 60)


class Phone(Message):
    """A paired phone as others may see it.

    `rights` end at `until_ms` and, if there are `windows`, hold within them only. Without either
    they hold always.
    """

    id: PhoneId
    name: Name
    rights: tuple[Right, ...] = Field(max_length=len(ALL_RIGHTS))
    until_ms: UnixMs | None = None
    windows: tuple[Window, ...] = Field(default=(), max_length=WINDOW_LIMIT)
