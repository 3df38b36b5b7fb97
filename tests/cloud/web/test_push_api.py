"""Subscriptions, and a ring that reaches a push service on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.pairing import encode
from tests.support.scripted_doorbell import ScriptedDoorbell
from tests.support.signing_phone import SigningPhone

PATH = "/api/v1/push/subscriptions"
PATIENCE_S = 5.0


@dataclass
class PushService:
    """Takes what the server pushes."""

    url: str = ""
    status: int = 201
    taken: asyncio.Queue[web.BaseRequest] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.BaseRequest) -> web.Response:
        await request.read()
        self.taken.put_nowait(request)
        return web.Response(status=self.status)

    async def next(self) -> web.BaseRequest:
        async with asyncio.timeout(PATIENCE_S):
            return await self.taken.get()


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    service = PushService()
    runner = web.ServerRunner(web.Server(service.take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/push/1"
    yield service
    await runner.cleanup()


def subscription(endpoint: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    target = {"type": "webpush", "endpoint": endpoint, "p256dh": encode(point),
              "auth": encode(b"a" * 16)}  # fmt: skip
    return json.dumps({"target": target, "language": "de"}).encode()


async def test_the_test_button_really_pushes(
    doorbell: ScriptedDoorbell, phone: SigningPhone, service: PushService
) -> None:
    assert (await phone.ask("POST", "/api/v1/push/test")).problem.status == 409
    assert (await phone.ask("POST", PATH, subscription(service.url))).status == 204
    assert (await phone.ask("POST", "/api/v1/push/test")).status == 204
    pushed = await service.next()
    assert pushed.headers["Content-Encoding"] == "aes128gcm"
    key = (await phone.send("GET", "/api/v1/push/key")).json["public_key"]
    assert key in pushed.headers["Authorization"]


async def test_a_ring_is_pushed(
    doorbell: ScriptedDoorbell, phone: SigningPhone, service: PushService
) -> None:
    await phone.ask("POST", PATH, subscription(service.url))
    await doorbell.open_visit("visit-0001")
    await doorbell.ring("visit-0001")
    assert (await service.next()).headers["Urgency"] == "high"


async def test_a_push_service_that_fails_delays_nothing(
    doorbell: ScriptedDoorbell, phone: SigningPhone, service: PushService
) -> None:
    service.status = 410
    await phone.ask("POST", PATH, subscription(service.url))
    assert (await phone.ask("POST", "/api/v1/push/test")).problem.status == 502
    # Gone for good: the register has forgotten it.
    assert (await phone.ask("POST", "/api/v1/push/test")).problem.status == 409


async def test_unsubscribing_one_or_all(
    doorbell: ScriptedDoorbell, phone: SigningPhone, service: PushService
) -> None:
    body = subscription(service.url)
    await phone.ask("POST", PATH, body)
    await phone.ask("POST", PATH, subscription(service.url + "2"))
    assert (await phone.ask("DELETE", PATH, body)).status == 204
    assert (await phone.ask("POST", "/api/v1/push/test")).status == 204
    assert (await phone.ask("DELETE", PATH)).status == 204
    assert (await phone.ask("POST", "/api/v1/push/test")).status == 409


@pytest.mark.parametrize(
    "body",
    [b"{", b"{}", b'{"target":{"type":"webpush","endpoint":"file:///x","p256dh":"a","auth":"b"}}',
     b'{"target":{"type":"pigeon"}}'],
)  # fmt: skip
async def test_a_malformed_subscription_is_a_problem(
    doorbell: ScriptedDoorbell, phone: SigningPhone, body: bytes
) -> None:
    assert (await phone.ask("POST", PATH, body)).problem.status == 400
    assert (await phone.ask("POST", "/api/v1/push/test")).status == 409


async def test_too_many_subscriptions_are_refused(
    doorbell: ScriptedDoorbell, phone: SigningPhone, service: PushService
) -> None:
    for number in range(8):
        await phone.ask("POST", PATH, subscription(f"{service.url}{number}"))
    reply = await phone.ask("POST", PATH, subscription(f"{service.url}9"))
    assert (reply.status, reply.problem.title) == (409, "Too many subscriptions")
