"""Time as the doorbell knows it: the loop's clock for decisions, the wall's for people."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.core.access import LocalTime
from device.core.states import Now

# The year 2286, the last that messages can hold.
LAST_MS = 10**13


def _any(wall_s: float) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall` is seconds since 1970; the monotonic clock is the running loop's.

    `trusted(wall_s)` tells whether anybody would vouch for the wall's time.
    """

    wall: Callable[[], float] = time.time
    trusted: Callable[[float], bool] = _any

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Now:
        """This moment for the machine: monotonic seconds and minutes since local midnight."""
        local = time.localtime(self.wall())
        return Now(self.monotonic(), local.tm_hour * 60 + local.tm_min)

    def local(self) -> LocalTime:
        """This moment for rights that depend on the time."""
        wall_s = self.wall()
        local = time.localtime(wall_s)
        return LocalTime(
            min(max(0, round(wall_s * 1000)), LAST_MS),
            local.tm_wday,
            local.tm_hour * 60 + local.tm_min,
            self.trusted(wall_s),
        )

    def unix_ms(self, at: float) -> int:
        """The wall's time of a monotonic moment, by the wall clock as it is now."""
        return max(0, round((self.wall() - self.monotonic() + at) * 1000))

    def visit_id(self) -> str:
        """A new id; sorts by time, and cannot be guessed."""
        return f"{round(self.wall() * 1000):011x}-{secrets.token_hex(6)}"
