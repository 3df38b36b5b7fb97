"""What the call's page shows and does: facts, zoom, looking back, and a way that is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import av
from playwright.async_api import Browser, Page, expect

from scripts.browser import paired_page
from scripts.page_probes import READ_TIMECODE
from scripts.stack import Stack
from tests.e2e.door import answer_in, live, picture_moves, twin, until

# Counts what the page sends over its data channels, by type; and keeps the newest of each.
COUNT_MESSAGES = """() => {
  window.told = {};
  const send = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = function (text) {
    const { type } = JSON.parse(text);
    window.told[type] = { count: (window.told[type]?.count ?? 0) + 1, newest: text };
    return send.call(this, text);
  };
}"""
# Notes when the line of truth says something for the first time, in Unix ms.
NOTE_LINES = """() => {
  window.lines = {};
  const note = () => {
    const text = document.querySelector('[data-testid=call-state]')?.textContent;
    if (text) window.lines[text] ??= Date.now();
  };
  new MutationObserver(note).observe(document.body,
    { childList: true, subtree: true, characterData: true });
}"""
NOTICED_WITHIN_MS = 3_000
# Two busy cores: the page's own timers come late.
LATE_MS = 500
BACK_WITHIN_S = 20.0
# So that the last seconds are a small file, whatever else the machine does.
SMALL_PICTURE = ("--camera-bitrate-bps", "600000")
PRE_ROLL_FILLS_S = 11.0
LEAST_LOOK_BACK_MS = 5_000
# The file gives way to the live picture, and that to a busy machine.
REWIND_PATIENCE_MS = 90_000


async def ring_and_answer(stack: Stack, page: Page) -> None:
    await twin(stack, "press")
    await page.get_by_test_id("ring-screen").wait_for()
    await answer_in(page)


async def told(page: Page, what: str) -> int:
    """How many messages of a type the page has sent."""
    count: int = await page.evaluate("(what) => window.told[what]?.count ?? 0", what)
    return count


async def test_the_details_say_how_the_picture_arrives(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await page.evaluate(COUNT_MESSAGES)
        await ring_and_answer(stack, page)
        await page.get_by_test_id("details-open").click()
        await expect(page.get_by_test_id("details-start")).to_contain_text("from the tap")
        for step in ("signal", "gather", "ice", "dtls", "keyframe", "frame"):
            await expect(page.get_by_test_id(f"phase-{step}")).to_contain_text("ms")
        await expect(page.get_by_test_id("details-rate")).to_contain_text("bit/s")
        await expect(page.get_by_test_id("details-path")).to_contain_text("Direct")
        for row in ("round-trip", "jitter"):
            await expect(page.get_by_test_id(f"details-{row}")).to_contain_text("ms")
        await expect(page.get_by_test_id("details-loss")).to_contain_text("%")
        await expect(page.get_by_test_id("details-layer")).to_contain_text("×")
        await expect(page.get_by_test_id("details-why")).not_to_be_empty()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("details-open")).to_be_focused()

        # Sound has an element of its own, so that it need not wait for pictures.
        sound = page.get_by_test_id("live-sound")
        assert await sound.evaluate("(sound) => !sound.paused && !sound.muted")
        assert await _saved_size(page) in {(1280, 720), (640, 360)}

        # Five pulses a second, each answered.
        async def answers_pulses() -> bool:
            return await told(page, "statistics") > 10

        await until("Statistics for the doorbell", answers_pulses)


async def _saved_size(page: Page) -> tuple[int, int]:
    """Of the picture that the page saves: all of it, whatever part of it the phone shows."""
    async with page.expect_download() as saving:
        await page.get_by_test_id("save-picture").click()
    with av.open(str(await (await saving.value).path())) as picture:
        stream = picture.streams.video[0]
        return stream.width, stream.height


async def test_a_zoom_is_at_once_and_brings_a_close_up(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await page.evaluate(COUNT_MESSAGES)
        await ring_and_answer(stack, page)
        world = page.locator(".stage-world")
        before = await _box(world)
        await page.mouse.dblclick(195, 300)
        await expect(page.get_by_test_id("zoom-reset")).to_have_text("3×")

        async def enlarged() -> bool:
            return (await _box(world))["width"] > before["width"] * 2.9

        await until("The enlarged picture", enlarged, 5)

        async def asked_for() -> bool:
            return await told(page, "view") > 0

        await until("A view for the doorbell", asked_for)
        await _check_the_close_up(page)
        await page.get_by_test_id("zoom-reset").click()
        await expect(page.get_by_test_id("zoom-reset")).to_have_count(0)
        await page.wait_for_function(
            "() => (document.querySelector('[data-testid=live-video]').dataset.zoom ?? '1.00')"
            " === '1.00'",
            timeout=30_000,
        )
        assert await picture_moves(page)


async def _check_the_close_up(page: Page) -> None:
    """The window's pictures lie where their content is: inside the whole picture."""
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=live-video]').dataset.zoom > 1",
        timeout=60_000,
    )
    whole = await _box(page.locator(".stage-world"))
    window = await _box(page.get_by_test_id("live-video"))
    zoom = float(await page.get_by_test_id("live-video").evaluate("(video) => video.dataset.zoom"))
    assert abs(whole["width"] / window["width"] - zoom) < 0.05
    assert window["x"] >= whole["x"] - 1
    assert window["x"] + window["width"] <= whole["x"] + whole["width"] + 1
    await expect(page.get_by_test_id("call-state")).to_have_text("Live · close-up")


async def _box(locator: Any) -> dict[str, float]:
    box: dict[str, float] | None = await locator.bounding_box()
    if box is None:
        raise RuntimeError("The picture is not on the screen.")
    return box


async def test_the_last_seconds_are_seen_again_while_live_goes_on(
    tmp_path: Path, browser: Browser
) -> None:
    with Stack(tmp_path, doorbell_options=SMALL_PICTURE) as stack:
        async with paired_page(browser, stack.pairing_link()) as page:
            await asyncio.sleep(PRE_ROLL_FILLS_S)
            pressed_ms = time.time() * 1000
            await ring_and_answer(stack, page)
            await page.get_by_test_id("look-back").click()
            video = page.get_by_test_id("rewind-video")
            await video.wait_for(timeout=REWIND_PATIENCE_MS)
            await expect(page.get_by_test_id("rewind-where")).to_contain_text("before the ring")
            seen = await page.evaluate_handle("() => document.querySelector('.rewind-video')")
            first = await _first_picture(page, seen)
            assert pressed_ms - first >= LEAST_LOOK_BACK_MS
            assert await picture_moves(page)
            assert await page.get_by_test_id("live-sound").evaluate("(sound) => sound.muted")
            await page.get_by_test_id("talk").press("Enter")
            await expect(page.get_by_test_id("talk")).to_have_attribute("aria-pressed", "true")
            await page.get_by_test_id("rewind-close").click()
            await expect(video).to_have_count(0)
            assert not await page.get_by_test_id("live-sound").evaluate("(sound) => sound.muted")


async def _first_picture(page: Page, video: Any) -> int:
    """Capture time of the earliest picture that can be read."""
    await video.evaluate("(video) => { video.pause(); video.currentTime = 0; }")
    found: list[int] = []

    async def read() -> bool:
        captured = await page.evaluate(READ_TIMECODE, video)
        if captured is not None:
            found.append(captured)
        return bool(found)

    await until("A readable picture of what was seen", read)
    return found[0]


async def test_a_clip_is_looked_through_by_its_strip(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await ring_and_answer(stack, page)
        await page.get_by_test_id("hang-up").click()
        await page.get_by_test_id("doorbell").wait_for()
        await twin(stack, "leave")
        await page.get_by_test_id("visit").first.click()
        strip = page.get_by_test_id("preview-strip")
        await strip.wait_for(timeout=90_000)
        box = await _box(strip)
        middle = box["y"] + box["height"] / 2
        await page.mouse.move(box["x"] + box["width"] * 0.2, middle)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
        await expect(page.locator(".strip-bubble")).to_be_visible()
        await page.mouse.up()
        await expect(page.locator(".strip-bubble")).to_have_count(0)
        await page.wait_for_function(
            "() => { const clip = document.querySelector('[data-testid=clip-video]');"
            " return clip.currentTime > 0.5 * clip.duration; }"
        )


async def test_a_dead_way_is_noticed_and_comes_back_by_itself(
    stack: Stack, browser: Browser
) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await ring_and_answer(stack, page)
        await page.evaluate(NOTE_LINES)
        await page.get_by_test_id("speaker").click()
        os.kill(stack.doorbell.pid, signal.SIGSTOP)
        stopped_ms = time.time() * 1000
        try:
            await page.get_by_text("Reconnecting").first.wait_for()
            noticed_ms = await page.evaluate("() => window.lines['Reconnecting…']")
            # The last picture stays.
            await expect(page.locator(".stage-held")).to_be_visible()
        finally:
            os.kill(stack.doorbell.pid, signal.SIGCONT)
        assert noticed_ms - stopped_ms < NOTICED_WITHIN_MS + LATE_MS
        await back(page)
        await expect(page.locator(".stage-held")).to_be_hidden()
        await expect(page.get_by_test_id("speaker")).to_have_attribute("aria-pressed", "false")


async def test_a_doorbell_that_died_is_called_again_once_it_is_there(
    stack: Stack, browser: Browser
) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await ring_and_answer(stack, page)
        await asyncio.to_thread(stack.doorbell.stop, signal.SIGKILL)
        await page.get_by_text("Reconnecting").first.wait_for()
        stack.doorbell.start()
        await until("The doorbell's link", lambda: asyncio.to_thread(stack.online))
        await back(page)


async def back(page: Page) -> None:
    """The picture lives again, and nobody did anything."""
    began = time.monotonic()
    await live(page)
    assert await picture_moves(page)
    assert time.monotonic() - began < BACK_WITHIN_S
