"""A door that asks for a passkey, with an authenticator that Chromium makes believe."""

from __future__ import annotations

from playwright.async_api import Browser, CDPSession, Page, expect

from scripts.browser import paired_page
from scripts.stack import Stack
from tests.e2e.door import live, until, was
from tests.e2e.trust import record

# A phone's own: it keeps passkeys, and knows its person's finger.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def test_a_door_opens_only_with_the_passkey(stack: Stack, browser: Browser) -> None:
    async with paired_page(browser, stack.pairing_link()) as page:
        phone = await page.context.new_cdp_session(page)
        await phone.send("WebAuthn.enable")
        added = await phone.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        authenticator = added["authenticatorId"]
        await _ask_for_passkeys(page)

        # Without one the sheet says so, and leads to where it is made.
        await _call(page)
        await page.get_by_test_id("unlock").click()
        await expect(page.get_by_test_id("unlock-failed")).to_contain_text("has none yet")
        await page.get_by_test_id("unlock-remedy").click()
        await _make_passkey(page)

        await _call(page)
        await _refuse_to_confirm(page, phone, authenticator)
        assert not await was(stack, "lock")
        await page.get_by_test_id("unlock-again").click()
        await page.get_by_test_id("unlock-confirm").click()
        await until("Unlocking", lambda: was(stack, "lock"))
        await expect(page.locator(".notice")).to_contain_text("in the doorbell’s log")
        assert len(await record(page, "receipts")) == 1


async def _household(page: Page, place: str) -> None:
    doorbell = (await record(page, "identity"))["doorbells"][0]["id"]
    await page.evaluate("(hash) => { location.hash = hash; }", f"#/household/{doorbell}/{place}")


async def _ask_for_passkeys(page: Page) -> None:
    await _household(page, "rules")
    await page.get_by_test_id("rule-passkey").click()
    await expect(page.get_by_test_id("rule-passkey")).to_be_checked()


async def _make_passkey(page: Page) -> None:
    await page.get_by_test_id("make-passkey").click()
    await expect(page.get_by_test_id("passkey-made")).to_be_visible()


async def _call(page: Page) -> None:
    await page.evaluate("() => { location.hash = '#/'; }")
    await page.get_by_test_id("watch").click()
    await live(page)


async def _refuse_to_confirm(page: Page, phone: CDPSession, authenticator: str) -> None:
    """The finger is not the person's."""
    verified = {"authenticatorId": authenticator, "isUserVerified": False}
    await phone.send("WebAuthn.setUserVerified", verified)
    await page.get_by_test_id("unlock").click()
    await expect(page.get_by_text("finger, face or code")).to_be_visible()
    await page.get_by_test_id("unlock-confirm").click()
    await expect(page.get_by_test_id("unlock-failed")).to_contain_text("did not confirm")
    await phone.send("WebAuthn.setUserVerified", {**verified, "isUserVerified": True})
