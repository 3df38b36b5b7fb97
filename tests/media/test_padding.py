"""Padding is even, follows its rate at once and makes up for nothing."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from media.padding import Padding
from tests.support.virtual_time import run_virtual

PACKET_BYTES = 1_000


async def padded(padding: Padding, seconds: float, ready: bool = True) -> list[float]:
    """When packets left, over so long."""
    loop = asyncio.get_running_loop()
    times: list[float] = []

    def send() -> int:
        if ready:
            times.append(loop.time())
        return PACKET_BYTES if ready else 0

    async with asyncio.TaskGroup() as group:
        running = group.create_task(padding.run(send))
        await asyncio.sleep(seconds)
        running.cancel()
    return times


@pytest.mark.parametrize("bps", [100_000, 500_000, 2_000_000])
def test_the_rate_is_kept_and_even(bps: int) -> None:
    async def main() -> None:
        padding = Padding()
        padding.bps = bps
        times = await padded(padding, 5)
        assert len(times) * PACKET_BYTES * 8 / 5 == pytest.approx(bps, rel=0.05)
        pauses = [later - earlier for earlier, later in pairwise(times)]
        assert max(pauses) < 2.2 * PACKET_BYTES * 8 / bps + 0.01

    run_virtual(main)


def test_without_a_rate_nothing_is_sent() -> None:
    async def main() -> None:
        assert await padded(Padding(), 5) == []

    run_virtual(main)


def test_it_starts_and_stops_at_once() -> None:
    async def main() -> None:
        padding = Padding()
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            times = group.create_task(padded(padding, 3))
            await asyncio.sleep(1)
            padding.bps, began_s = 1_000_000, loop.time()
            await asyncio.sleep(1)
            padding.bps, stopped_s = 0, loop.time()
        assert began_s <= times.result()[0] < began_s + 0.02
        assert times.result()[-1] <= stopped_s
        assert len(times.result()) == pytest.approx(125, abs=3)

    run_virtual(main)


def test_a_moment_that_does_not_suit_is_not_made_up_for() -> None:
    async def main() -> None:
        padding = Padding()
        padding.bps = 1_000_000
        assert await padded(padding, 2, ready=False) == []
        times = await padded(padding, 1)
        assert len(times) == pytest.approx(125, abs=4)

    run_virtual(main)


def test_a_negative_rate_is_none() -> None:
    padding = Padding()
    padding.bps = -5
    assert padding.bps == 0
