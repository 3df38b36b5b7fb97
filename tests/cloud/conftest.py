"""A whole server under uvicorn in the test's own loop, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from cloud.app import Options
from cloud.shared.settings import Doorbells, Http, Settings, State
from protocol.identity import Identity
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving


@pytest.fixture
def gate_key() -> Identity:
    """Of a second doorbell, which the settings list."""
    return Identity.generate()


@pytest.fixture
def settings(tmp_path: Path, gate_key: Identity) -> Settings:
    return Settings(
        http=Http(port=0, app=tmp_path / "app"),
        state=State(directory=tmp_path / "state"),
        doorbells=Doorbells(allowed=(gate_key.id,)),
    )


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    async with serving(settings, Options(answer_timeout_s=1.0, push_over_http=True)) as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def phone(url: str, http: aiohttp.ClientSession) -> SigningPhone:
    return SigningPhone(url, http)


@pytest.fixture
async def doorbell(
    url: str, http: aiohttp.ClientSession, phone: SigningPhone
) -> AsyncIterator[ScriptedDoorbell]:
    """Connected, and paired with `phone`."""
    bell = ScriptedDoorbell(url, http, phones=[known_phone(phone.identity)])
    async with bell.connected():
        yield bell


@pytest.fixture
def cara(url: str, http: aiohttp.ClientSession) -> SigningPhone:
    """A phone of another household, once `gate` is connected."""
    return SigningPhone(url, http)


@pytest.fixture
async def gate(
    url: str, http: aiohttp.ClientSession, gate_key: Identity, cara: SigningPhone
) -> AsyncIterator[ScriptedDoorbell]:
    """Another household's doorbell at the same server, paired with `cara`."""
    phones = [known_phone(cara.identity, "Cara")]
    bell = ScriptedDoorbell(url, http, gate_key, "Gate", phones)
    async with bell.connected():
        yield bell
