"""The recorder's answers, of every kind, and what the doorbell makes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web

from device.services.whip import RETRY_AFTER_LIMIT_S, RecorderError, WhipClient
from tests.support.whip_server import Reply, WhipServer, reply


@pytest.fixture
async def server() -> AsyncIterator[WhipServer]:
    async with WhipServer().serving() as server:
        yield server


@pytest.fixture
async def whip(server: WhipServer) -> AsyncIterator[WhipClient]:
    async with aiohttp.ClientSession() as http:
        yield WhipClient(http, server.url, "doorbell", lambda: "token")


def answer(body: str | bytes, **headers: str) -> Reply:
    raw = body.encode() if isinstance(body, str) else body
    return lambda request: web.Response(status=201, body=raw, headers=headers)


@pytest.mark.parametrize("location", ["/api/v1/recordings/7", "../../recordings/7", None])
async def test_an_answer_tells_the_session(
    server: WhipServer, whip: WhipClient, location: str | None
) -> None:
    absolute = f"{server.url}/api/v1/recordings/7"
    server.replies = [answer("v=0", Location=location or absolute)]
    sdp, session = await whip.open("visit-0001", "offer", 1)
    assert (sdp, str(session)) == ("v=0", absolute)


@pytest.mark.parametrize(("given", "why"), [
    (answer("v=0"), "where its session"),
    (answer(b"\xff", Location="/x"), "cannot be read"),
    (answer("x" * 100_000, Location="/x"), "too long"),
    (reply(401), "does not accept"),
    (reply(503), "no room"),
    (reply(418), "HTTP 418"),
    (reply(302, Location="/x"), "HTTP 302"),
    (reply(307), "HTTP 307"),
    (reply(307, Location="http://[/"), "address that is none"),
])  # fmt: skip
async def test_what_the_recorder_does_wrong_is_said(
    server: WhipServer, whip: WhipClient, given: Reply, why: str
) -> None:
    server.replies = [given]
    with pytest.raises(RecorderError, match=why):
        await whip.open("visit-0001", "offer", 1)


async def test_a_circle_of_redirects_ends(server: WhipServer, whip: WhipClient) -> None:
    server.replies = [reply(307, Location="/round")] * 10
    with pytest.raises(RecorderError, match="circles"):
        await whip.open("visit-0001", "offer", 1)
    assert set(server.tokens) == {"Bearer token"}


@pytest.mark.parametrize(("said", "wait_s"), [
    ("7", 7.0),
    ("99999999", RETRY_AFTER_LIMIT_S),
    ("soon", None),
    (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0.0),
    (format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), RETRY_AFTER_LIMIT_S),
])  # fmt: skip
async def test_the_recorder_says_when_to_come_back(
    server: WhipServer, whip: WhipClient, said: str, wait_s: float | None
) -> None:
    server.replies = [reply(503, Retry_After=said)]
    with pytest.raises(RecorderError) as caught:
        await whip.open("visit-0001", "offer", 1)
    assert caught.value.retry_after_s == wait_s
    assert not caught.value.hopeless


async def test_ending_a_session_that_has_gone_is_no_error(
    server: WhipServer, whip: WhipClient
) -> None:
    server.replies = [answer("v=0", Location="/s"), reply(404), reply(500)]
    _, session = await whip.open("visit-0001", "offer", 1)
    await whip.end(session)
    with pytest.raises(RecorderError, match="500"):
        await whip.end(session)
