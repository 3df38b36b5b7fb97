"""What the recorder needs from the rest of the server, and its limits."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastapi import Request

from protocol.door import Clip


class Authorise(Protocol):
    """Whether a request may record for this doorbell; raises ProblemError when not."""

    def __call__(self, request: Request, doorbell: str, /) -> Awaitable[None]: ...


class Keep(Protocol):
    """Store a finished file as the clip of a visit, in the place of an earlier one."""

    def __call__(self, doorbell: str, visit: str, file: Path, /) -> Awaitable[None]: ...


class OnClip(Protocol):
    """The clip of a visit is stored; called again when the visit goes on and it grows."""

    def __call__(self, doorbell: str, visit: str, clip: Clip, /) -> Awaitable[None]: ...


class OnStatus(Protocol):
    """The first picture of a visit's recording has arrived; it was captured at `starts_ms`."""

    def __call__(self, doorbell: str, visit: str, starts_ms: int, /) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the recorder takes on."""

    sessions: int = 8
    """Recordings at the same time; one more is asked to come back."""
    longest_s: float = 900
    """A session that is longer ends cleanly; its encoder may open another."""
    idle_s: float = 30
    """A session without media for so long has lost its encoder. ICE notices as late as that."""
    kept_s: float = 600
    """A visit's parts stay here for so long after its last session, in case it goes on."""


@dataclass(frozen=True, slots=True)
class VisitKey:
    """Which recording this is."""

    doorbell: str
    visit: str
