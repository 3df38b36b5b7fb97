"""The household's and the maker's choices that decisions rest on. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to before `end`, in minutes since local midnight; may pass midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < MINUTES_PER_DAY and 0 <= self.end < MINUTES_PER_DAY):
            raise ValueError("Quiet hours are times of day from 00:00 to 23:59.")

    def cover(self, minute: int) -> bool:
        """Whether that minute of the day is quiet; equal ends mean never."""
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True, slots=True)
class Policy:
    """Frozen for the life of the service."""

    # Two edges of one push of a worn button, or an impatient thumb, are one press.
    debounce_s: float = 1.0
    # As long as people wait at a door before they turn away.
    ring_timeout_s: float = 40.0
    # Shows where the visitor went.
    post_roll_s: float = 8.0
    # A branch in the wind or a visitor on the way out opens no visit again at once.
    motion_cooldown_s: float = 20.0
    # A stuck sensor must not record for ever; a real conversation is shorter.
    visit_limit_s: float = 600.0
    # Long enough to push a door, far below what a strike's coil endures.
    pulse_s: float = 4.0
    # A coil gets hot and a thief gets patient: so many pulses per window, then a pause.
    unlock_limit: int = 5
    unlock_window_s: float = 60.0
    # A press held so long is told to automations as well; not when absent.
    long_press_s: float | None = None
    quiet_hours: QuietHours | None = None
    # What the door says when a ring was not answered; nothing when absent.
    unanswered_reply: Literal["coming", "leave_it", "not_now"] | None = None

    def __post_init__(self) -> None:
        times = (self.debounce_s, self.ring_timeout_s, self.post_roll_s, self.visit_limit_s,
                 self.pulse_s, self.unlock_window_s)  # fmt: skip
        if min(times) <= 0 or self.motion_cooldown_s < 0 or self.unlock_limit < 1:
            raise ValueError("Times and limits of the policy are positive.")
        if self.long_press_s is not None and self.long_press_s <= 0:
            raise ValueError("A long press takes more than no time.")

    def quiet(self, minute: int) -> bool:
        """Whether rings are silent at that minute of the day."""
        return self.quiet_hours is not None and self.quiet_hours.cover(minute)
