"""An admin's phone decides who may do what: invitations, rights, tokens, the log."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from protocol.identity import Identity
from scripts.browser import DESK, paired_page
from scripts.stack import Stack
from tests.e2e.door import live
from tests.e2e.household_pages import (
    checked_export,
    exported,
    in_order,
    logged,
    make_invitation,
    member,
    open_household,
    open_page,
    own_rights,
    scanned,
    turn,
)
from tests.support.whep_viewer import NotLetInError, whep_viewer

# From the doorbell's word to the dead call; the rest is for two browsers on a busy machine.
CUT_LIMIT_S = 1.0
GUEST = ("view", "talk", "light")


async def watch(page: Page) -> None:
    """Call the door from the list of doorbells."""
    await page.evaluate("location.hash = '#/'")
    await page.get_by_test_id("doorbell").first.click()
    await live(page)


async def test_the_first_phone_manages_and_cannot_give_that_up(
    stack: Stack, browser: Browser
) -> None:
    async with paired_page(browser, stack.pairing_link()) as anna:
        await open_household(anna)
        await expect(member(anna, "Anna")).to_contain_text("Everything")
        await member(anna, "Anna").click()
        await expect(anna.get_by_test_id("only-admin")).to_be_visible()
        await turn(anna, "right-admin", on=False)
        await anna.get_by_test_id("save").click()
        refused = anna.get_by_test_id("save-line").filter(has_text="last phone")
        await expect(refused).to_be_visible()
        await anna.get_by_test_id("remove").click()
        await anna.get_by_test_id("remove-yes").click()
        await expect(anna.get_by_test_id("remove-fault")).to_contain_text("last phone")
        # Nothing of it has happened.
        await anna.reload()
        await expect(anna.get_by_test_id("right-admin")).to_be_checked()


async def test_a_guest_has_what_was_chosen_until_it_is_taken_out(
    stack: Stack, browser: Browser
) -> None:
    async with AsyncExitStack() as life:
        anna = await life.enter_async_context(paired_page(browser, stack.pairing_link()))
        link = await make_invitation(anna, GUEST)
        assert await scanned(anna.get_by_test_id("qr")) == [link]
        ben = await life.enter_async_context(paired_page(browser, link, "Ben", viewport=DESK))
        await expect(anna.get_by_test_id("invite-used")).to_contain_text("Ben")
        assert await own_rights(ben) == GUEST
        await watch(ben)
        await open_household(anna)
        await expect(member(anna, "Ben").get_by_test_id("calling")).to_be_visible()
        await member(anna, "Ben").click()
        await turn(anna, "right-chime", on=True)
        await anna.get_by_test_id("save").click()
        await expect(anna.get_by_test_id("save")).to_have_count(0)
        await anna.get_by_test_id("remove").click()
        took_s = await cut_off(anna, ben)
        assert took_s < CUT_LIMIT_S, f"The call went on for {took_s:.2f} s."
        await expect(ben.get_by_test_id("call-end")).to_contain_text("taken out of the household")
        await expect(member(anna, "Ben")).to_have_count(0)
        await open_page(anna, "log")
        told = await logged(anna)
        assert in_order(
            told, "invited", "paired", "call_began", "phone_changed", "phone_removed", "call_ended"
        )


async def cut_off(anna: Page, ben: Page) -> float:
    """Take Ben's phone out while it calls; seconds from Anna's tap to the end of his picture."""
    alive = ben.locator("[data-testid=call-state][data-phase=live]")
    async with asyncio.TaskGroup() as group:
        began = time.monotonic()
        ended = group.create_task(until_gone(alive))
        await anna.get_by_test_id("remove-yes").click()
    return ended.result() - began


async def until_gone(shown: Locator) -> float:
    """When something was on the screen no more."""
    await shown.wait_for(state="detached")
    return time.monotonic()


async def test_a_token_shows_pictures_until_it_is_revoked(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link(), viewport=DESK) as anna:
        await open_page(anna, "tokens")
        await anna.get_by_test_id("token-name").fill("Kitchen tablet")
        await anna.get_by_test_id("make-token").click()
        address = await anna.get_by_test_id("paste-whep").inner_text()
        assert address in await anna.get_by_test_id("paste-go2rtc").inner_text()
        await anna.get_by_test_id("token-kept").click()
        assert address not in await anna.content()
        async with whep_viewer(address) as viewer:
            assert await viewer.picture() is not None
            await expect(anna.get_by_test_id("token")).to_contain_text("last used")
            await anna.get_by_test_id("revoke").click()
            await anna.get_by_test_id("revoke-yes").click()
            await expect(anna.get_by_test_id("token")).to_have_count(0)
            async with asyncio.timeout(CUT_LIMIT_S):
                while await viewer.picture(CUT_LIMIT_S) is not None:
                    pass
            with pytest.raises(NotLetInError) as refused:
                async with whep_viewer(address):
                    pass
            assert refused.value.status in (401, 403)
        await open_page(anna, "log")
        told = await logged(anna)
        assert in_order(told, "token_made", "call_began", "token_revoked", "call_ended")


async def test_the_log_tells_it_all_and_can_be_checked_elsewhere(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    async with paired_page(browser, stack.pairing_link()) as anna:
        await make_invitation(anna, GUEST)
        await anna.get_by_test_id("withdraw").click()
        await open_page(anna, "rules")
        await anna.get_by_test_id("rule-broker").click()
        await anna.get_by_test_id("broker-yes").click()
        await expect(anna.get_by_test_id("broker-warn")).to_be_visible()
        await open_page(anna, "log")
        await expect(anna.get_by_test_id("log-trust")).to_have_attribute("data-trust", "signed")
        told = await logged(anna)
        assert told == [
            "started", "invited", "invited", "paired", "call_began", "invited",
            "invitation_withdrawn", "policy_changed",
        ]  # fmt: skip
        lines = await exported(anna, tmp_path)
        await anna.get_by_test_id("only-unlocks").click()
        await expect(anna.get_by_test_id("log-row")).to_have_count(0)
    doorbell = Identity.load_or_create(next((tmp_path / "device").rglob("*.pem")))
    rows = checked_export(lines, doorbell.public)
    assert {row.what for row in rows} >= set(told)
