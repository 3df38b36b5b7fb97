"""The simulated porch: what happens at the door, and everything that happened there.

Tests and `python -m device twin …` drive it; the twin's parts see and change it through
gpiozero's mock pins. Every method may be called from any thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.options import Pins
from hardware.sound_file import Samples, read_sound
from hardware.timer import Cancel, StartTimer, start_thread_timer
from hardware.twin.ears import Ears
from hardware.twin.pins import PorchFactory
from hardware.twin.visitor import Pose, Presence
from hardware.twin.voice import Voice

# How long a finger stays on the button.
PRESS_HOLD_S = 0.15
# A visitor who has rung waits this long before they give up.
PATIENCE_S = 60.0
# Old happenings are forgotten beyond this many; a busy day has a few hundred.
HISTORY_LIMIT = 2000
# The greeting starts when the finger is off the button.
GREETING_DELAY_S = 0.6

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Happening:
    """A part changed at `at_us` (monotonic clock): pressed, moving, unlocked, lit, ringing."""

    part: str
    active: bool
    at_us: int


class World:
    """The porch in front of the twin's camera, button and microphone."""

    def __init__(
        self,
        pins: Pins | None = None,
        *,
        greeting: Samples | None = None,
        now: Callable[[], float] = time.monotonic,
        start_timer: StartTimer = start_thread_timer,
    ) -> None:
        self._pins = pins or Pins()
        self._now, self._start_timer = now, start_timer
        self._greeting = greeting
        self._changing = threading.RLock()
        self._history: deque[Happening] = deque(maxlen=HISTORY_LIMIT)
        self._active: dict[str, bool] = {}
        self._presence: Presence | None = None
        self._timers: dict[str, Cancel] = {}
        self.voice = Voice(now)
        self.ears = Ears()
        self.stalled = False
        """The camera shows nothing while this holds; for tests of what happens then."""
        self.factory = PorchFactory(self._pins, self._part_changed)

    def press(self) -> None:
        """Someone rings: they stand at the door at once and wait until `leave()`."""
        with self._changing:
            now_s, here = self._now(), self._presence
            self._presence = (
                here.press(now_s, PATIENCE_S) if here else Presence.pressing(now_s, PATIENCE_S)
            )
            self._leave_later()
            self.factory.drive("button", True)
            self._later("button", PRESS_HOLD_S, self.release)
            if self._greeting is not None:
                self.voice.say(self._greeting, GREETING_DELAY_S)

    def release(self) -> None:
        """The finger leaves the button; happens by itself 0.15 s after `press()`."""
        with self._changing:
            self._forget("button")
            self.factory.drive("button", False)

    def walk_past(self) -> None:
        """Someone comes up the path, looks at the door, and goes; the motion sensor sees them."""
        with self._changing:
            if self._presence is None:
                self._presence = Presence.walking_past(self._now())
                self._leave_later()
            self.factory.drive("motion", True)

    def leave(self) -> None:
        """The visitor turns round and goes; no motion any more once they are out of sight."""
        with self._changing:
            if self._presence is None:
                self._gone()
                return
            self._presence = self._presence.leave(self._now())
            self._leave_later()

    def clear(self) -> None:
        """Nobody is there, at once: no walking away, no motion."""
        with self._changing:
            self._gone()

    def speak(self, path: Path) -> float:
        """The visitor says what is in a sound file; returns its length in seconds.

        Raises MissingError when it is not there or holds no sound.
        """
        samples = read_sound(path)
        return self.voice.say(samples)

    def heard(self, seconds: float) -> Samples:
        """The last `seconds` of what the speaker played: 48 kHz, mono, signed 16 bit."""
        return self.ears.last(seconds)

    @property
    def history(self) -> tuple[Happening, ...]:
        """Everything that happened, oldest first."""
        with self._changing:
            return tuple(self._history)

    def history_of(self, part: str) -> tuple[Happening, ...]:
        """What happened to one part: button, motion, lock, light or chime."""
        return tuple(happening for happening in self.history if happening.part == part)

    def active(self, part: str) -> bool:
        """Whether a part is pressed, moving, unlocked, lit or ringing now."""
        return self._active.get(part, False)

    def pose(self, now_s: float | None = None) -> Pose | None:
        """The visitor as the camera sees them; None when nobody is there."""
        here = self._presence
        return here.pose(self._now() if now_s is None else now_s) if here else None

    def close(self) -> None:
        """Stop all timers; may be called twice."""
        with self._changing:
            for cancel in self._timers.values():
                cancel()
            self._timers.clear()

    def _leave_later(self) -> None:
        here = self._presence
        if here is not None and here.gone_s is not None:
            self._later("presence", max(0.0, here.gone_s - self._now()), self._gone)

    def _gone(self) -> None:
        with self._changing:
            self._forget("presence")
            self._presence = None
            self.factory.drive("motion", False)

    def _later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        self._forget(name)
        self._timers[name] = self._start_timer(seconds, act)

    def _forget(self, name: str) -> None:
        if cancel := self._timers.pop(name, None):
            cancel()

    def _part_changed(self, part: str, active: bool) -> None:
        with self._changing:
            if active != self.active(part):
                self._active[part] = active
                self._history.append(Happening(part, active, time.monotonic_ns() // 1000))
                _log.info("twin: %s %s", part, "on" if active else "off")
