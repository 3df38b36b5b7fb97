"""The doorbell as it waits: how soon it is ready, and what it keeps in memory."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.row import Row
from bench.streams import viewer
from bench.usage import resident_mb
from scripts.phone import Phone
from scripts.stack import Stack

STARTS = 5
VIEWERS = 4
# The pre-roll ring has to fill.
FILLS_S = 14.0
SETTLE_S = 5.0
READY = "is ready."
START_LIMIT_S = 60.0


async def rows(folder: Path) -> list[Row]:
    """With the drawn porch, which draws and encodes as well."""
    with Stack(folder / "idle") as stack:
        await asyncio.sleep(FILLS_S)
        idle = resident_mb(stack.doorbell.pid)
        async with (
            await Phone.paired(stack.pairing_link(), "Bench") as phone,
            AsyncExitStack() as watching,
        ):
            for _ in range(VIEWERS):
                await watching.enter_async_context(viewer(phone))
            await asyncio.sleep(SETTLE_S)
            watched = resident_mb(stack.doorbell.pid)
        starts = [await asyncio.to_thread(_start, stack) for _ in range(STARTS)]
    return [
        Row("memory of the doorbell service, idle", idle, "MB", 120),
        Row("memory of the doorbell service, 4 viewers", watched, "MB", 180),
        Row("doorbell from start to ready, median", statistics.median(starts), "s", 2),
    ]


def _start(stack: Stack) -> float:
    """Seconds from the command to the first sentence of a doorbell that is ready."""
    stack.doorbell.stop()
    said = len(stack.doorbell.output)
    began = time.monotonic()
    stack.doorbell.start()
    while READY not in stack.doorbell.output[said:]:
        time.sleep(0.01)
        if time.monotonic() - began > START_LIMIT_S:
            raise TimeoutError("The doorbell did not get ready.")
    return time.monotonic() - began
