"""The wall clock as a value that is passed in, so that tests can set it."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds since 1970.
Clock = Callable[[], float]

system_clock: Clock = time.time


def now_ms(clock: Clock) -> int:
    """Milliseconds since 1970."""
    return int(clock() * 1000)
