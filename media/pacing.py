"""How fast a frame's packets may leave: a keyframe is spread over milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

# 80 kB in 20 ms: below what a home's Wi-Fi carries, above what anyone would notice.
FULL_PACE_BPS = 32_000_000
# A usual picture at 2 Mbit/s fits, so only keyframes ever wait.
BURST_BYTES = 12_000
# Shorter pauses than this chunk takes at full pace are below the resolution of timers.
CHUNK_BYTES = 8_000
# Bursts above a known limit queue in the network; this much is what WebRTC senders allow.
LIMITED_PACE_FACTOR = 2.5
# Receivers that see only what is sent believe in half as much again; no limit is known then.
UNLIMITED_FACTOR = 1.25
# The pace must stay above the rate of the stream, or frames would wait for ever.
LEAST_PACE_FACTOR = 1.5
LEAST_PACE_BPS = 300_000
# Rates are told over so long.
RATE_WINDOW_S = 1.0


class Pacer:
    """A bucket of bytes that fills at the pace. Times are passed in; `wait_s`, then `sent`."""

    def __init__(self) -> None:
        self.pace_bps = float(FULL_PACE_BPS)
        self.sent_bps = 0.0
        self._level = float(BURST_BYTES)
        self._at_s = 0.0
        self._window_from_s = 0.0
        self._window_bytes = 0

    def wait_s(self, now_s: float, left_bytes: int) -> float:
        """How long to wait before more of a frame with `left_bytes` left may leave."""
        self._fill(now_s)
        missing = min(left_bytes, CHUNK_BYTES) - self._level
        return max(0.0, missing * 8 / self.pace_bps)

    def fitting(self, now_s: float, payloads: Sequence[bytes]) -> int:
        """How many of these may leave at once; one always does."""
        self._fill(now_s)
        allowed, count = self._level - len(payloads[0]), 1
        while count < len(payloads) and allowed >= len(payloads[count]):
            allowed -= len(payloads[count])
            count += 1
        return count

    def sent(self, now_s: float, size_bytes: int) -> None:
        """So much has left."""
        self._fill(now_s)
        self._level -= size_bytes
        self._window_bytes += size_bytes
        passed_s = now_s - self._window_from_s
        if passed_s >= RATE_WINDOW_S:
            # After a pause the time since then says nothing about the rate.
            self.sent_bps = self._window_bytes * 8 / passed_s
            self._window_from_s, self._window_bytes = now_s, 0

    def limit(self, limit_bps: int | None) -> None:
        """What the receiver believes that the network carries."""
        if limit_bps is None or limit_bps >= UNLIMITED_FACTOR * self.sent_bps:
            self.pace_bps = float(FULL_PACE_BPS)
            return
        least = max(LEAST_PACE_BPS, LEAST_PACE_FACTOR * self.sent_bps)
        self.pace_bps = min(FULL_PACE_BPS, max(least, LIMITED_PACE_FACTOR * limit_bps))

    async def send(
        self, payloads: Sequence[bytes], send: Callable[[Sequence[bytes], bool], int]
    ) -> None:
        """Hand a frame to `send(part, is_last)`, which says how many bytes it was, at the pace."""
        clock = asyncio.get_running_loop().time
        left = payloads
        while left:
            wait_s = self.wait_s(clock(), sum(map(len, left)))
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            count = self.fitting(clock(), left)
            part, left = left[:count], left[count:]
            self.sent(clock(), send(part, not left))

    def _fill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s = max(now_s, self._at_s)
        self._level = min(float(BURST_BYTES), self._level + passed_s * self.pace_bps / 8)
