from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from device.services import ice
from device.services.ice import BorrowedIce
from protocol.api import IceServer, IceServers
from protocol.identity import Identity, verify_token

DOORBELL = Identity.generate()
NOW_S = 1.8e9
TURN = IceServer(urls=("turn:turn.example.org",), username="u", credential="c")


@dataclass
class Lender:
    """A server that answers with what the test has laid out, in order."""

    url: str = ""
    answers: list[IceServers | str | int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def lend(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        answer = self.answers.pop(0) if self.answers else 503
        self.asked.release()
        if isinstance(answer, int):
            return web.Response(status=answer)
        text = answer if isinstance(answer, str) else answer.model_dump_json()
        return web.Response(text=text, content_type="application/json")


@pytest.fixture
async def lender() -> AsyncIterator[Lender]:
    lender, app = Lender(), web.Application()
    app.router.add_get("/api/v1/ice-servers", lender.lend)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    lender.url = f"http://{host}:{port}"
    yield lender
    await runner.cleanup()


@contextlib.asynccontextmanager
async def borrowing(lender: Lender, times: int) -> AsyncIterator[BorrowedIce]:
    """Someone who has asked so often, and has taken the last answer."""
    book = BorrowedIce(lender.url, DOORBELL, lambda: NOW_S)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        life = group.create_task(book.run())
        for _ in range(times + 1):
            await lender.asked.acquire()
        yield book
        life.cancel()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_EVERY_S", "REFRESH_EVERY_S", "SOONEST_S"):
        monkeypatch.setattr(ice, name, 0.01)


async def test_what_the_server_lends_is_used(lender: Lender) -> None:
    lender.answers = [IceServers(ice_servers=(TURN,), expires_ms=round((NOW_S + 3600) * 1000))]
    async with borrowing(lender, 1) as book:
        (server,) = book.servers()
    assert (server.urls, server.username, server.credential) == (list(TURN.urls), "u", "c")
    assert verify_token(lender.tokens[0], DOORBELL.public, "link", NOW_S)


@pytest.mark.parametrize("answer", [503, 401, "no json", '{"ice_servers": 1}'])
async def test_a_server_that_lends_nothing_is_asked_again(
    lender: Lender, answer: int | str
) -> None:
    lender.answers = [answer, IceServers(ice_servers=(TURN,))]
    async with borrowing(lender, 2) as book:
        assert len(book.servers()) == 1


async def test_what_has_run_out_is_not_used(lender: Lender) -> None:
    lender.answers = [IceServers(ice_servers=(TURN,), expires_ms=round((NOW_S - 1) * 1000))]
    async with borrowing(lender, 1) as book:
        assert book.servers() == ()


def test_without_a_server_calls_use_host_addresses() -> None:
    assert BorrowedIce("http://127.0.0.1:9", DOORBELL, lambda: NOW_S).servers() == ()


async def test_a_doorbell_that_was_unknown_asks_when_it_is_welcome(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice, "RETRY_EVERY_S", 3600.0)
    monkeypatch.setattr(ice, "REFRESH_EVERY_S", 3600.0)
    lender.answers = [401, IceServers(ice_servers=(TURN,))]
    book = BorrowedIce(lender.url, DOORBELL, lambda: NOW_S)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        life = group.create_task(book.run())
        await lender.asked.acquire()
        book.hurry()
        await lender.asked.acquire()
        while not book.servers():  # noqa: ASYNC110 - the last answer is on its way
            await asyncio.sleep(0.005)
        book.hurry()
        await asyncio.sleep(0)
        life.cancel()
    assert len(lender.tokens) == 2
