"""What one more viewer costs the doorbell, one more stream the recorder, and idleness in memory."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import av
from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from bench.row import Row
from bench.usage import resident_mb, share_of_core
from media.incoming import receive_encoded
from media.peer import connected, open_peer
from scripts.phone import Phone
from scripts.stack import Stack

VIEWERS = 4
STREAMS = 4
MEASURE_S = 8.0
# Connections, first keyframes and the end of start-up work.
SETTLE_S = 3.0


async def rows(folder: Path) -> list[Row]:
    """Viewers first, then recordings, against the same pre-encoded camera at 2 Mbit/s."""
    with Stack(folder / "loads", camera="loop") as stack:
        return [
            await _idle_memory(stack),
            await _viewers(stack),
        ]


async def _idle_memory(stack: Stack) -> Row:
    await asyncio.sleep(SETTLE_S)
    return Row("memory of the device service, idle", resident_mb(stack.doorbell.pid), "MB", 150)


async def _viewers(stack: Stack) -> Row:
    alone = await share_of_core(stack.doorbell.pid, MEASURE_S, asyncio.sleep)
    async with (
        await Phone.paired(stack.pairing_link(), "Bench") as phone,
        AsyncExitStack() as calls,
    ):
        for _ in range(VIEWERS):
            await calls.enter_async_context(_Viewer(phone))
        await asyncio.sleep(SETTLE_S)
        watched = await share_of_core(stack.doorbell.pid, MEASURE_S, asyncio.sleep)
    per_viewer = (watched - alone) / VIEWERS
    return Row("device CPU per viewer, 720p30, 2 Mbit/s", per_viewer, "% core", 5)
