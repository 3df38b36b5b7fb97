"""A whole server under uvicorn in the test's own loop, and people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from cloud.app import Options
from cloud.shared.settings import Http, Settings, State
from tests.support.scripted_doorbell import ScriptedDoorbell, known_phone
from tests.support.signing_phone import SigningPhone
from tests.support.whole_server import serving


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        http=Http(port=0, app=tmp_path / "app"), state=State(directory=tmp_path / "state")
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
