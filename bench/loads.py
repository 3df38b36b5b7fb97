"""What one more viewer costs the doorbell, one more stream the recorder, and idleness in memory."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from bench.row import Row
from bench.streams import pushed_streams, viewer
from bench.usage import resident_mb, share_of_core
from scripts.phone import Phone
from scripts.stack import Stack

VIEWERS = 4
STREAMS = 4
MEASURE_S = 10.0
# The camera aims at 2 Mbit/s; sound comes on top.
FULL_RATE_BPS = 1_700_000
# Connections, first keyframes, and the end of start-up work.
SETTLE_S = 4.0


async def rows(folder: Path) -> list[Row]:
    """Memory with the drawn porch; processor time with a pre-encoded camera at 2 Mbit/s."""
    with Stack(folder / "memory") as stack:
        memory = await _idle_memory(stack)
    with Stack(folder / "loads", camera="loop") as stack:
        return [memory, await _viewers(stack), await _streams(stack)]


async def _idle_memory(stack: Stack) -> Row:
    # The pre-roll ring has to fill.
    await asyncio.sleep(MEASURE_S + SETTLE_S)
    return Row("memory of the doorbell service, idle", resident_mb(stack.doorbell.pid), "MB", 150)


async def _viewers(stack: Stack) -> Row:
    alone = await share_of_core(stack.doorbell.pid, MEASURE_S, asyncio.sleep)
    async with (
        await Phone.paired(stack.pairing_link(), "Bench") as phone,
        AsyncExitStack() as watching,
    ):
        viewers = [await watching.enter_async_context(viewer(phone)) for _ in range(VIEWERS)]
        await asyncio.sleep(SETTLE_S)
        for watching_phone in viewers:
            watching_phone.received_bps()
        watched = await share_of_core(stack.doorbell.pid, MEASURE_S, asyncio.sleep)
        slowest = min(watching_phone.received_bps() for watching_phone in viewers)
    if slowest < FULL_RATE_BPS:
        raise RuntimeError(f"A viewer got only {slowest / 1e6:.1f} Mbit/s; nothing was measured.")
    each = (watched - alone) / VIEWERS
    return Row("doorbell CPU per viewer, 720p30 at 2 Mbit/s, with sound", each, "% core", 5)


async def _streams(stack: Stack) -> Row:
    alone = await share_of_core(stack.server.pid, MEASURE_S, asyncio.sleep)
    async with pushed_streams(stack, STREAMS):
        await asyncio.sleep(SETTLE_S)
        recording = await share_of_core(stack.server.pid, MEASURE_S, asyncio.sleep)
    each = (recording - alone) / STREAMS
    return Row("recorder CPU per stream, 720p30 at 2 Mbit/s, with sound", each, "% core", 6)
