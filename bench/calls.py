"""Tap to first decoded frame, and capture to rendered, in a real browser, beside other servers."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page

from bench.peers import servers, whep
from bench.peers.servers import PeerServer
from bench.row import Row, percentile
from scripts.browser import chromium, paired_page
from scripts.page_probes import PICTURE_AGES
from scripts.stack import Stack

CALLS = 20
PICTURES = 60
# A camera program and its first keyframe are there by then.
WARM_UP_S = 8.0
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
    async with chromium() as browser:
        with Stack(folder / "taps", camera="loop") as stack:
            async with paired_page(browser, stack.pairing_link()) as page:
                times = [await _watch(page) for _ in range(CALLS)]
        with Stack(folder / "ages") as stack:
            async with paired_page(browser, stack.pairing_link()) as page:
                age = statistics.median(await _ages(page))
        taps = await _of_peers(folder, "loop", lambda peer: _peer_tap(browser, peer))
        ages = await _of_peers(folder, "porch", lambda peer: _peer_age(browser, peer))
    return [
        Row("tap to first decoded frame, Chromium, median", statistics.median(times), "ms", 120,
            peers=taps),
        Row("tap to first decoded frame, Chromium, p95", percentile(times, 0.95), "ms", 250),
        Row("capture to rendered, same page, median", age, "ms", 120, peers=ages),
    ]  # fmt: skip


async def _of_peers(
    folder: Path, camera: str, measure: Callable[[PeerServer], Awaitable[float]]
) -> dict[str, float]:
    found: dict[str, float] = {}
    with servers.stock(folder) as stock:
        found[stock.name] = await measure(stock)
    with servers.go2rtc(folder, camera) as go2rtc:
        if go2rtc is not None:
            found[go2rtc.name] = await measure(go2rtc)
    with servers.mediamtx(folder) as mediamtx:
        if mediamtx is not None:
            async with whep.pushed_to(folder, mediamtx, ("door",), camera):
                found[mediamtx.name] = await measure(mediamtx)
    return found


async def _peer_tap(browser: Browser, server: PeerServer) -> float:
    await asyncio.sleep(WARM_UP_S)
    return statistics.median(await whep.taps(browser, server.page, server.watch, CALLS))


async def _peer_age(browser: Browser, server: PeerServer) -> float:
    await asyncio.sleep(WARM_UP_S)
    return await whep.age(browser, server.page, server.watch, PICTURES)


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
