"""Work on the disk, off the event loop, that is never left running alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def on_thread(work: Callable[[], Result]) -> Result:
    """Run `work` on a thread and stay until it is done, even when cancelled.

    Otherwise a second thread could meet the first at the same file.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
