"""Chromium with the page and the worker of the push tests; DevTools stand for a push service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page, async_playwright

from protocol.api import PushMessage
from tests.support.push_page import PushPage

CHROMIUM = "/usr/bin/chromium"
REGISTERED_LIMIT_S = 10.0


@dataclass
class Chromium:
    """One page whose worker can be sent pushes."""

    context: BrowserContext
    page: Page
    devtools: CDPSession
    origin: str
    registration: str

    async def push(self, message: PushMessage) -> None:
        await self.push_text(message.model_dump_json(exclude_none=True))

    async def push_text(self, text: str) -> None:
        await self.devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self.registration, "data": text},
        )

    async def notifications(self) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = await self.page.evaluate("notifications()")
        return shown

    async def in_worker(self, script: str) -> Any:
        """The value of a JavaScript expression in the service worker."""
        return await self.context.service_workers[0].evaluate(script)


@asynccontextmanager
async def chromium(page_server: PushPage, profile: Path) -> AsyncIterator[Chromium]:
    """Notifications need a profile on disk: private windows have none."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=["--no-sandbox"], headless=True
        )
        try:
            origin = page_server.origin
            await context.grant_permissions(["notifications"], origin=origin)
            page = await context.new_page()
            devtools = await context.new_cdp_session(page)
            registration: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            devtools.on("ServiceWorker.workerRegistrationUpdated", _settle(registration))
            await devtools.send("ServiceWorker.enable")
            await page.goto(origin)
            await page.evaluate("startWorker()")
            async with asyncio.timeout(REGISTERED_LIMIT_S):
                number = await registration
            yield Chromium(context, page, devtools, origin, number)
        finally:
            await context.close()


def _settle(registration: asyncio.Future[str]) -> Any:
    def heard(event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            if not registration.done():
                registration.set_result(each["registrationId"])

    return heard
