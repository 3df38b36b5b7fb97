"""Moving windows in memory that stay small whoever comes: the storage of `limits` for rates.

The memory storage of `limits` itself looks through every key at every request, in tasks that
nobody waits for: with many addresses that costs more than what it protects.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable

from limits.aio.storage import MovingWindowSupport, Storage

# Some 300 bytes each. Who has more addresses than this is stopped by no limit per address.
KEYS_LIMIT = 20_000
# 32 bytes each: the moments of all windows together.
MOMENTS_LIMIT = 200_000


class BoundedWindows(Storage, MovingWindowSupport):
    """What was asked lately, for at most so many keys; the longest unused is forgotten first."""

    STORAGE_SCHEME = None

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        keys: int = KEYS_LIMIT,
        moments: int = MOMENTS_LIMIT,
    ) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._keys_limit = keys
        self._moments_limit = moments
        self._windows: OrderedDict[str, list[float]] = OrderedDict()
        self._moments = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    @property
    def size(self) -> tuple[int, int]:
        """How many keys and moments are kept."""
        return len(self._windows), self._moments

    def now(self) -> float:
        """The windows' own time, in seconds."""
        return self._monotonic()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note `amount` more for `key`, if its last `expiry` seconds have room for them."""
        now = self.now()
        window = self._current(key, now - expiry)
        if len(window) + amount > limit:
            return False
        window.extend([now] * amount)
        self._moments += amount
        self._windows[key] = window
        self._windows.move_to_end(key)
        self._forget()
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest moment of the window and how many there are."""
        now = self.now()
        window = self._current(key, now - expiry)
        return (window[0] if window else now), len(window)

    async def clear(self, key: str) -> None:
        self._moments -= len(self._windows.pop(key, ()))

    async def reset(self) -> int:
        count = len(self._windows)
        self._windows.clear()
        self._moments = 0
        return count

    async def check(self) -> bool:
        return True

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("These windows only move.")

    async def get(self, key: str) -> int:
        return len(self._windows.get(key, ()))

    async def get_expiry(self, key: str) -> float:
        return self.now()

    def _current(self, key: str, since: float) -> list[float]:
        window = self._windows.get(key)
        if window is None:
            return []
        old = bisect_right(window, since)
        del window[:old]
        self._moments -= old
        if not window:
            del self._windows[key]
        return window

    def _forget(self) -> None:
        while len(self._windows) > self._keys_limit or self._moments > self._moments_limit:
            _, window = self._windows.popitem(last=False)
            self._moments -= len(window)
