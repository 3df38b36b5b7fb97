"""An update as a person sees it: offered, installed, and taken back when it does not ring."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from scripts.browser import DESK, PHONE, paired_page
from tests.e2e.door import twin
from tests.e2e.household_pages import logged, open_page
from tests.support.update_house import NEW, OLD, update_house

# A download, a restart of the doorbell and its trial, on a busy machine.
INSTALL_LIMIT_MS = 90_000


async def look(page: Page) -> None:
    await open_page(page, "software")
    await expect(page.get_by_test_id("software-runs")).to_contain_text(OLD)
    await page.get_by_test_id("software-look").click()
    await expect(page.get_by_test_id("software-notes")).to_contain_text("slow networks")


async def test_an_admin_installs_an_update_and_stays_on_the_page(
    tmp_path: Path, browser: Browser
) -> None:
    async with (
        update_house(tmp_path) as house,
        paired_page(browser, house.stack.pairing_link()) as anna,
    ):
        await look(anna)
        await anna.get_by_test_id("software-install").click()
        await anna.get_by_test_id("software-step").wait_for()
        await expect(anna.get_by_test_id("software-done")).to_contain_text(
            NEW, timeout=INSTALL_LIMIT_MS
        )
        await expect(anna.get_by_test_id("software-runs")).to_contain_text(NEW)
        assert house.installer.has_open(None) is False
        await open_page(anna, "log")
        assert "update_wanted" in await logged(anna)


async def test_a_version_that_does_not_start_is_taken_back_and_told(
    tmp_path: Path, browser: Browser
) -> None:
    async with (
        update_house(tmp_path) as house,
        paired_page(browser, house.stack.pairing_link(), viewport=DESK) as anna,
    ):
        house.service.bad = (NEW,)
        await look(anna)
        await anna.get_by_test_id("software-install").click()
        trouble = anna.get_by_test_id("software-trouble")
        await expect(trouble).to_contain_text(
            f"Version {NEW} did not work", timeout=INSTALL_LIMIT_MS
        )
        await expect(anna.get_by_test_id("software-runs")).to_contain_text(OLD)


async def test_an_update_waits_for_the_end_of_a_visit(tmp_path: Path, browser: Browser) -> None:
    async with (
        update_house(tmp_path) as house,
        paired_page(browser, house.stack.pairing_link(), viewport=PHONE) as anna,
    ):
        await look(anna)
        await twin(house.stack, "walk_past")
        before = house.stack.doorbell.pid
        await anna.get_by_test_id("software-install").click()
        await expect(anna.get_by_test_id("software-step")).to_be_visible()
        await anna.wait_for_timeout(3000)
        assert house.stack.doorbell.pid == before
        assert not (house.mailbox / "wish.json").exists()
        await twin(house.stack, "leave")
        await expect(anna.get_by_test_id("software-done")).to_contain_text(
            NEW, timeout=INSTALL_LIMIT_MS
        )
