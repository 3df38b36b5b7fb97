"""What the recorder needs from the rest of the server, and its limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastapi import Request

from protocol.door import Clip, Preview

# How the id of a visit begins that the recorder names itself.
OWN_VISIT = "recording-"


class Authorise(Protocol):
    """Whether a request may record for this doorbell; raises ProblemError when not.

    The id of the record token with which it came, or None for the doorbell itself.
    """

    def __call__(self, request: Request, doorbell: str, /) -> Awaitable[str | None]: ...


class Keep(Protocol):
    """Store a finished file as the clip of a visit, in the place of an earlier one."""

    def __call__(self, doorbell: str, visit: str, file: Path, /) -> Awaitable[None]: ...


class OnClip(Protocol):
    """The clip of a visit is stored; called again when the visit goes on and it grows."""

    def __call__(self, doorbell: str, visit: str, clip: Clip, /) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class StillPictures:
    """What is seen in a clip of `size_bytes`: its strip, and one picture, large; both JPEG."""

    size_bytes: int

    preview: Preview
    strip: bytes
    picture: bytes


class OnStills(Protocol):
    """The pictures of a stored clip are made."""

    def __call__(self, doorbell: str, visit: str, stills: StillPictures, /) -> Awaitable[None]: ...


class WhichMoment(Protocol):
    """What the large picture should show, in milliseconds of the visit's clip."""

    def __call__(self, visit: str, /) -> Awaitable[int]: ...


async def no_stills(doorbell: str, visit: str, stills: StillPictures) -> None:
    """For who wants no pictures."""


async def at_the_start(visit: str) -> int:
    """For who knows no better moment."""
    return 0


class OnStatus(Protocol):
    """The first picture of a visit's recording has arrived; it was captured at `starts_ms`."""

    def __call__(self, doorbell: str, visit: str, starts_ms: int, /) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the recorder takes on."""

    sessions: int = 32
    """Recordings at the same time; one more is asked to come back."""
    longest_s: float = 900
    """A session that is longer ends cleanly; its encoder may open another."""
    idle_s: float = 30
    """A session without media for so long has lost its encoder. ICE notices as late as that."""
    kept_s: float = 600
    """A visit's parts stay here for so long after its last session, in case it goes on."""

    bytes_per_s: float = 2_500_000
    """What a recording may bring in the long run: 20 Mbit/s, ten times what a doorbell sends."""
    packets_per_s: float = 4_000
    """As many packets as that is, and as many again for those who send small ones."""
    burst_s: float = 15
    """Seconds of it that may come at once: a pre-roll of ten seconds comes as fast as it can."""
    waiting_bytes: int = 8 * 1024 * 1024
    """What may wait for the disk, for each track: half a minute at 2 Mbit/s."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who counts; each is called on the event loop and must not block."""

    on_bytes: Callable[[int], None] = lambda count: None
    """So many bytes of pictures and sound were taken."""
    on_gap: Callable[[int], None] = lambda count: None
    """So often pictures were lost on the way."""
    on_written: Callable[[float], None] = lambda seconds: None
    """Frames were handed to the disk; it took so long."""
    on_ended: Callable[[str], None] = lambda reason: None
    """A recording ended; the reason is one of `session.REASONS`."""


@dataclass(frozen=True, slots=True)
class VisitKey:
    """Which recording this is."""

    doorbell: str
    visit: str
