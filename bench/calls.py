"""Tap to first decoded frame, and capture to rendered, in a real browser."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

from playwright.async_api import Page

from bench.row import Row, percentile
from scripts.browser import chromium, paired_page
from scripts.page_probes import PICTURE_AGES
from scripts.stack import Stack

CALLS = 20
PICTURES = 60
# Nobody taps before having looked.
GLANCE_S = 0.7
# The marks that the app sets: a finger has tapped, a picture has been presented.
TAP_TO_FRAME = """
() => {
  const at = (name) => performance.getEntriesByName(name).at(-1).startTime;
  return at('doorstep:first-frame') - at('doorstep:tap');
}
"""


async def rows(folder: Path) -> list[Row]:
    """Tap with a pre-encoded camera, so that the encoder is not measured; age with the porch."""
    with Stack(folder / "taps", camera="loop") as stack:
        async with chromium() as browser, paired_page(browser, stack.pairing_link()) as page:
            times = [await _watch(page) for _ in range(CALLS)]
    with Stack(folder / "ages") as stack:
        async with chromium() as browser, paired_page(browser, stack.pairing_link()) as page:
            ages = await _ages(page)
    return [
        Row("tap to first decoded frame, Chromium, median", statistics.median(times), "ms", 150),
        Row("tap to first decoded frame, Chromium, p95", percentile(times, 0.95), "ms", 250),
        Row("capture to rendered, same page, median", statistics.median(ages), "ms", 120),
    ]


async def _watch(page: Page) -> float:
    await page.evaluate("() => performance.clearMarks()")
    await asyncio.sleep(GLANCE_S)
    await page.get_by_test_id("watch").first.click()
    await _first_frame(page)
    taken: float = await page.evaluate(TAP_TO_FRAME)
    await page.get_by_test_id("hang-up").click()
    await page.get_by_test_id("doorbell").first.wait_for()
    return taken


async def _ages(page: Page) -> list[float]:
    await page.get_by_test_id("watch").first.click()
    await _first_frame(page)
    video = await page.get_by_test_id("live-video").element_handle()
    ages: list[float] = await page.evaluate(PICTURE_AGES, [video, PICTURES])
    return ages


async def _first_frame(page: Page) -> None:
    await page.wait_for_function(
        "() => performance.getEntriesByName('doorstep:first-frame').length > 0"
    )
