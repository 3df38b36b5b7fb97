"""Sound that was lost because a card was not served in time: counted, and said now and then."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

LOG_EVERY_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Losses:
    """How often a card was not served in time, since the start."""

    overflows: int = 0
    """Sound that was heard and lost."""
    underflows: int = 0
    """Silence where something was to be played."""


class LossReport:
    """One line a minute at most about sound that was lost."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._said = (losses.overflows, losses.underflows)
        self._due_s = 0.0

    def tick(self) -> None:
        """Say it if it is time to."""
        now, now_s = (self._losses.overflows, self._losses.underflows), time.monotonic()
        if now == self._said or now_s < self._due_s:
            return
        heard, played = (new - old for new, old in zip(now, self._said, strict=True))
        _log.warning(
            "the sound card was not served in time:"
            " heard sound was lost %d ×, silence was played %d ×", heard, played,
        )  # fmt: skip
        self._said, self._due_s = now, now_s + LOG_EVERY_S
