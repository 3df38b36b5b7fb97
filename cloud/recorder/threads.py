"""Work on the disk, off the event loop, on threads of the recorder's own.

The rest of the server shares one small pool (name look-ups and the like); a disk that hangs under
a recording must not keep a ring waiting for a free thread there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

# Threads that mostly wait for the disk. A recording holds one for milliseconds, five times a
# second; the others are for those whose disk hangs.
WRITER_THREADS = 8
# A server that stops gives a disk that hangs this long, and leaves the rest to its next start.
LEAVE_S = 10.0


class DiskThreads:
    """Two bounded pools: for recordings under way, and for clips that are put together."""

    def __init__(self, on_written: Callable[[float], None] = lambda seconds: None) -> None:
        self._on_written = on_written
        self._writers = ThreadPoolExecutor(WRITER_THREADS, "recording")
        # One: clips that are finished at the same time are put together one after the other.
        self._makers = ThreadPoolExecutor(1, "clips")

    async def write(self, work: Callable[[], Result]) -> Result:
        """Run a short piece of a recording's work; says how long it took, waiting included."""
        began = time.monotonic()
        try:
            return await _through(self._writers, work)
        finally:
            self._on_written(time.monotonic() - began)

    async def make(self, work: Callable[[], Result]) -> Result:
        """Run work that may take seconds, after others of its kind."""
        return await _through(self._makers, work)

    def close(self) -> None:
        """Take no more work; may be called twice."""
        for pool in (self._writers, self._makers):
            pool.shutdown(wait=False, cancel_futures=True)


async def _through(pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    """Stay until `work` is done, even when cancelled: two threads must not meet at one file."""
    running = asyncio.get_running_loop().run_in_executor(pool, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running], timeout=LEAVE_S)
        raise
