"""Whether the doorbell forgets its calls: memory before and after five hundred of them."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from bench.row import Row
from bench.streams import CONNECT_LIMIT_S, Viewer
from bench.usage import resident_mb
from media.peer import close_peer, connected, open_peer
from scripts.phone import Phone
from scripts.stack import Stack

CALLS = 500
# Caches, code and the allocator's pools fill with the first calls.
WARM_UP = 100
# A phone that vanishes is noticed by its silence; the doorbell takes eight calls at once.
GONE_S = 8.0
SIDE_BY_SIDE = 4
# Whoever vanishes keeps its place for five seconds, whoever never connects for fifteen.
VANISHES_EVERY = 8
NEVER_CONNECTS_EVERY = 40
# All places are taken for a moment.
TRY_AGAIN_S = 1.0


async def rows(folder: Path) -> list[Row]:
    """Calls that are hung up, dropped without a word, and given up before they connect."""
    with Stack(folder / "endurance", camera="loop") as stack:
        async with await Phone.paired(stack.pairing_link(), "Bench") as phone:
            await _calls(phone, WARM_UP)
            before = resident_mb(stack.doorbell.pid)
            await _calls(phone, CALLS)
            growth = resident_mb(stack.doorbell.pid) - before
    return [Row(f"memory growth over {CALLS} calls opened, dropped and closed", growth, "MB", 1)]


async def _calls(phone: Phone, count: int) -> None:
    numbers = itertools.count()

    async def caller() -> None:
        while (number := next(numbers)) < count:
            await _call(phone, number)

    async with asyncio.TaskGroup() as group:
        for _ in range(SIDE_BY_SIDE):
            group.create_task(caller())
    await asyncio.sleep(GONE_S)


async def _call(phone: Phone, number: int) -> None:
    while not await _tried(phone, number):  # noqa: ASYNC110 - a free place has no event
        await asyncio.sleep(TRY_AGAIN_S)


async def _tried(phone: Phone, number: int) -> bool:
    """One call from its offer to its end; False when the doorbell had no place for it."""
    pc = open_peer()
    Viewer(pc)
    try:
        try:
            path = await phone.call(pc)
        except RuntimeError:
            return False
        if number % NEVER_CONNECTS_EVERY == 0:
            return True
        async with asyncio.timeout(CONNECT_LIMIT_S):
            await connected(pc)
        if number % VANISHES_EVERY:
            await phone.request("DELETE", path)
        return True
    finally:
        await close_peer(pc)
