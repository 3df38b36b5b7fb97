"""A real Chromium that opens the app as a phone would."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
)

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
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 20_000


@contextlib.asynccontextmanager
async def chromium(*more: str) -> AsyncIterator[Browser]:
    """A headless Chromium with a microphone that beeps; `more` are arguments of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *more]
        )
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def paired_page(
    browser: Browser, link: str, name: str = "Anna", viewport: ViewportSize = PHONE,
    prepare: Callable[[BrowserContext], Awaitable[None]] | None = None,
) -> AsyncIterator[Page]:  # fmt: skip
    """The app, paired by `link` as `name` and at its first screen.

    `prepare` may add scripts and bindings before anything is opened. RuntimeError at the end when
    the page tried what its own policy forbids.
    """
    context = await browser.new_context(
        viewport=viewport, permissions=["microphone", "notifications"], locale="en-GB"
    )
    if prepare is not None:
        await prepare(context)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    refused = _refusals(page)
    await page.goto(link)
    try:
        await pair(page, name)
        yield page
    finally:
        await context.close()
    if refused:
        raise RuntimeError(f"The page's own policy refused: {refused[0]}")


def _refusals(page: Page) -> list[str]:
    """What the policy refuses from now on, as the console says it."""
    found: list[str] = []

    def listen(line: ConsoleMessage) -> None:
        if line.type == "error" and "Content Security Policy" in line.text:
            found.append(line.text)

    page.on("console", listen)
    return found


async def pair(page: Page, name: str) -> None:
    """Walk through the pairing screens to the list of doorbells."""
    await page.get_by_test_id("phone-name").fill(name)
    await page.get_by_test_id("pair").click()
    await page.get_by_test_id("pair-done").wait_for()
    await page.get_by_test_id("allow-microphone").click()
    await page.get_by_test_id("pair-finish").click()
    await page.get_by_test_id("doorbell").wait_for()
