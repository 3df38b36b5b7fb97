"""A press, until an open page shows the ring, hears of it, and a push service has it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from playwright.async_api import Page

from bench.push_service import PushService
from bench.row import Row, percentile
from hardware.twin.control import send
from scripts.browser import chromium, paired_page
from scripts.stack import Stack

PRESSES = 100
# The ring times out after a second, and the visit closes a second later.
VISIT_OVER_S = 3.0
# Visits that end at once, so that every press is the first of its own.
SHORT_VISITS = ("--visits-ring-timeout-s", "1", "--visits-post-roll-s", "1")
SHOWN, HEARD = "doorstep:ring-shown", "doorstep:ring-heard"
MARKED_AT = """
(name) => performance.timeOrigin + performance.getEntriesByName(name)[0].startTime
"""


async def rows(folder: Path) -> list[Row]:
    """Press, wait for the ring screen, let the visit end, and again."""
    async with PushService(folder) as push:
        with Stack(
            folder / "rings", camera="loop", doorbell_options=SHORT_VISITS,
            environment=push.environment,
        ) as stack:  # fmt: skip
            async with (
                chromium() as browser,
                paired_page(browser, stack.pairing_link()) as page,
                push.subscribed(stack),
            ):
                presses = [await _press(page, stack, push) for _ in range(PRESSES)]
    heard, shown, pushed = (list(times) for times in zip(*presses, strict=True))
    return [
        Row("press to event in an open page, median", percentile(heard, 0.5), "ms"),
        Row("press to event in an open page, p99", percentile(heard, 0.99), "ms", 50),
        Row("press to ring screen in an open page, median", percentile(shown, 0.5), "ms"),
        Row("press to ring screen in an open page, p99", percentile(shown, 0.99), "ms", 100),
        Row("press to push handed to the push service, median", percentile(pushed, 0.5), "ms"),
        Row("press to push handed to the push service, p99", percentile(pushed, 0.99), "ms", 50),
    ]


async def _press(page: Page, stack: Stack, push: PushService) -> tuple[float, float, float]:
    """Milliseconds until the page has heard, has shown, and the push service has it."""
    await page.evaluate("() => performance.clearMarks()")
    push.forget()
    pressed_ms = time.time() * 1000
    await asyncio.to_thread(send, stack.control_socket, "press")
    await page.wait_for_function(f"() => performance.getEntriesByName('{SHOWN}').length")
    shown_ms: float = await page.evaluate(MARKED_AT, SHOWN)
    heard_ms: float = await page.evaluate(MARKED_AT, HEARD)
    pushed_ms = await push.posted_ms()
    await page.get_by_test_id("ignore").click()
    await asyncio.sleep(VISIT_OVER_S)
    return heard_ms - pressed_ms, shown_ms - pressed_ms, pushed_ms - pressed_ms
