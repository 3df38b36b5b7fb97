"""The picture on a network that becomes narrow, goes away, and comes back, in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser

from bench.network import NARROW, WIDE, Watch, watching
from scripts.browser import paired_page
from scripts.stack import Stack
from tests.support.link_emulator import EmulatedNetwork, through

SETTLED_S = 4.0
NARROW_S = 8.0
RECOVERY_S = 12.0
BLACKOUT_S = 2.0
FREEZE_LIMIT_MS = 1000.0
BACK_LIMIT_S = 10.0


@asynccontextmanager
async def call(stack: Stack, browser: Browser) -> AsyncIterator[tuple[EmulatedNetwork, Watch]]:
    async with (
        EmulatedNetwork(seed=1, up=WIDE, down=WIDE) as network,
        paired_page(browser, stack.pairing_link(), prepare=through(network)) as page,
        watching(page) as watch,
    ):
        await asyncio.sleep(SETTLED_S)
        yield network, watch


async def test_a_narrow_network_neither_freezes_the_picture_nor_keeps_it_small(
    stack: Stack, browser: Browser
) -> None:
    async with call(stack, browser) as (network, watch):
        network.change(up=NARROW, down=NARROW)
        narrow = await watch.span(NARROW_S)
        network.change(up=WIDE, down=WIDE)
        wide = await watch.span(RECOVERY_S)
    assert narrow.longest_freeze_ms < FREEZE_LIMIT_MS
    assert narrow.high_share < 0.5
    assert wide.longest_freeze_ms < FREEZE_LIMIT_MS
    back_s = wide.first_high_s()
    assert back_s is not None
    assert back_s < BACK_LIMIT_S


async def test_a_blackout_of_two_seconds_ends_with_a_keyframe(
    stack: Stack, browser: Browser
) -> None:
    async with call(stack, browser) as (network, watch):
        network.blackout(BLACKOUT_S)
        dark = await watch.span(2 * BLACKOUT_S)
        light = await watch.span(BLACKOUT_S)
    # The call is the same: no other relay was needed.
    assert len(network.links) == 1
    assert dark.longest_freeze_ms < 1000 * BLACKOUT_S + FREEZE_LIMIT_MS
    assert light.longest_freeze_ms < FREEZE_LIMIT_MS
