"""What the doorbell asks of its recorder over HTTP: WHIP (RFC 9725) and the snapshot.

Tolerant of recorders by others: a relative Location, no ETag, redirects to another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from media.outgoing import STARTS_HEADER
from protocol.base import SDP_LIMIT_BYTES

# Within a household the answer comes in milliseconds; this covers a bad uplink.
REQUEST_LIMIT_S = 10.0
# A load balancer sends us on once; more is a circle.
REDIRECT_LIMIT = 3
# Whatever an overloaded recorder says: a visit is over by then.
RETRY_AFTER_LIMIT_S = 300.0
# Only these keep the method and the body (RFC 9110 section 15.4).
REDIRECTS = frozenset({307, 308})
# Asking again with the same bytes cannot help.
HOPELESS = frozenset({400, 405, 406, 413, 415, 422})
# The session is not there any more.
GONE = frozenset({404, 410})


class RecorderError(RuntimeError):
    """The recorder did not do it; the text is one sentence. `retry_after_s` is its own wish."""

    def __init__(
        self, text: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def hopeless(self) -> bool:
        """Whether the same request will never succeed."""
        return self.status in HOPELESS


class WhipClient:
    """Requests to one server; `token()` is asked for every single one."""

    def __init__(
        self, http: aiohttp.ClientSession, server: str, doorbell: str, token: Callable[[], str]
    ) -> None:
        self._http = http
        self._api = URL(server.rstrip("/")) / "api" / "v1"
        self._doorbell = doorbell
        self._token = token

    async def open(self, visit: str, offer: str, starts_ms: int) -> tuple[str, URL]:
        """Open a session; returns the SDP answer and the session's address."""
        url = (self._api / "doorbells" / self._doorbell / "recordings").with_query(visit=visit)
        headers = {"Content-Type": "application/sdp", STARTS_HEADER: str(starts_ms)}
        async with await self._request("POST", url, headers, offer.encode()) as response:
            location = response.headers.get("Location")
            if location is None:
                raise RecorderError("The recorder did not say where its session is.")
            return await _text(response), _followed(response.url, location)

    async def end(self, session: URL) -> None:
        """End a session; one that has ended already is as good."""
        try:
            async with await self._request("DELETE", session, {}, b""):
                return
        except RecorderError as error:
            if error.status not in GONE:
                raise

    async def snapshot(self, visit: str, jpeg: bytes) -> None:
        """Store the picture of a visit."""
        url = self._api / "visits" / visit / "snapshot"
        async with await self._request("PUT", url, {"Content-Type": "image/jpeg"}, jpeg):
            return

    async def _request(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        """A successful response, after redirects; RecorderError otherwise."""
        for _ in range(REDIRECT_LIMIT + 1):
            response = await self._send(method, url, headers, body)
            if response.status // 100 == 2:
                return response
            response.release()
            if response.status not in REDIRECTS or "Location" not in response.headers:
                raise _refusal(response)
            url = _followed(response.url, response.headers["Location"])
        raise RecorderError("The recorder sends us round in circles.")

    async def _send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        try:
            return await self._http.request(
                method, url, data=body, allow_redirects=False,
                headers={**headers, "Authorization": f"Bearer {self._token()}"},
                timeout=aiohttp.ClientTimeout(total=REQUEST_LIMIT_S),
            )  # fmt: skip
        except TimeoutError as error:
            raise RecorderError("The recorder does not answer. Check the network.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            text = "The recorder cannot be reached. Check that the server runs."
            raise RecorderError(text) from error


def _followed(from_: URL, location: str) -> URL:
    try:
        url = from_.join(URL(location))
    except ValueError as error:
        raise RecorderError("The recorder sends us to an address that is none.") from error
    if from_.scheme == "https" and url.scheme != "https":
        raise RecorderError("The recorder sends us to an address without encryption.")
    return url


async def _text(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > SDP_LIMIT_BYTES:
                raise RecorderError("The recorder's answer is too long.")
        return body.decode("utf-8")
    except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
        raise RecorderError("The recorder's answer cannot be read.") from error


def _refusal(response: aiohttp.ClientResponse) -> RecorderError:
    text = f"The recorder refused (HTTP {response.status})."
    if response.status in (401, 403):
        text = f"The recorder does not accept this doorbell (HTTP {response.status})."
    if response.status == 503:
        text = "The recorder has no room at the moment."
    wait_s = _seconds(response.headers.get("Retry-After"))
    return RecorderError(text, response.status, wait_s)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds (RFC 9110 section 10.2.3), or None when it says nothing."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdecimal():
            wait_s = float(retry_after)
        else:
            wait_s = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_LIMIT_S)
