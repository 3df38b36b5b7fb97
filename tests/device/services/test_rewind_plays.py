"""A file of the last seconds in real browsers: it plays from memory, and can be searched in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from device.services.door_media import DoorMedia
from device.services.rewind import Rewind
from scripts.browser import chromium
from tests.support.door import media_board, running
from tests.support.files_phone import see
from tests.support.firefox import Firefox

PAGE = "<!doctype html><title>Looking back</title><video muted playsinline></video>"
# As the app: the bytes are in the page, the player gets an address of them.
PLAY = """
(async () => {
  const video = document.querySelector('video');
  const happens = (what) => new Promise((resolve, reject) => {
    video.addEventListener(what, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)));
  });
  const bytes = await (await fetch('/rewind.mp4')).arrayBuffer();
  const ready = happens('loadeddata');
  video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
  await ready;
  const found = [video.duration, video.videoWidth, video.videoHeight];
  const sought = happens('seeked');
  video.currentTime = 6.5;
  await sought;
  await video.play();
  await happens('timeupdate');
  return JSON.stringify([...found, video.currentTime]);
})()
"""


async def the_last_seconds() -> bytes:
    media = DoorMedia(media_board())
    see(media, 11)
    rewind = Rewind(media)
    async with running(rewind.run):
        return (await rewind.make()).data


@asynccontextmanager
async def a_page(clip: bytes) -> AsyncIterator[str]:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def file(request: web.Request) -> web.Response:
        return web.Response(body=clip, content_type="video/mp4")

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/rewind.mp4", file)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def check(found: Any) -> None:
    duration_s, width, height, at_s = found
    assert 10 <= duration_s < 11.2
    assert (width, height) == (320, 180)
    assert 6.4 <= at_s < 9


@pytest.mark.services
async def test_plays_in_chromium() -> None:
    async with a_page(await the_last_seconds()) as address, chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        check(await page.evaluate(f"{PLAY.strip()}.then(JSON.parse)"))


@pytest.mark.services
@pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="Firefox is not installed")
async def test_plays_in_firefox() -> None:
    async with (
        asyncio.timeout(120),
        a_page(await the_last_seconds()) as address,
        Firefox({"media.autoplay.default": 0}) as browser,
    ):
        await browser.open(address)
        check(await browser.run(f"{PLAY.strip()}.then(JSON.parse)"))
