"""Web Push against a push service on loopback that keeps what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.push import webpush
from cloud.push.compose import Notice, compose
from cloud.push.vapid import VapidKey
from cloud.push.webpush import ATTEMPTS, LONGEST_WAIT_S, WebPush
from protocol.pairing import decode
from tests.support.autopush import Autopush
from tests.support.push_browser import PushBrowser
from tests.support.visits import visit

SUBJECT = "mailto:door@example.org"
RING = compose(Notice("rang", visit(), "Front door"), "en")


class Waits(list[float]):
    """A sleep that takes no time and remembers how long it should have been."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
async def service() -> AsyncIterator[Autopush]:
    async with Autopush() as running:
        yield running


@pytest.fixture
def key() -> VapidKey:
    return VapidKey(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def sender(key: VapidKey, waits: Waits) -> AsyncIterator[WebPush]:
    async with WebPush(key, SUBJECT, allow_http=True, sleep=waits) as running:
        yield running


async def test_a_ring_is_encrypted_for_the_browser(service: Autopush, sender: WebPush) -> None:
    browser = PushBrowser()
    assert await sender.send(browser.target(service.endpoint("one")), RING) == "sent"
    assert browser.read(service.posts[0].body) == RING


async def test_a_ring_goes_out_urgent_with_a_life_and_a_topic(
    service: Autopush, sender: WebPush
) -> None:
    await sender.send(PushBrowser().target(service.endpoint("one")), RING)
    headers = service.posts[0].headers
    assert headers["TTL"] == "60"
    assert headers["Urgency"] == "high"
    assert headers["Topic"].startswith("ring-")
    assert headers["Content-Encoding"] == "aes128gcm"


async def test_each_service_gets_its_own_audience(
    service: Autopush, sender: WebPush, key: VapidKey
) -> None:
    async with Autopush() as other:
        for each in (service, other):
            await sender.send(PushBrowser().target(each.endpoint("one")), RING)
        for each in (service, other):
            claims = _claims(each.posts[0].headers["Authorization"], key)
            assert claims["aud"] == f"http://127.0.0.1:{each.port}"
            assert claims["sub"] == SUBJECT


@pytest.mark.parametrize("status", [404, 410])
async def test_an_unknown_subscription_is_gone(
    service: Autopush, sender: WebPush, status: int
) -> None:
    service.answers.append((status, {}))
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "gone"
    assert len(service.posts) == 1


async def test_a_busy_service_is_asked_again_when_it_says(
    service: Autopush, sender: WebPush, waits: Waits
) -> None:
    service.answers.extend([(429, {"Retry-After": "3"}), (503, {"Retry-After": "7"})])
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "sent"
    assert waits == [3.0, 7.0]


async def test_a_date_in_retry_after_is_understood(
    service: Autopush, sender: WebPush, waits: Waits
) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)
    service.answers.append((503, {"Retry-After": when}))
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "sent"
    assert 9 < waits[0] <= 12


@pytest.mark.parametrize("nonsense", ["soon", "-5", ""])
async def test_an_unreadable_retry_after_is_our_own_choice(
    service: Autopush, sender: WebPush, waits: Waits, nonsense: str
) -> None:
    service.answers.append((429, {"Retry-After": nonsense}))
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "sent"
    assert 0 <= waits[0] <= LONGEST_WAIT_S


async def test_a_service_that_stays_busy_is_given_up(
    service: Autopush, sender: WebPush, waits: Waits
) -> None:
    service.answers.extend([(503, {})] * 10)
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "failed"
    assert len(service.posts) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1


async def test_no_ring_waits_an_hour(service: Autopush, sender: WebPush, waits: Waits) -> None:
    service.answers.append((429, {"Retry-After": "3600"}))
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "failed"
    assert waits == []


async def test_a_refusal_is_not_repeated(service: Autopush, sender: WebPush) -> None:
    service.answers.append((403, {}))
    assert await sender.send(PushBrowser().target(service.endpoint("one")), RING) == "failed"
    assert len(service.posts) == 1


async def test_an_absent_service_is_tried_again_and_then_left(
    sender: WebPush, waits: Waits, unused_tcp_port: int
) -> None:
    target = PushBrowser().target(f"http://127.0.0.1:{unused_tcp_port}/push/one")
    assert await sender.send(target, RING) == "failed"
    assert len(waits) == ATTEMPTS - 1


async def test_a_hanging_service_is_left_in_time(
    service: Autopush, key: VapidKey, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webpush, "ANSWER_TIMEOUT_S", 0.05)
    service.hang = True
    async with WebPush(key, SUBJECT, allow_http=True, sleep=waits) as impatient:
        target = PushBrowser().target(service.endpoint("one"))
        assert await impatient.send(target, RING) == "failed"


async def test_keys_that_are_no_keys_end_the_subscription(
    service: Autopush, sender: WebPush
) -> None:
    target = PushBrowser().target(service.endpoint("one"))
    broken = target.model_copy(update={"p256dh": "AAAA"})
    assert await sender.send(broken, RING) == "gone"
    assert service.posts == []


async def test_plain_http_is_refused_outside_tests(service: Autopush, key: VapidKey) -> None:
    async with WebPush(key, SUBJECT) as strict:
        assert await strict.send(PushBrowser().target(service.endpoint("one")), RING) == "gone"
    assert service.posts == []


@pytest.mark.parametrize("subject", ["", "door@example.org", "mailto:door", "http://example.org"])
def test_a_subject_that_services_refuse_is_refused_at_start(key: VapidKey, subject: str) -> None:
    with pytest.raises(ValueError, match=r"mailto:name@example\.org"):
        WebPush(key, subject)


async def test_closing_twice_is_fine(key: VapidKey) -> None:
    async with WebPush(key, SUBJECT) as sender:
        await sender.close()


def _claims(authorization: str, key: VapidKey) -> dict[str, str]:
    """The claims, after the checks that a push service makes (RFC 8292)."""
    scheme, _, parameters = authorization.partition(" ")
    token, shown = (part.partition("=")[2] for part in parameters.split(","))
    assert scheme == "vapid"
    assert shown == key.public_key
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(shown))
    claims: dict[str, str] = jwt.decode(
        token, point, ["ES256"], options={"verify_aud": False, "require": ["exp", "sub"]}
    )
    return claims
