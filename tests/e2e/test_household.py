"""Several phones: who answers first, who joins, who goes away."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from playwright.async_api import Browser, Page, expect

from scripts.browser import DESK, paired_page
from scripts.stack import Stack
from tests.e2e.door import answer_in, live, picture_moves, twin, until


async def two_phones(stack: Stack, browser: Browser, life: AsyncExitStack) -> tuple[Page, Page]:
    anna = await life.enter_async_context(paired_page(browser, stack.pairing_link(), "Anna"))
    ben = await life.enter_async_context(
        paired_page(browser, stack.pairing_link(), "Ben", viewport=DESK)
    )
    return anna, ben


async def test_the_second_phone_hears_who_answered_and_joins(
    stack: Stack, browser: Browser
) -> None:
    async with AsyncExitStack() as life:
        anna, ben = await two_phones(stack, browser, life)
        await twin(stack, "press")
        for phone in (anna, ben):
            await phone.get_by_test_id("ring-screen").wait_for()
        await answer_in(anna)
        await expect(ben.get_by_text("Anna answered").first).to_be_visible()
        await ben.get_by_role("button", name="Join").click()
        await live(ben)
        await expect(anna.get_by_text("Ben").first).to_be_visible()
        # A tab that closes in a call takes nobody along.
        await anna.context.close()
        assert await picture_moves(ben)
        await ben.get_by_test_id("hang-up").click()
        await ben.get_by_test_id("doorbell").wait_for()


async def test_two_answers_at_once_become_one_conversation(stack: Stack, browser: Browser) -> None:
    async with AsyncExitStack() as life:
        anna, ben = await two_phones(stack, browser, life)
        await twin(stack, "press")
        buttons = [phone.get_by_test_id("answer") for phone in (anna, ben)]
        for button in buttons:
            await button.wait_for()
        await asyncio.gather(*(button.dispatch_event("click") for button in buttons))
        for phone in (anna, ben):
            await live(phone)
            assert await picture_moves(phone)


async def test_a_visit_goes_on_over_a_restart_of_the_server(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        await twin(stack, "press")
        await page.get_by_test_id("ring-screen").wait_for()
        await asyncio.to_thread(stack.server.stop)
        # The door does its part meanwhile: the second press of the visitor sounds the chime.
        before = len((await twin(stack, "history", part="chime"))["history"])
        await asyncio.sleep(1)
        await twin(stack, "press")

        async def chimed() -> bool:
            return len((await twin(stack, "history", part="chime"))["history"]) > before

        await until("The chime without a server", chimed)
        await asyncio.to_thread(stack.start_server)

        async def online() -> bool:
            return await asyncio.to_thread(stack.online)

        await until("The link after the restart", online, 60)
        await page.goto(stack.address)
        await page.get_by_test_id("ignore").click()
        await expect(page.get_by_test_id("visit").first).to_be_visible(timeout=30_000)
        await twin(stack, "leave")
