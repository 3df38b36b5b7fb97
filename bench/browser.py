"""A real Chromium that opens the app as a phone would."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator

from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 20_000


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium with a microphone that beeps."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def paired_page(browser: Browser, link: str) -> AsyncIterator[Page]:
    """The app, paired by `link` and at its first screen."""
    context = await browser.new_context(
        viewport=PHONE, permissions=["microphone", "notifications"], locale="en-GB"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(link)
    await pair(page)
    try:
        yield page
    finally:
        await context.close()


async def pair(page: Page) -> None:
    """Walk through the pairing screen to the list of doorbells."""
    await page.get_by_test_id("pair").click()
    await page.get_by_test_id("pair-done").click()
    await page.get_by_test_id("doorbell").wait_for()
