"""Evenly spaced times from callbacks that come in bursts."""

from __future__ import annotations

# Each piece moves the count this part of the way to what was measured. A callback may come as late
# as it likes, but never before its sound: what is early tells more.
EARLY_CORRECTION, LATE_CORRECTION = 0.2, 0.01
# After a gap longer than this (a card that was re-plugged) counting starts afresh.
RESTART_US = 200_000
# When so many in a row are later than this, it is not the callbacks: sound was lost before them.
LOST_US, LOST_PIECES = 10_000, 10


class SteadyTime:
    """Counts in steps of `step_us`, gently pulled to the clock: never backwards, no drift."""

    def __init__(self, step_us: int) -> None:
        self._step_us = step_us
        self._last_us: int | None = None
        self._late_us: list[int] = []

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
            self._last_us = expected_us + self._lost(off_us) + self._pull(off_us)
        return self._last_us

    def _pull(self, off_us: int) -> int:
        share = EARLY_CORRECTION if off_us < 0 else LATE_CORRECTION
        most_us = self._step_us // 2
        return max(-most_us, min(most_us, round(off_us * share)))

    def _lost(self, off_us: int) -> int:
        """How much sound was lost, once that is certain."""
        self._late_us = [*self._late_us, off_us] if off_us > LOST_US else []
        if len(self._late_us) < LOST_PIECES:
            return 0
        lost_us, self._late_us = min(self._late_us), []
        return lost_us
