"""Evenly spaced times from callbacks that come in bursts."""

from __future__ import annotations

# Each piece moves the count this part of the way to what was measured.
CORRECTION = 0.05
# After a gap longer than this (a card that was re-plugged) counting starts afresh.
RESTART_US = 200_000


class SteadyTime:
    """Counts in steps of `step_us`, gently pulled to the clock: never backwards, no drift."""

    def __init__(self, step_us: int) -> None:
        self._step_us = step_us
        self._last_us: int | None = None

    def at(self, measured_us: int) -> int:
        """The time of the next piece, given when it seems to have begun."""
        if self._last_us is None:
            self._last_us = measured_us
            return measured_us
        expected_us = self._last_us + self._step_us
        off_us = measured_us - expected_us
        if off_us > RESTART_US:
            self._last_us = measured_us
        else:
            most_us = self._step_us // 2
            self._last_us = expected_us + max(-most_us, min(most_us, round(off_us * CORRECTION)))
        return self._last_us
