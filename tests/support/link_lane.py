"""One direction of an emulated network link: what becomes of each datagram, decided by dice.

Pure: time is passed in, in seconds. The same seed and the same datagrams at the same times have
the same fate, whatever the machine does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

# What a home router or a mobile network keeps waiting before it drops.
QUEUE_BYTES = 64_000
# A datagram that took another way arrives this much later than its neighbours.
DETOUR_S = 0.030


@dataclass(frozen=True, slots=True)
class Conditions:
    """How one direction is. Shares are 0 to 1; `rate_bps` None is without limit.

    `jitter_ms` is added to the delay, evenly spread, without changing the order; `reorder` is the
    share that takes a detour. What does not fit `queue_bytes` before the narrow place is dropped.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    rate_bps: float | None = None
    queue_bytes: int = QUEUE_BYTES


PERFECT = Conditions()


class Lane:
    """Decides when each datagram arrives: never, once, or twice."""

    def __init__(self, seed: str, conditions: Conditions = PERFECT) -> None:
        self.conditions = conditions
        self.carried = 0
        self.lost = 0
        self.overflowed = 0
        self._dice = random.Random(seed)
        self._free_s = -math.inf
        self._last_s = -math.inf
        self._dark_until_s = -math.inf

    def dark(self, now_s: float) -> bool:
        """Whether nothing gets through at this moment."""
        return now_s < self._dark_until_s

    def blackout(self, until_s: float) -> None:
        """Let nothing through until then; what is on its way is lost too."""
        self._dark_until_s = until_s

    def waiting_bytes(self, now_s: float) -> float:
        """What waits before the narrow place."""
        rate_bps = self.conditions.rate_bps
        return max(0.0, self._free_s - now_s) * rate_bps / 8 if rate_bps else 0.0

    def admit(self, size: int, now_s: float) -> Sequence[float]:
        """When a datagram of `size` bytes arrives, if at all; a second time is a duplicate."""
        # Every datagram throws all dice, so that changed conditions do not change later fates.
        lost, late, detour, twin = (self._dice.random() for _ in range(4))
        how = self.conditions
        if self.dark(now_s) or lost < how.loss:
            self.lost += 1
            return ()
        if self.waiting_bytes(now_s) + size > how.queue_bytes:
            self.overflowed += 1
            return ()
        self.carried += 1
        arrives_s = self._leaves_s(size, now_s) + (how.delay_ms + late * how.jitter_ms) / 1000
        if detour < how.reorder:
            return (arrives_s + DETOUR_S,)
        self._last_s = arrives_s = max(arrives_s, self._last_s)
        return (arrives_s, arrives_s) if twin < how.duplicate else (arrives_s,)

    def _leaves_s(self, size: int, now_s: float) -> float:
        if self.conditions.rate_bps is None:
            return now_s
        self._free_s = max(now_s, self._free_s) + size * 8 / self.conditions.rate_bps
        return self._free_s
