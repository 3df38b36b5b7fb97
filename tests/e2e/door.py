"""Sentences about the door and the page, in the words of the tests that use them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from playwright.async_api import Page

from hardware.twin.control import send
from media.timecode import read
from scripts.page_probes import LOUDNESS, READ_TIMECODE
from scripts.stack import Stack

PATIENCE_S = 30.0


async def twin(stack: Stack, command: str, **arguments: Any) -> dict[str, Any]:
    """Drive the twin, or ask it."""
    return await asyncio.to_thread(send, stack.control_socket, command, **arguments)


async def until(what: str, holds: Callable[[], Any], limit_s: float = PATIENCE_S) -> None:
    """Wait until an awaitable answer is true; TimeoutError says what was not."""
    deadline = time.monotonic() + limit_s
    while not await holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {limit_s:.0f} s.")
        await asyncio.sleep(0.1)


async def was(stack: Stack, part: str) -> bool:
    """Whether a part of the twin has been active at any time."""
    reply = await twin(stack, "history", part=part)
    return any(happening["active"] for happening in reply["history"])


async def answer_in(page: Page) -> None:
    """Answer the ring and wait for the live picture."""
    await page.get_by_test_id("answer").click()
    await live(page)


async def live(page: Page) -> None:
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=live-video]')?.videoWidth > 0"
    )
    # A busy machine is a weak network; live it is all the same.
    await page.locator("[data-testid=call-state][data-phase=live]").wait_for()


async def capture_time(page: Page) -> int | None:
    """The capture time in the picture that the page shows now."""
    video = await page.get_by_test_id("live-video").element_handle()
    found: int | None = await page.evaluate(READ_TIMECODE, video)
    return found


async def picture_moves(page: Page) -> bool:
    """Whether two looks at the live picture show two capture times, the later one later."""
    seen: list[int] = []

    async def look() -> bool:
        found = await capture_time(page)
        if found is not None and found not in seen:
            seen.append(found)
        return len(seen) >= 3

    await until("A moving picture", look)
    return seen == sorted(seen)


async def loudness(page: Page, limit_ms: int = 6000) -> float:
    """How loud the door is in the page."""
    video = await page.get_by_test_id("live-video").element_handle()
    heard: float = await page.evaluate(LOUDNESS, [video, limit_ms])
    return heard


async def clip_bytes(page: Page) -> bytes:
    """The clip that the open visit plays, fetched as the player does."""
    await page.wait_for_function("() => document.querySelector('[data-testid=clip-video]')?.src")
    address = await page.get_by_test_id("clip-video").evaluate("(video) => video.src")
    response = await page.request.get(address)
    assert response.status == 200, await response.text()
    return await response.body()


def capture_times(clip: bytes) -> list[tuple[float, int]]:
    """(presentation time in s, capture time in Unix ms) of each picture that can be read."""
    found = []
    with av.open(BytesIO(clip), "r") as container:
        for frame in container.decode(video=0):
            luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            captured = read(luma)
            if captured is not None:
                found.append((float((frame.pts or 0) * (frame.time_base or Fraction(0))), captured))
    return found


def has_sound(clip: bytes) -> bool:
    """Whether a clip has sound that is not silence."""
    loudest = 0.0
    with av.open(BytesIO(clip), "r") as container:
        for frame in container.decode(audio=0):
            loudest = max(loudest, float(np.abs(frame.to_ndarray()).max()))
    return loudest > 0.02
