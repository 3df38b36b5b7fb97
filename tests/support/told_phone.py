"""A paired phone that turned notifications on, and reads what is pushed to it."""

from __future__ import annotations

import asyncio

from protocol.api import Notification, PushSubscription
from tests.support.autopush import Autopush
from tests.support.push_browser import PushBrowser
from tests.support.signing_phone import SigningPhone

SUBSCRIPTIONS = "/api/v1/push/subscriptions"
_PATIENCE_S = 5.0


class ToldPhone:
    """`turn_on` first; its channel at the push service is named by the phone's id."""

    def __init__(self, phone: SigningPhone, service: Autopush) -> None:
        self.phone = phone
        self._service = service
        self._browser = PushBrowser()

    async def turn_on(self, language: str = "en") -> None:
        target = self._browser.target(self._service.endpoint(self.phone.id))
        wanted = PushSubscription.model_validate({"target": target, "language": language})
        body = wanted.model_dump_json().encode()
        reply = await self.phone.ask("POST", SUBSCRIPTIONS, body)
        if reply.status != 204:
            raise AssertionError(reply.body)

    def pushed(self) -> list[Notification]:
        """All so far."""
        mine = [post for post in self._service.posts if post.channel == self.phone.id]
        return [self._browser.read(post.body).notification for post in mine]

    async def next_push(self, after: int = 0) -> Notification:
        """The push behind the first `after`."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.pushed()) <= after:  # noqa: ASYNC110 - the service tells nobody
                await asyncio.sleep(0.01)
        return self.pushed()[after]
