"""Traffic that receivers throw away, spread evenly, to learn what the network carries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# One packet of a usual size; smaller ones would cost more processor time for the same rate.
PACKET_BYTES = 1_200
# Timers are not finer; above 2 Mbit/s several packets leave together.
LEAST_PAUSE_S = 0.005
# A change of the rate is noticed within this time.
MOST_PAUSE_S = 0.05
# After a stall nothing is made up for, it would be a burst.
CREDIT_BYTES = 4 * PACKET_BYTES


class Padding:
    """`bps` may change at any time; `run` sends so much by calling `send`."""

    def __init__(self) -> None:
        self._bps = 0
        self._wanted = asyncio.Event()

    @property
    def bps(self) -> int:
        """Bits per second; 0 sends nothing more at once."""
        return self._bps

    @bps.setter
    def bps(self, bps: int) -> None:
        self._bps = max(0, bps)
        if self._bps:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def run(self, send: Callable[[], int]) -> None:
        """Call `send`, which says how many bytes it sent (0: not now), until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            credit, before_s = 0.0, loop.time()
            while self._bps:
                await asyncio.sleep(self._pause_s())
                now_s = loop.time()
                credit = min(CREDIT_BYTES, credit + self._bps * (now_s - before_s) / 8)
                before_s = now_s
                credit = _spend(credit, send) if self._bps else 0.0

    def _pause_s(self) -> float:
        return min(MOST_PAUSE_S, max(LEAST_PAUSE_S, PACKET_BYTES * 8 / self._bps))


def _spend(credit: float, send: Callable[[], int]) -> float:
    while credit > 0:
        size = send()
        if not size:
            return credit
        credit -= size
    return credit
