"""Web Push: encrypted for one browser, signed by the server, handed to the browser's service."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import pywebpush  # type: ignore[import-untyped]
from py_vapid import Vapid02, VapidException  # type: ignore[import-untyped]

from cloud.push.delivery import Delivery, delivery_of
from cloud.push.targets import Result
from cloud.push.vapid import VapidKey
from protocol.api import PushMessage, WebPushTarget

logger = logging.getLogger(__name__)

# A push service answers within a second; a ring that waited longer for one is late anyway.
ANSWER_TIMEOUT_S = 10.0
ATTEMPTS = 3
# Longer than this a push service may not make us wait: the ring would be over.
LONGEST_WAIT_S = 20.0
FIRST_WAIT_S = 1.0
# The subscription is unknown (404) or was given up (410): RFC 8030 sections 5 and 7.3.
_GONE = frozenset({404, 410})
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class WebPush:
    """Sends to browsers. An async context manager: it owns its connections."""

    def __init__(
        self,
        key: VapidKey,
        subject: str,
        *,
        allow_http: bool = False,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`subject` is a mailto: or https: contact; `allow_http` is for push services of tests.

        Raises ValueError when push services would refuse the subject.
        """
        self._signer = key.signer()
        _check_subject(self._signer, subject)
        self._subject = subject
        self._schemes = ("https://", "http://") if allow_http else ("https://",)
        self._sleep = sleep
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(self, target: WebPushTarget, message: PushMessage) -> Result:
        """Hand one message over, trying again where the service asks for it; never raises."""
        if not target.endpoint.startswith(self._schemes):
            logger.warning("A push subscription without https is refused.")
            return "gone"
        delivery = delivery_of(message)
        text = message.model_dump_json(exclude_none=True)
        for attempt in range(1, ATTEMPTS + 1):
            result = await self._post(target, text, delivery)
            if not isinstance(result, float):
                return result
            wait_s = result or random.uniform(0, FIRST_WAIT_S * 2**attempt)
            if attempt == ATTEMPTS or wait_s > LONGEST_WAIT_S:
                break
            await self._sleep(wait_s)
        logger.warning("The push service %s did not take a message.", _host(target))
        return "failed"

    async def _post(self, target: WebPushTarget, text: str, delivery: Delivery) -> Result | float:
        """One attempt: its result, or the seconds to wait before another (0: we choose)."""
        try:
            await pywebpush.webpush_async(
                {
                    "endpoint": target.endpoint,
                    "keys": {"p256dh": target.p256dh, "auth": target.auth},
                },
                text,
                vapid_private_key=self._signer,
                # A fresh one each time: pywebpush writes the endpoint's audience into it.
                vapid_claims={"sub": self._subject},
                ttl=delivery.ttl_s,
                headers=delivery.headers(),
                # Always explicit: pywebpush's own default switches the session's off.
                timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S),
                aiohttp_session=self._http,
            )
        except pywebpush.WebPushException as error:
            return _after(error, target)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.info("The push service %s cannot be reached: %r", _host(target), type(error))
            return 0.0
        except VapidException as error:
            logger.warning("A push to %s cannot be signed: %s", _host(target), error)
            return "failed"
        except (ValueError, TypeError) as error:
            # Keys that are no point of the curve stay so.
            logger.warning("A push subscription cannot be used: %r", type(error))
            return "gone"
        return "sent"


def _check_subject(signer: Vapid02, subject: str) -> None:
    try:
        signer.sign({"sub": subject, "aud": "https://push.example.org"})
    except VapidException as error:
        raise ValueError(
            f"{subject!r} is no contact for push services. Write it as mailto:name@example.org."
        ) from error


def _after(error: pywebpush.WebPushException, target: WebPushTarget) -> Result | float:
    status = error.status_code
    if status is None or status in _GONE:
        # Without a status the subscription's own keys were refused before anything was sent.
        return "gone"
    if status in _TRY_AGAIN:
        return _seconds(error.retry_after)
    logger.warning("The push service %s refused a message: HTTP %s.", _host(target), status)
    return "failed"


def _seconds(retry_after: str | None) -> float:
    """Retry-After (RFC 9110 section 10.2.3) in seconds; 0 when it is absent or unreadable."""
    if not retry_after:
        return 0.0
    try:
        if retry_after.isdigit():
            return float(retry_after)
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, when.timestamp() - time.time())


def _host(target: WebPushTarget) -> str:
    return urlsplit(target.endpoint).hostname or "without a name"
