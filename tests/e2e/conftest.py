"""The whole product in child processes, and a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from scripts.browser import chromium
from scripts.stack import Stack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A running server and twin; their logs are shown when the test fails."""
    with Stack(tmp_path) as running:
        yield running
    print(running.server.output, running.doorbell.output)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened
