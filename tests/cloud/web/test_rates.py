"""Limits on requests: whom they stop, whom they leave alone, and what they cost."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from starlette.types import Message, Scope

from cloud.web.rates import RULES, Rates, rule_of
from cloud.web.windows import BoundedWindows
from protocol.identity import Identity

DOORBELL = "a" * 26
PAIRING = "/api/v1/pairing"
LIVE = f"/api/v1/doorbells/{DOORBELL}/live"
PAIRINGS_A_MINUTE = 20
CALLS_A_MINUTE = 60
HOME = "203.0.113.7"


class Clock:
    """Monotonic time that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Edge:
    """The layer around an application that says 204 to everybody."""

    def __init__(self, factor: float = 1.0) -> None:
        self.clock = Clock()
        self.windows = BoundedWindows(self.clock)
        self._rates = Rates(answer, factor, windows=self.windows)

    async def ask(
        self, method: str, path: str, address: str = HOME, token: str = "", kind: str = "http"
    ) -> list[Message]:
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        scope: Scope = {
            "type": kind, "method": method, "path": path, "query_string": b"",
            "client": (address, 4711), "headers": headers,
        }  # fmt: skip
        if kind == "websocket":
            del scope["method"]
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self._rates(scope, nothing, send)
        return sent

    async def status(self, method: str, path: str, address: str = HOME, token: str = "") -> int:
        status: int = (await self.ask(method, path, address, token))[0]["status"]
        return status


async def nothing() -> Message:
    return {"type": "http.request"}


async def answer(scope: Scope, receive: object, send: object) -> None:
    start = "http.response.start" if scope["type"] == "http" else "websocket.accept"
    await send({"type": start, "status": 204})  # type: ignore[operator]


def signed_by(identity: Identity) -> str:
    return identity.token("api", time.time(), htm="POST", htu=LIVE)


async def test_whoever_comes_too_often_hears_when_to_come_back() -> None:
    edge = Edge()
    for _ in range(PAIRINGS_A_MINUTE):
        assert await edge.status("POST", PAIRING) == 204
        edge.clock.now_s += 1
    start, body = await edge.ask("POST", PAIRING)
    headers = dict(start["headers"])
    wait_s = int(headers[b"retry-after"])
    assert (start["status"], wait_s) == (429, 60 - PAIRINGS_A_MINUTE)
    assert headers[b"content-type"] == b"application/problem+json"
    assert f"Wait {wait_s} s" in json.loads(body["body"])["detail"]
    edge.clock.now_s += wait_s - 1
    assert await edge.status("POST", PAIRING) == 429
    edge.clock.now_s += 1.5
    assert await edge.status("POST", PAIRING) == 204


async def test_slow_guessing_is_bounded_by_the_hour() -> None:
    edge = Edge()
    answered = 0
    for _ in range(3600 // 4):
        answered += await edge.status("POST", PAIRING) == 204
        edge.clock.now_s += 4
    assert answered == 120


async def test_others_are_not_disturbed() -> None:
    edge = Edge()
    for _ in range(PAIRINGS_A_MINUTE + 1):
        await edge.status("POST", PAIRING)
    assert await edge.status("POST", PAIRING, "203.0.113.8") == 204
    assert await edge.status("GET", "/api/v1/doorbells") == 204


async def test_one_mad_phone_does_not_use_up_its_household() -> None:
    edge, mad, other = Edge(), signed_by(Identity.generate()), signed_by(Identity.generate())
    for _ in range(10 * CALLS_A_MINUTE):
        await edge.status("POST", LIVE, token=mad)
    assert await edge.status("POST", LIVE, token=mad) == 429
    assert await edge.status("POST", LIVE, token=other) == 204


async def test_nobody_is_locked_out_by_another_in_his_name() -> None:
    edge, victim = Edge(), Identity.generate()
    for _ in range(CALLS_A_MINUTE + 1):
        last = await edge.status("POST", LIVE, "198.51.100.1", signed_by(victim))
    assert last == 429
    assert await edge.status("POST", LIVE, token=signed_by(victim)) == 204


async def test_many_names_from_one_address_are_one_address() -> None:
    edge = Edge()
    statuses = [
        await edge.status("POST", LIVE, token=f"dsv_{number}_secret") for number in range(300)
    ]
    assert statuses.count(204) == 200


async def test_an_ipv6_line_is_one_address() -> None:
    edge = Edge()
    for number in range(PAIRINGS_A_MINUTE):
        assert await edge.status("POST", PAIRING, f"2001:db8:1:2::{number:x}") == 204
    assert await edge.status("POST", PAIRING, "2001:db8:1:2:ffff::1") == 429
    assert await edge.status("POST", PAIRING, "2001:db8:1:3::1") == 204


async def test_one_address_in_two_forms_is_one() -> None:
    edge = Edge()
    for _ in range(PAIRINGS_A_MINUTE):
        await edge.status("POST", PAIRING, f"::ffff:{HOME}")
    assert await edge.status("POST", PAIRING, HOME) == 429


async def test_a_household_of_ten_comes_back_at_once() -> None:
    """After a power cut: every phone loads the app, reads, opens its stream, and calls."""
    edge = Edge()
    refused = 0
    for _ in range(10):
        token = signed_by(Identity.generate())
        for _ in range(40):
            refused += await edge.status("GET", "/assets/index-1a2b3c.js") == 429
        for path in ("/api/v1/doorbells", "/api/v1/visits", "/api/v1/ice-servers", LIVE) * 5:
            refused += await edge.status("GET", path, token=token) == 429
        for path in ("/api/v1/events", "/api/v1/visits/v1/preview.jpg") * 5:
            refused += await edge.status("GET", path, token=token) == 429
        for path in (f"/api/v1/doorbells/{DOORBELL}/challenge", LIVE) * 3:
            refused += await edge.status("POST", path, token=token) == 429
        for _ in range(30):
            refused += await edge.status("PATCH", "/api/v1/live/abc", token=token) == 429
    assert refused == 0


async def test_links_are_limited_too() -> None:
    edge = Edge()
    for _ in range(60):
        [accepted] = await edge.ask("GET", "/api/v1/link", kind="websocket")
        assert accepted["type"] == "websocket.accept"
    denied = (await edge.ask("GET", "/api/v1/link", kind="websocket"))[0]
    assert (denied["type"], denied["status"]) == ("websocket.http.response.start", 429)


@pytest.mark.parametrize(("factor", "answered"), [(0.1, 2), (2.0, 40), (0, 100)])
async def test_the_setting_stretches_and_switches_off(factor: float, answered: int) -> None:
    edge = Edge(factor)
    statuses = [await edge.status("POST", PAIRING) for _ in range(100)]
    assert statuses.count(204) == answered


async def test_100_000_addresses_take_no_more_memory_than_20_000() -> None:
    edge = Edge()
    tracemalloc.start()
    try:
        for number in range(100_000):
            await edge.ask("GET", "/", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert edge.windows.size == (20_000, 20_000)
    # All of them would take 22 MB.
    assert taken < 8_000_000


async def test_the_moments_of_all_are_bounded_together() -> None:
    windows = BoundedWindows(Clock(), keys=1000, moments=100)
    for number in range(50):
        for _ in range(10):
            assert await windows.acquire_entry(str(number), 10, 60)
    assert windows.size == (10, 100)
    # The latest are kept, and still full.
    assert not await windows.acquire_entry("49", 10, 60)


async def test_what_is_over_is_forgotten() -> None:
    clock = Clock()
    windows = BoundedWindows(clock)
    assert await windows.acquire_entry("a", 1, 60)
    clock.now_s += 61
    assert await windows.get_moving_window("a", 1, 60) == (clock.now_s, 0)
    assert windows.size == (0, 0)


async def test_a_proxy_that_nobody_named_is_mentioned_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scope: Scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"",
        "client": ("10.0.0.2", 4711), "headers": [(b"x-forwarded-for", b"198.51.100.1")],
    }  # fmt: skip

    async def send(message: Message) -> None:
        pass

    for named, lines in ((True, 0), (False, 1)):
        caplog.clear()
        rates = Rates(answer, 1.0, trusts_proxies=named)
        for _ in range(3):
            await rates(scope, nothing, send)
        assert len(caplog.records) == lines
    assert "10.0.0.2" in caplog.text
    assert "http.trusted_proxies" in caplog.text
    assert "198.51.100.1" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", PAIRING, "pairing"),
        ("POST", f"/api/v1/doorbells/{DOORBELL}/challenge", "challenge"),
        ("POST", LIVE, "call"),
        ("PATCH", "/api/v1/live/x", "call update"),
        ("POST", f"/api/v1/doorbells/{DOORBELL}/recordings", "recording"),
        ("DELETE", "/api/v1/recordings/x", "recording update"),
        ("GET", "/api/v1/link", "link"),
        ("GET", "/api/v1/events", "events"),
        ("GET", "/api/v1/visits/v/clip.mp4", "media"),
        ("GET", "/api/v1/visits", "read"),
        ("PUT", "/api/v1/visits/v/snapshot", "change"),
        ("BREW", "/api/v1/\nnone", "change"),
        ("GET", "/metrics", "page"),
        ("POST", "//", "page"),
        ("", "", "page"),
    ],
)
def test_every_request_has_its_rule(method: str, path: str, name: str) -> None:
    assert rule_of(method, path).name == name


def test_what_is_signed_is_counted_for_whom_it_names() -> None:
    unsigned = {rule.name for rule in RULES if not rule.each}
    assert unsigned == {"pairing", "page"}
