"""Outputs that switch themselves off: the lock's strike and the chime."""

from __future__ import annotations

import logging
import threading
from typing import Any

from hardware.errors import BusyError, HardwareError
from hardware.gpio import GpioOutput
from hardware.limits import LOCK_PULSE_LIMIT_S
from hardware.timer import Cancel, StartTimer, start_thread_timer

# Long enough for the plunger of a mechanical gong to strike both bars.
CHIME_PULSE_S = 0.6

_log = logging.getLogger(__name__)


class _Pulsed(GpioOutput):
    """On for a while, then off by its own timer, whatever the event loop does."""

    def __init__(
        self,
        pin: int,
        factory: Any,
        *,
        active_high: bool = True,
        start_timer: StartTimer = start_thread_timer,
    ) -> None:
        super().__init__(pin, factory, active_high=active_high)
        self._start_timer = start_timer
        # The timer's thread and the loop's both switch; the last word must be "off".
        self._switching = threading.RLock()
        self._pulse = 0
        self._cancel: Cancel | None = None

    async def close(self) -> None:
        with self._switching:
            self._stop_timer()
            self._release()

    @property
    def _active(self) -> bool:
        return self._cancel is not None

    def _start(self, seconds: float) -> None:
        with self._switching:
            self._stop_timer()
            self._pulse += 1
            pulse = self._pulse
            # The timer first: nothing is ever on without its end being certain.
            self._cancel = self._start_timer(seconds, lambda: self._expired(pulse))
            try:
                self._set(True)
            except HardwareError:
                self._end()
                raise

    def _end(self) -> None:
        with self._switching:
            self._stop_timer()
            self._set(False)

    def _expired(self, pulse: int) -> None:
        with self._switching:
            if self._active and pulse == self._pulse:
                self._end()
                self._ended()

    def _stop_timer(self) -> None:
        if self._cancel:
            self._cancel()
            self._cancel = None

    def _ended(self) -> None:
        """A pulse ran out."""


class GpioLock(_Pulsed):
    """An electric strike: locked unless a pulse runs."""

    part = "lock"

    @property
    def unlocked(self) -> bool:
        return self._active

    def pulse(self, seconds: float) -> None:
        """Open for `seconds`, at most LOCK_PULSE_LIMIT_S; BusyError while a pulse runs."""
        if seconds <= 0:
            raise ValueError(f"A lock opens for more than no time, not {seconds:g} s.")
        with self._switching:
            if self._active:
                raise BusyError("The door is already open. Wait until it has locked.")
            bounded = min(seconds, LOCK_PULSE_LIMIT_S)
            self._start(bounded)
        _log.info("unlocked for %.1f s", bounded)

    def secure(self) -> None:
        """Lock now."""
        with self._switching:
            was_open = self._active
            self._end()
        if was_open:
            self._ended()

    def _ended(self) -> None:
        _log.info("locked")


class GpioChime(_Pulsed):
    """The bell indoors, behind a relay."""

    part = "chime"

    def ring(self) -> None:
        self._start(CHIME_PULSE_S)
