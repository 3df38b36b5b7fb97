"""The main job: someone rings, a phone answers, the visit is kept."""

from __future__ import annotations

import time

from playwright.async_api import Browser, Page, expect

from scripts.browser import paired_page
from scripts.stack import Stack
from tests.e2e.door import (
    answer_in,
    capture_times,
    clip_bytes,
    has_sound,
    loudness,
    picture_moves,
    twin,
    until,
    was,
)

# The pre-roll must have filled before the press for the clip to begin long before it.
PRE_ROLL_FILLS_S = 11
LEAST_PRE_ROLL_MS = 5_000
# Quieter than any voice, louder than the coded silence of a muted track.
AUDIBLE = 0.005
# Of 32768; Chromium's fake microphone beeps far above it.
HEARD_AT_THE_DOOR = 300


async def test_a_visitor_is_seen_heard_answered_and_kept(stack: Stack, browser: Browser) -> None:
    link = stack.pairing_link()
    began = time.monotonic()
    async with paired_page(browser, link) as page:
        await until("A full pre-roll", lambda: _passed(began, PRE_ROLL_FILLS_S))
        pressed_ms = time.time() * 1000
        await twin(stack, "press")
        await page.get_by_test_id("ring-screen").wait_for()
        await answer_in(page)
        assert await picture_moves(page)
        assert await loudness(page) > AUDIBLE
        await _talk_back(page, stack)
        await _work_the_door(page, stack)
        await page.get_by_test_id("hang-up").click()
        await page.get_by_test_id("doorbell").wait_for()
        await twin(stack, "leave")
        await _check_the_clip(page, pressed_ms)


async def _passed(began: float, seconds: float) -> bool:
    return time.monotonic() - began > seconds


async def _talk_back(page: Page, stack: Stack) -> None:
    await page.get_by_test_id("talk").press("Enter")

    async def heard() -> bool:
        state = await twin(stack, "state")
        return bool(state["heard"]["peak"] > HEARD_AT_THE_DOOR)

    await until("A voice at the door", heard)
    await page.get_by_test_id("talk").press("Enter")


async def _work_the_door(page: Page, stack: Stack) -> None:
    await page.get_by_test_id("light").click()
    await until("Light", lambda: was(stack, "light"))
    await expect(page.get_by_test_id("light")).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("chime").click()
    await until("The chime", lambda: was(stack, "chime"))
    assert not await was(stack, "lock")
    await page.get_by_test_id("unlock").click()
    await page.get_by_test_id("unlock-confirm").click()
    await until("Unlocking", lambda: was(stack, "lock"))

    async def locked_again() -> bool:
        return not (await twin(stack, "state"))["lock"]

    await until("Locking again", locked_again)


async def _check_the_clip(page: Page, pressed_ms: float) -> None:
    await page.get_by_test_id("visit").first.click()
    await page.get_by_test_id("clip-video").wait_for(timeout=60_000)
    clip = await clip_bytes(page)
    times = capture_times(clip)
    assert times, "no picture of the clip shows its capture time"
    captured = [captured for _, captured in times]
    assert captured == sorted(captured)
    assert pressed_ms - captured[0] >= LEAST_PRE_ROLL_MS
    drift = [(captured - times[0][1]) - (shown - times[0][0]) * 1000 for shown, captured in times]
    assert max(map(abs, drift)) < 150, "the clip's clock is not the camera's"
    assert has_sound(clip)
    await expect(page.get_by_text("Anna").first).to_be_visible()
