"""Time that a test turns by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class VirtualClock:
    """`sleep_until` returns at once, with the time turned forward; real time stands still."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def now(self) -> float:
        return self.now_s

    async def sleep_until(self, when_s: float) -> None:
        await asyncio.sleep(0)
        self.now_s = max(self.now_s, when_s)


class VirtualTimers:
    """A `StartTimer` whose timers run when the test says so."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def start(self, seconds: float, act: Callable[[], None]) -> Callable[[], None]:
        self._count += 1
        entry = (self.clock.now_s + seconds, self._count, act)
        self._due.append(entry)
        return lambda: self._due.remove(entry) if entry in self._due else None

    @property
    def waiting(self) -> list[float]:
        """Seconds from now of what is still to come."""
        return sorted(due - self.clock.now_s for due, _, _ in self._due)

    def advance(self, seconds: float) -> None:
        """Let time pass; what falls due on the way happens at its own time."""
        end_s = self.clock.now_s + seconds
        while self._due and min(self._due)[0] <= end_s:
            entry = min(self._due)
            self._due.remove(entry)
            self.clock.now_s = entry[0]
            entry[2]()
        self.clock.now_s = end_s
