"""Time as the doorbell knows it: the loop's clock for decisions, the wall's for people."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.core.states import Now


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall` is seconds since 1970; the monotonic clock is the running loop's."""

    wall: Callable[[], float] = time.time

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> Now:
        """This moment for the machine: monotonic seconds and minutes since local midnight."""
        local = time.localtime(self.wall())
        return Now(self.monotonic(), local.tm_hour * 60 + local.tm_min)

    def unix_ms(self, at: float) -> int:
        """The wall's time of a monotonic moment, by the wall clock as it is now."""
        return max(0, round((self.wall() - self.monotonic() + at) * 1000))

    def visit_id(self) -> str:
        """A new id; sorts by time, and cannot be guessed."""
        return f"{round(self.wall() * 1000):011x}-{secrets.token_hex(6)}"
