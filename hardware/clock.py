"""Time as a part that can be exchanged: real for a board, virtual for a test."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The monotonic clock, in seconds."""

    def now(self) -> float: ...
    async def sleep_until(self, when_s: float) -> None: ...


class RealClock:
    """The machine's own."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep_until(self, when_s: float) -> None:
        await asyncio.sleep(max(0.0, when_s - time.monotonic()))
