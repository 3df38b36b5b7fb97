"""Recordings from encoders that we did not write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import aiohttp
import av
import pytest
from playwright.async_api import Page

from cloud.recorder.ports import OWN_VISIT, Limits
from protocol.door import Clip
from scripts.browser import chromium
from tests.support.clip_reading import ReadClip, read_clip
from tests.support.foreign_encoders import (
    BrowserEncoder,
    stock_aiortc,
)
from tests.support.recorder_rig import GOOD, Shelf, endpoint, new_recorder, serving

LIMIT_S = 30.0
VISIT = "visit-0001"
# Long enough for two groups and for the first report of the clocks.
SHOW_S = 3.0


@pytest.fixture
async def client(spool: Path, shelf: Shelf) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(new_recorder(spool, shelf, Limits(idle_s=4))) as client:
        yield client


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        yield await browser.new_page()


def address(client: aiohttp.ClientSession, path: str) -> str:
    return f"{client._base_url}".rstrip("/") + path


async def begun(shelf: Shelf) -> str:
    """The visit whose first picture has arrived."""
    async with asyncio.timeout(LIMIT_S):
        return (await shelf.started.get())[1]


async def ended(client: aiohttp.ClientSession, location: str) -> None:
    async with client.delete(location, headers=GOOD) as reply:
        assert reply.status == 200


def sound_is_heard(file: Path, channels: int) -> bool:
    """Whether there is sound, in all of so many channels."""
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        loudest = [0.0] * channels
        for frame in container.decode(stream):
            assert frame.layout.nb_channels == channels
            planes = frame.to_ndarray()
            loudest = [
                max(peak, abs(plane).max()) for peak, plane in zip(loudest, planes, strict=True)
            ]
    return min(loudest) > 0.01


def steady(read: ReadClip, clip: Clip, at_least_s: float) -> None:
    """Every picture can be decoded, none is missing, and sound lies beside it."""
    assert read.decoded == len(read.pictures)
    assert read.seconds >= at_least_s
    assert clip.duration_ms == pytest.approx(read.seconds * 1000, abs=600)
    assert max(after - before for before, after in pairwise(read.pictures)) < 0.5
    assert clip.gaps == 0


@pytest.mark.parametrize("trickle", [False, True], ids=["whole", "trickled"])
async def test_a_browser(
    client: aiohttp.ClientSession, shelf: Shelf, page: Page, trickle: bool
) -> None:
    url = address(client, endpoint(None))
    encoder = await BrowserEncoder.open(page, url, trickle=trickle)
    visit = await begun(shelf)
    await asyncio.sleep(SHOW_S)
    assert await encoder.encoded() > 40
    assert set(await encoder.patched()) == ({204} if trickle else set())
    await ended(client, encoder.location)
    clip = await shelf.next_clip()
    assert visit.startswith(OWN_VISIT)
    read = read_clip(shelf.clip_of(visit))
    steady(read, clip, SHOW_S - 1)
    assert abs(read.sounds[0]) < 0.5
    assert abs(read.sounds[-1] - read.pictures[-1]) < 0.5
    assert sound_is_heard(shelf.clip_of(visit), 1)


async def test_a_browser_without_sound_that_changes_its_size(
    client: aiohttp.ClientSession, shelf: Shelf, page: Page
) -> None:
    encoder = await BrowserEncoder.open(page, address(client, endpoint(VISIT)), sound=False)
    await begun(shelf)
    await asyncio.sleep(SHOW_S)
    await encoder.resize(320, 240)
    await asyncio.sleep(SHOW_S)
    await ended(client, encoder.location)
    clip = await shelf.next_clip()
    read = read_clip(shelf.clip_of(VISIT))
    steady(read, clip, 2 * SHOW_S - 1.5)
    assert read.sounds == ()
    with av.open(str(shelf.clip_of(VISIT))) as container:
        sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert {(640, 360), (320, 240)} <= sizes


async def test_aiortc_as_it_comes(client: aiohttp.ClientSession, shelf: Shelf) -> None:
    async with stock_aiortc(client, endpoint(VISIT)) as location:
        await begun(shelf)
        await asyncio.sleep(SHOW_S)
        await ended(client, location)
        clip = await shelf.next_clip()
    read = read_clip(shelf.clip_of(VISIT))
    steady(read, clip, SHOW_S - 1)
    assert abs(read.sounds[0] - read.pictures[0]) < 0.5
