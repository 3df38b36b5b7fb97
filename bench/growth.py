"""What viewers and recorded streams cost, one and many, beside what others need for the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from bench.peers import servers, whep
from bench.peers.servers import PeerServer
from bench.row import Row
from bench.streams import Viewer, pushed_streams, viewer
from bench.usage import resident_mb, share_of_core
from scripts.phone import Phone
from scripts.stack import Stack

VIEWERS = (1, 2, 4, 8)
STREAMS = (1, 10, 25)
# What encodes for each viewer or stream fills a core with the first.
STOCK_VIEWERS = 1
STOCK_STREAMS = 1
MEASURE_S = 10.0
# Connections, first keyframes, and the end of start-up work.
SETTLE_S = 4.0
# The camera aims at 2 Mbit/s; sound comes on top.
FULL_RATE_BPS = 1_700_000
# How much dearer the last of many may be than the first on its own.
GROWTH_LIMIT = 1.25

Watch = Callable[[], AbstractAsyncContextManager[Viewer]]


async def viewers(folder: Path) -> list[Row]:
    """The doorbell's processor time and memory over its number of viewers."""
    with Stack(folder / "viewers", camera="loop") as stack:
        async with AsyncExitStack() as household:
            phones = [
                await household.enter_async_context(
                    await Phone.paired(stack.pairing_link(), f"Bench {number}")
                )
                for number in range(VIEWERS[-1])
            ]
            # A server takes a few calls of one phone at once, so each viewer is one of its own.
            ours = await _watched(stack.doorbell.pid, lambda: viewer(phones.pop()), VIEWERS)
        memory = resident_mb(stack.doorbell.pid)
    peers = await _watched_peers(folder)
    each = ours[4] / 4
    return [
        Row("doorbell CPU per viewer, 720p30 at 2 Mbit/s, with sound", each, "% core", 2.5,
            peers=peers),
        Row("that of stock aiortc, in times ours", peers["stock aiortc"] / each, "times", 40,
            at_least=True),
        *(Row(f"doorbell CPU, {count} viewers", ours[count], "% core") for count in VIEWERS[:-1]),
        Row("doorbell CPU, 8 viewers", ours[8], "% core", 50),
        Row("cost of the 8th viewer against the 1st", ours[8] / 8 / ours[1], "times", GROWTH_LIMIT),
        Row("memory of the doorbell after 8 viewers, pre-encoded camera", memory, "MB"),
    ]  # fmt: skip


async def streams(folder: Path) -> list[Row]:
    """The recorder's processor time and memory over its number of streams."""
    options = ("--recorder-sessions", str(STREAMS[-1] + 1))
    ours: dict[int, float] = {}
    with Stack(folder / "streams", camera="loop", server_options=options) as stack:
        alone = await share_of_core(stack.server.pid, MEASURE_S, asyncio.sleep)
        for count in STREAMS:
            async with pushed_streams(stack, count):
                ours[count] = await _busy(stack.server.pid) - alone
                memory = resident_mb(stack.server.pid)
    peers = await _recording_peers(folder)
    each = ours[10] / 10
    return [
        Row("recorder CPU per stream, 720p30 at 2 Mbit/s, with sound", each, "% core", 3,
            peers=peers),
        Row("that of stock MediaRecorder, in times ours", peers["stock aiortc"] / each, "times",
            20, at_least=True),
        Row("recorder CPU, 1 stream", ours[1], "% core"),
        Row("recorder CPU, 10 streams", ours[10], "% core"),
        Row("recorder CPU, 25 streams in one process", ours[25], "% core", 100),
        Row("cost of the 25th stream against the 1st", ours[25] / 25 / ours[1], "times",
            GROWTH_LIMIT),
        Row("memory of the server with 25 streams", memory, "MB"),
    ]  # fmt: skip


async def _watched(pid: int, watch: Watch, counts: tuple[int, ...]) -> dict[int, float]:
    """Percent of a core that so many viewers cost together."""
    alone = await share_of_core(pid, MEASURE_S, asyncio.sleep)
    costs: dict[int, float] = {}
    async with AsyncExitStack() as watching:
        there: list[Viewer] = []
        for count in counts:
            while len(there) < count:
                there.append(await watching.enter_async_context(watch()))
            costs[count] = await _busy(pid, there) - alone
    return costs


async def _busy(pid: int, there: list[Viewer] | None = None) -> float:
    """Percent of a core while so many take part; RuntimeError when one gets too little."""
    await asyncio.sleep(SETTLE_S)
    for one in there or ():
        one.received_bps()
    busy = await share_of_core(pid, MEASURE_S, asyncio.sleep)
    slowest = min((one.received_bps() for one in there or ()), default=FULL_RATE_BPS)
    if slowest < FULL_RATE_BPS:
        raise RuntimeError(f"A viewer got only {slowest / 1e6:.1f} Mbit/s; nothing was measured.")
    return busy


async def _watched_peers(folder: Path) -> dict[str, float]:
    """Percent of a core for each viewer."""
    found: dict[str, float] = {}
    with servers.stock(folder) as stock:
        found[stock.name] = await _stock_viewer(stock)
    with servers.go2rtc(folder) as go2rtc:
        if go2rtc is not None:
            found[go2rtc.name] = await _peer_viewers(go2rtc)
    with servers.mediamtx(folder) as mediamtx:
        if mediamtx is not None:
            async with whep.pushed_to(folder, mediamtx, ("door",)):
                found[mediamtx.name] = await _peer_viewers(mediamtx)
    return found


async def _stock_viewer(stock: PeerServer) -> float:
    """Its encoder follows the estimate of the network, so what a viewer gets is not judged."""
    alone = await share_of_core(stock.pid, MEASURE_S, asyncio.sleep)
    async with whep.viewer(stock.watch):
        await asyncio.sleep(SETTLE_S)
        return await share_of_core(stock.pid, MEASURE_S, asyncio.sleep) - alone


async def _peer_viewers(server: PeerServer) -> float:
    costs = await _watched(server.pid, lambda: whep.viewer(server.watch), (4,))
    return costs[4] / 4


async def _recording_peers(folder: Path) -> dict[str, float]:
    """Percent of a core for each recorded stream."""
    found: dict[str, float] = {}
    with servers.stock(folder) as stock:
        found[stock.name] = await _recorded(folder, stock, ("",) * STOCK_STREAMS)
    with servers.mediamtx(folder) as mediamtx:
        if mediamtx is not None:
            names = tuple(f"door{number}" for number in range(STREAMS[1]))
            found[mediamtx.name] = await _recorded(folder, mediamtx, names)
    return found


async def _recorded(folder: Path, server: PeerServer, names: tuple[str, ...]) -> float:
    alone = await share_of_core(server.pid, MEASURE_S, asyncio.sleep)
    async with whep.pushed_to(folder, server, names):
        return (await _busy(server.pid) - alone) / len(names)
