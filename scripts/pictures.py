"""The pictures of the app: a whole stack, two phones and a computer, and one afternoon's visits.

`python -m scripts.pictures` writes docs/pictures/; `--to FOLDER`, `--dark` and `--language de`
show the same story otherwise, for looking at.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, expect

from hardware.twin.control import send
from scripts.browser import DESK, PATIENCE_MS, PHONE, chromium, pair
from scripts.stack import ROOT, Stack

PICTURES = ROOT / "docs" / "pictures"
# Late afternoon: people come home, and the times in the list read like a day's.
STORY_HOUR = 17
# So that the visits of the list did not all happen within a minute: how much earlier each is shown.
SHOWN_EARLIER_MS = (0, 9_840_000, 27_120_000, 91_260_000)
# Not Playwright's routes: they do not see what the page's worker has a hand in.
SPREAD_VISITS = """
    const fetched = window.fetch.bind(window);
    window.fetch = async (...asked) => {
        const answer = await fetched(...asked);
        const path = new URL(answer.url || location.href).pathname;
        if (path !== "/api/v1/visits" || !answer.ok) return answer;
        const page = await answer.json();
        const earlier = (value, ms) => typeof value !== "object" || value === null ? value
            : Array.isArray(value) ? value.map((part) => earlier(part, ms))
            : Object.fromEntries(Object.entries(value).map(([name, part]) => [name,
                /^(at|opened|closed|rang|starts)_ms$/.test(name) && part ? part - ms
                    : earlier(part, ms)]));
        page.items = page.items.map((visit, index) => earlier(visit, EARLIER[index] ?? 0));
        return new Response(JSON.stringify(page), answer);
    };
"""
# Coming into the picture takes the drawn visitor this long.
WALK_S = 4.5
# The encoder needs a few pictures to become sharp, and screens need to settle.
SETTLE_S = 1.5
# A page with pictures has to load; a drawn porch does not need all its colours.
LARGE_BYTES = 400_000
PALETTE = "split[all][few];[few]palettegen[palette];[all][palette]paletteuse=dither=sierra2_4a"
DOORBELL = (
    "--name", "Front door", "--camera-time-code", "false", "--visits-post-roll-s", "2",
    "--visits-motion-cooldown-s", "0", "--camera-bitrate-bps", "4000000",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How the pictures are taken."""

    folder: Path
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"
    zone: str = field(default_factory=lambda: zone_at(STORY_HOUR))


def zone_at(hour: int) -> str:
    """The name of a time zone in which it is that hour now."""
    ahead = (hour - time.gmtime().tm_hour + 12) % 24 - 12
    # The names count westwards.
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def twin(stack: Stack, command: str) -> None:
    await asyncio.to_thread(send, stack.control_socket, command)


async def shoot(page: Page, look: Look, name: str) -> None:
    """Write what the page shows, once it stands still."""
    await page.mouse.move(0, 0)
    await asyncio.sleep(SETTLE_S)
    path = look.folder / f"{name}.png"
    await page.screenshot(path=path)
    if path.stat().st_size > LARGE_BYTES:
        await asyncio.to_thread(slim, path)


def slim(path: Path) -> None:
    """Make do with 256 colours."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, path.name)
        subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-vf", PALETTE, small], check=True)
        shutil.move(small, path)


@contextlib.asynccontextmanager
async def phone(
    browser: Browser, stack: Stack, look: Look, name: str, size: ViewportSize = PHONE
) -> AsyncIterator[Page]:
    """A page at its pairing screen; `pair(page, name)` goes on."""
    context = await browser.new_context(
        viewport=size, permissions=["microphone", "notifications"], timezone_id=look.zone,
        locale={"en": "en-GB", "de": "de-DE"}[look.language], color_scheme=look.scheme,
    )  # fmt: skip
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.add_init_script(SPREAD_VISITS.replace("EARLIER", json.dumps(SHOWN_EARLIER_MS)))
    await page.goto(await asyncio.to_thread(stack.pairing_link))
    await page.get_by_test_id("phone-name").fill(name)
    try:
        yield page
    finally:
        await context.close()


async def past_visits(stack: Stack, watcher: Page) -> None:
    """Three who came before: two rang, one of them in vain, and one passed by."""
    for number, rings in enumerate((True, False, True), 1):
        await come(stack, rings)
        if number == 1:
            await watcher.get_by_test_id("answer").click()
            await live(watcher)
            await watcher.get_by_test_id("hang-up").click()
        await twin(stack, "leave")
        await closed(watcher, number)


async def come(stack: Stack, rings: bool) -> None:
    """Someone walks up to the door, and perhaps rings."""
    await twin(stack, "walk_past")
    await asyncio.sleep(WALK_S)
    if rings:
        await twin(stack, "press")


async def closed(page: Page, clips: int) -> None:
    await page.goto(page.url.split("#")[0] + "#/")
    await expect(page.locator(".visit-length")).to_have_count(clips, timeout=90_000)


async def live(page: Page) -> None:
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=live-video]')?.videoWidth > 0"
    )
    await expect(page.get_by_test_id("call-state")).to_have_attribute("data-phase", "live")


async def take(look: Look, folder: Path) -> None:
    """The whole story, from pairing to the list in the evening."""
    stack = Stack(folder, doorbell_options=DOORBELL, environment={"TZ": look.zone})
    with stack:
        async with chromium() as browser, phone(browser, stack, look, "Anna") as anna:
            await shoot(anna, look, "pair-phone")
            await pair(anna, "Anna")
            async with phone(browser, stack, look, "Ben", DESK) as ben:
                await pair(ben, "Ben")
                await past_visits(stack, ben)
                await someone_comes(stack, look, anna, ben)
                await afterwards(stack, look, anna, ben)


async def someone_comes(stack: Stack, look: Look, anna: Page, ben: Page) -> None:
    await come(stack, rings=True)
    await anna.get_by_test_id("ring-screen").wait_for()
    await shoot(anna, look, "ring-phone")
    await anna.get_by_test_id("answer").click()
    await live(anna)
    await anna.get_by_test_id("light").click()
    await expect(anna.get_by_test_id("light")).to_have_attribute("aria-pressed", "true")
    await shoot(anna, look, "call-phone")
    await ben.get_by_test_id("answer").click()
    await live(ben)
    await anna.get_by_test_id("talk").press("Enter")
    await shoot(ben, look, "call-desk")
    await anna.get_by_test_id("hang-up").click()
    await ben.get_by_test_id("hang-up").click()
    await twin(stack, "leave")
    await closed(ben, 4)


async def afterwards(stack: Stack, look: Look, anna: Page, ben: Page) -> None:
    await closed(anna, 4)
    await anna.reload()
    await ben.reload()
    await closed(ben, 4)
    await shoot(ben, look, "home-desk")
    await closed(anna, 4)
    await shoot(anna, look, "home-phone")
    await anna.get_by_test_id("visit").first.click()
    await anna.get_by_test_id("clip-video").wait_for()
    await shoot(anna, look, "visit-phone")
    await anna.goto(f"{stack.address}/#/settings")
    await shoot(anna, look, "settings-phone")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--to", type=Path, default=PICTURES)
    words.add_argument("--dark", action="store_true")
    words.add_argument("--language", choices=("en", "de"), default="en")
    asked = words.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    look = Look(asked.to, "dark" if asked.dark else "light", asked.language)
    with tempfile.TemporaryDirectory(prefix="doorstep-pictures-") as folder:
        asyncio.run(take(look, Path(folder)))


if __name__ == "__main__":
    main()
