"""Where the simulated visitor is at any moment: a pure function of when they came and what they do.

Times are monotonic seconds. `near` runs from 0 (the garden gate) to 1 (in front of the door).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

# From the gate to the door, and back, at an easy pace.
WALK_S = 3.2
# Someone who only looks stands at the door for this long.
LOOK_S = 4.0
# From the last step to the bell when a press comes out of nothing.
STEP_UP_S = 0.4
STEP_UP_FROM = 0.9
PRESS_S = 0.7
# Visitors wave now and then while they wait.
WAVE_EVERY_S = 9.0
WAVE_S = 1.8


class Doing(Enum):
    """What the figure shows."""

    COMING = "coming"
    WAITING = "waiting"
    PRESSING = "pressing"
    WAVING = "waving"
    GOING = "going"


@dataclass(frozen=True, slots=True)
class Pose:
    """One moment of the figure; `since_s` is how long it has been doing this."""

    doing: Doing
    near: float
    since_s: float


@dataclass(frozen=True, slots=True)
class Presence:
    """One stay of the visitor. `goes_s` may lie in the future; None: until told to leave."""

    came_s: float
    from_near: float = 0.0
    goes_s: float | None = None
    goes_from: float = 1.0
    pressed_s: float | None = None

    @classmethod
    def walking_past(cls, now_s: float) -> Presence:
        """Comes up the path, looks, and goes by themselves."""
        return cls(now_s, goes_s=now_s + WALK_S + LOOK_S)

    @classmethod
    def pressing(cls, now_s: float, patience_s: float) -> Presence:
        """Stands at the bell at once."""
        return cls(now_s, STEP_UP_FROM, goes_s=now_s + patience_s, pressed_s=now_s)

    def press(self, now_s: float, patience_s: float) -> Presence:
        """Rings now, wherever they are, and waits."""
        near = self._near(now_s)
        came_s = now_s - (near - STEP_UP_FROM) / (1 - STEP_UP_FROM) * STEP_UP_S
        if near <= STEP_UP_FROM or self._going(now_s):
            came_s = now_s
        return Presence(came_s, STEP_UP_FROM, goes_s=now_s + patience_s, pressed_s=now_s)

    def leave(self, now_s: float) -> Presence:
        """Turns round, wherever they are."""
        if self._going(now_s):
            return self
        return replace(self, goes_s=now_s, goes_from=self._near(now_s))

    @property
    def gone_s(self) -> float | None:
        """When they have passed the gate."""
        return None if self.goes_s is None else self.goes_s + WALK_S * self.goes_from

    def pose(self, now_s: float) -> Pose | None:
        """The figure at `now_s`; None when they are out of sight."""
        if self._going(now_s) and self.goes_s is not None:
            near = self.goes_from - (now_s - self.goes_s) / WALK_S
            return Pose(Doing.GOING, near, now_s - self.goes_s) if near > 0 else None
        if self.pressed_s is not None and 0 <= now_s - self.pressed_s < PRESS_S:
            return Pose(Doing.PRESSING, self._near(now_s), now_s - self.pressed_s)
        near = self._near(now_s)
        if near < 1:
            return Pose(Doing.COMING, near, now_s - self.came_s)
        return self._waiting(now_s)

    def _waiting(self, now_s: float) -> Pose:
        waited_s = now_s - self.came_s - self._approach_s
        # The first wave comes soon after the arrival.
        into_wave_s = (waited_s + WAVE_EVERY_S - 2.0) % WAVE_EVERY_S
        if into_wave_s < WAVE_S:
            return Pose(Doing.WAVING, 1.0, into_wave_s)
        return Pose(Doing.WAITING, 1.0, waited_s)

    @property
    def _approach_s(self) -> float:
        return STEP_UP_S if self.from_near == STEP_UP_FROM else WALK_S

    def _near(self, now_s: float) -> float:
        walked = max(0.0, now_s - self.came_s) / self._approach_s
        return min(1.0, self.from_near + walked * (1 - self.from_near))

    def _going(self, now_s: float) -> bool:
        return self.goes_s is not None and now_s >= self.goes_s
