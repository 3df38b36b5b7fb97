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
# A call that never connects keeps its place for a quarter of a minute, so not all can be such.
NEVER_CONNECTS_EVERY = 40


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
    pc = open_peer()
    Viewer(pc)
    try:
        path = await phone.call(pc)
        if number % NEVER_CONNECTS_EVERY == 0:
            return
        async with asyncio.timeout(CONNECT_LIMIT_S):
            await connected(pc)
        if number % 2:
            await phone.request("DELETE", path)
    finally:
        await close_peer(pc)
