"""The whole way of a push: our sender, a push service, Firefox, the app's service worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.push.compose import Notice, compose, compose_test
from cloud.push.vapid import VapidKey
from cloud.push.webpush import WebPush
from protocol.api import PushMessage, PushSubscription, WebPushTarget
from tests.support.autopush import Autopush
from tests.support.firefox import Firefox, push_preferences
from tests.support.push_page import PushPage
from tests.support.visits import ANNAS_PHONE, DOORBELL, then, visit

pytestmark = pytest.mark.services

# From the post to the notification; Firefox needs some 100 ms.
SHOWN_LIMIT_S = 10.0
# Firefox connects again a moment after it lost its push service, and then asks its worker.
RENEWAL_LIMIT_S = 20.0
LOOK_EVERY_S = 0.05

ANSWERED = Notice(
    "answered", visit(answered_by="Anna", moments=then("answered", 5, "Anna")), "Front door"
)


@dataclass
class Phone:
    """A subscribed Firefox, and the server's side of it."""

    service: Autopush
    page: PushPage
    browser: Firefox
    sender: WebPush
    target: WebPushTarget

    async def notified(self, *titles: str) -> list[dict[str, Any]]:
        """The notifications, once they are these and no others."""
        async with asyncio.timeout(SHOWN_LIMIT_S):
            while True:
                shown: list[dict[str, Any]] = await self.browser.run("notifications()")
                if sorted(each["title"] for each in shown) == sorted(titles):
                    return shown
                await asyncio.sleep(LOOK_EVERY_S)

    async def push(self, notice: Notice) -> None:
        await self.post(compose(notice, "en"))

    async def post(self, message: PushMessage) -> None:
        assert await self.sender.send(self.target, message) == "sent"


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    key = VapidKey(ec.generate_private_key(ec.SECP256R1()))
    async with (
        Autopush() as service,
        PushPage(vapid_key=key.public_key) as page,
        Firefox(push_preferences(service.address)) as browser,
        WebPush(key, "mailto:door@example.org", allow_http=True) as sender,
    ):
        await browser.open(page.origin)
        assert await browser.run("startWorker()") == "activated"
        subscription = await browser.run(f"subscribe('{key.public_key}')")
        yield Phone(service, page, browser, sender, WebPushTarget.model_validate(subscription))


async def test_a_visit_is_one_notification_from_ring_to_answer(phone: Phone) -> None:
    await phone.browser.look_away()
    await phone.push(Notice("rang", visit(), "Front door"))
    (ring,) = await phone.notified("Someone is at the front door")
    assert ring["body"] == "Tap to see who it is."
    assert ring["data"]["data"]["change"] == "rang"
    assert _headers(phone)["Urgency"] == "high"
    assert _headers(phone)["TTL"] == "60"
    assert _headers(phone)["Authorization"].startswith("vapid t=")

    await phone.push(ANSWERED)
    (outcome,) = await phone.notified("Anna answered")
    assert outcome["tag"] == ring["tag"]
    assert _headers(phone)["Urgency"] == "normal"

    # The picture comes last, as push services keep no order: the ring must not come back.
    await phone.push(Notice("picture", visit(snapshot=True), "Front door"))
    # The worker takes one push after the other, so the test's stands for its turn being over.
    await phone.post(compose_test(DOORBELL, "en"))
    await phone.notified("Anna answered", "Notifications work")


async def test_an_answered_ring_is_withdrawn_where_the_app_is_looked_at(phone: Phone) -> None:
    await phone.push(Notice("rang", visit(), "Front door"))
    await phone.notified("Someone is at the front door")
    await phone.push(ANSWERED)
    await phone.notified()


async def test_a_lost_subscription_is_renewed_and_reported(phone: Phone) -> None:
    await phone.browser.run(f"keepIdentity('{ANNAS_PHONE}')")
    await phone.service.forget_browsers()
    async with asyncio.timeout(RENEWAL_LIMIT_S):
        renewed = PushSubscription.model_validate(await phone.page.subscriptions.get())
    assert isinstance(renewed.target, WebPushTarget)
    assert renewed.target.endpoint != phone.target.endpoint
    # Its requests carry the phone's own signature.
    assert all(each.startswith("Bearer ey") for each in phone.page.keys_asked)
    phone.target = renewed.target
    await phone.push(Notice("rang", visit(), "Front door"))
    await phone.notified("Someone is at the front door")


def _headers(phone: Phone) -> Mapping[str, str]:
    return phone.service.posts[-1].headers
