"""Press to the ring screen in an open page."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from playwright.async_api import Page

from bench.row import Row, percentile
from hardware.twin.control import send
from scripts.browser import chromium, paired_page
from scripts.stack import Stack

PRESSES = 100
# The ring times out after a second, and the visit closes a second later.
VISIT_OVER_S = 3.0
# Visits that end at once, so that every press is the first of its own.
SHORT_VISITS = ("--visits-ring-timeout-s", "1", "--visits-post-roll-s", "1")
RING_SHOWN = """
() => performance.timeOrigin + performance.getEntriesByName('doorstep:ring-shown').at(-1).startTime
"""


async def rows(folder: Path) -> list[Row]:
    """Press, wait for the ring screen, let the visit end, and again."""
    with Stack(folder / "rings", camera="loop", doorbell_options=SHORT_VISITS) as stack:
        async with chromium() as browser, paired_page(browser, stack.pairing_link()) as page:
            times = [await _press(page, stack) for _ in range(PRESSES)]

    return [
        Row("press to ring screen in an open page, median", percentile(times, 0.5), "ms", 100),
        Row("press to ring screen in an open page, p99", percentile(times, 0.99), "ms", 100),
    ]


async def _press(page: Page, stack: Stack) -> float:
    await page.evaluate("() => performance.clearMarks()")
    pressed_ms = time.time() * 1000
    await asyncio.to_thread(send, stack.control_socket, "press")
    await page.wait_for_function("() => performance.getEntriesByName('doorstep:ring-shown').length")
    shown_ms: float = await page.evaluate(RING_SHOWN)
    await page.get_by_test_id("ignore").click()
    await asyncio.sleep(VISIT_OVER_S)
    return shown_ms - pressed_ms
