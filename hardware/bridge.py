"""The one crossing from drivers' threads to the event loop.

gpiozero, picamera2, PyAudio and the twin's encoder call back on their own threads. Media may drop
its oldest when the loop is late; button edges are never dropped (their rate is bounded by the
bounce time).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


def now_us() -> int:
    """The monotonic clock of every `at_us`."""
    return time.monotonic_ns() // 1000


class Bridge(AsyncIterator[Item], Generic[Item]):
    """Items put on any thread, taken in order on the loop that made the bridge."""

    def __init__(self, limit: int | None) -> None:
        """`limit` is how many may wait before the oldest is dropped; None drops nothing."""
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._error: Exception | None = None
        self._closed = False
        self._wake_due = False
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Hand over one item; from any thread, never waits, ignored once closed."""
        with self._lock:
            if self._closed:
                return
            if self._limit is not None and len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(item)
            self._wake()

    def fail(self, error: Exception) -> None:
        """Raise `error` in the taker after what already waits; from any thread."""
        with self._lock:
            self._error = self._error or error
            self._wake()

    def close(self) -> None:
        """End the taker's iteration; what waits is discarded. From any thread, any number."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._wake()

    async def __anext__(self) -> Item:
        while True:
            with self._lock:
                if self._closed:
                    raise StopAsyncIteration
                if self._waiting:
                    return self._waiting.popleft()
                if self._error:
                    raise self._error
                self._arrived.clear()
            await self._arrived.wait()

    def _wake(self) -> None:
        # One callback at a time in the loop's queue, however many items come meanwhile.
        if self._wake_due or self._loop.is_closed():
            return
        self._wake_due = True
        self._loop.call_soon_threadsafe(self._woken)

    def _woken(self) -> None:
        with self._lock:
            self._wake_due = False
        self._arrived.set()
