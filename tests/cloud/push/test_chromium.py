"""The app's service worker in a real Chromium: what a push shows, and where a tap leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from cloud.push.compose import Notice, compose
from protocol.api import PushMessage
from tests.support.chromium_push import Chromium, chromium
from tests.support.push_page import PushPage
from tests.support.visits import ANNAS_PHONE, DOORBELL, visit

pytestmark = pytest.mark.services

SHOWN_LIMIT_S = 10.0
# Chromium forgets a notification that a page asks for while it is being shown: look seldom.
LOOK_EVERY_S = 0.5


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    async with PushPage() as page, chromium(page, tmp_path) as running:
        yield running


async def test_a_ring_stays_sounds_and_can_be_answered(browser: Chromium) -> None:
    await browser.push(_ring(browser))
    ring = await _shown(browser, "Someone is at the front door")
    assert ring["requireInteraction"]
    assert ring["renotify"]
    assert not ring["silent"]
    assert ring["actions"] == ["answer", "reply"]


async def test_the_picture_comes_signed_with_the_phones_key(browser: Chromium) -> None:
    await browser.page.evaluate(f"keepIdentity('{ANNAS_PHONE}')")
    await browser.push(_ring(browser))
    await browser.push(_picture(browser))
    shown = await _shown(browser, "This is who rang.", "body")
    assert shown["silent"]
    address = urlsplit(shown["image"])
    token = parse_qs(address.query)["token"][0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == ANNAS_PHONE
    assert claims["purpose"] == "media"
    assert claims["path"] == address.path == "/api/v1/visits/visit-0001/snapshot.jpg"


async def test_without_a_key_the_ring_is_shown_without_a_picture(browser: Chromium) -> None:
    await browser.push(_picture(browser))
    assert not (await _shown(browser, "Someone is at the front door"))["image"]


async def test_the_ring_repeats_with_its_picture(browser: Chromium) -> None:
    await browser.push(_picture(browser))
    await browser.push(_ring(browser))
    shown = await _shown(browser, True, "renotify")
    assert shown["body"] == "This is who rang."


async def test_a_push_that_nobody_understands_shows_something(browser: Chromium) -> None:
    await browser.push_text("hello")
    assert (await _shown(browser, "Doorstep"))["body"]


async def test_answer_leads_into_the_call_of_this_visit(browser: Chromium) -> None:
    await browser.push(_ring(browser))
    await _shown(browser, "Someone is at the front door")
    assert await _tap(browser, "answer") == f"/#/call/{DOORBELL}?answers=visit-0001"
    assert await browser.notifications() == []


async def test_a_tap_leads_to_the_ring(browser: Chromium) -> None:
    await browser.push(_ring(browser))
    await _shown(browser, "Someone is at the front door")
    assert await _tap(browser, "") == "/#/ring/visit-0001"


def _ring(browser: Chromium) -> PushMessage:
    return compose(Notice("rang", visit(), "Front door"), "en", browser.origin)


def _picture(browser: Chromium) -> PushMessage:
    return compose(Notice("picture", visit(snapshot=True), "Front door"), "en", browser.origin)


async def _shown(browser: Chromium, value: object, field: str = "title") -> dict[str, Any]:
    """The one notification, once it is as wanted."""
    async with asyncio.timeout(SHOWN_LIMIT_S):
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            shown = await browser.notifications()
            if [each[field] for each in shown] == [value]:
                return shown[0]


async def _tap(browser: Chromium, action: str) -> object:
    """Tap the notification; where the open page is told to go."""
    await browser.page.evaluate(
        "void (window.told = new Promise((resolve) => navigator.serviceWorker.addEventListener("
        "'message', ({ data }) => resolve(data))))"
    )
    await browser.page.evaluate("navigator.serviceWorker.startMessages()")
    await browser.in_worker(
        "self.registration.getNotifications().then(([notification]) => self.dispatchEvent("
        f"new NotificationEvent('notificationclick', {{ notification, action: '{action}' }})))"
    )
    told = await browser.page.evaluate("window.told")
    assert told["type"] == "navigate"
    return told["navigate"]
