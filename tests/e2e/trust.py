"""What tests of trust do to a page: look into its memory, and stand between it and the server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from playwright.async_api import Page, Route

from protocol.calls import SIGNATURE_HEADER

# A record of the page's small database, without keys that cannot leave the browser.
READ_RECORD = """(name) => new Promise((resolve, reject) => {
  const opening = indexedDB.open('doorstep');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const asked = opening.result.transaction('records').objectStore('records').get(name);
    asked.onsuccess = () => {
      opening.result.close();
      resolve(asked.result && JSON.parse(JSON.stringify(asked.result)));
    };
  };
})"""
WRITE_RECORD = """([name, value]) => new Promise((resolve, reject) => {
  const opening = indexedDB.open('doorstep');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction('records', 'readwrite');
    transaction.objectStore('records').put(value, name);
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""
# Counts what would be the beginning of media or data: answers taken, messages sent, sounds played.
COUNT_WHAT_FLOWS = """() => {
  window.flowed = { answers: 0, messages: 0, tracks: 0, streams: 0 };
  const count = (prototype, method, what) => {
    const plain = prototype[method];
    prototype[method] = function (...given) {
      if (given[0] !== null) window.flowed[what] += 1;
      return plain.apply(this, given);
    };
  };
  count(RTCPeerConnection.prototype, 'setRemoteDescription', 'answers');
  count(RTCDataChannel.prototype, 'send', 'messages');
  count(RTCRtpSender.prototype, 'replaceTrack', 'tracks');
  const { set, get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', { get, set(stream) {
    if (stream) window.flowed.streams += 1;
    set.call(this, stream);
  } });
}"""

CALLS = "**/api/v1/doorbells/*/live*"
Tamper = Callable[[str, dict[str, str]], str]


async def record(page: Page, name: str) -> Any:
    """What the page keeps under a name."""
    return await page.evaluate(READ_RECORD, name)


async def keep(page: Page, name: str, value: object) -> None:
    """Put something into the page's memory."""
    await page.evaluate(WRITE_RECORD, [name, value])


async def flowed(page: Page) -> dict[str, int]:
    """What has flowed since COUNT_WHAT_FLOWS."""
    counted: dict[str, int] = await page.evaluate("() => window.flowed")
    return counted


class HostileServer:
    """Changes the doorbell's answers on their way to the page.

    `tamper` gets the SDP and the headers of each answer, may change the headers, and returns the
    SDP that the page gets; `placed` counts the offers.
    """

    def __init__(self, tamper: Tamper) -> None:
        self.placed = 0
        self._tamper = tamper

    @contextlib.asynccontextmanager
    async def before(self, page: Page) -> AsyncIterator[None]:
        """Between this page and the doorbell."""
        await page.route(CALLS, self._answer)
        try:
            yield
        finally:
            await page.unroute(CALLS)

    async def _answer(self, route: Route) -> None:
        self.placed += 1
        response = await route.fetch()
        headers = {**response.headers}
        sdp = self._tamper(await response.text(), headers)
        await route.fulfill(status=response.status, headers=headers, body=sdp)


def without_signature(sdp: str, headers: dict[str, str]) -> str:
    """The answer as it is, unsigned."""
    headers.pop(SIGNATURE_HEADER.lower(), None)
    return sdp
