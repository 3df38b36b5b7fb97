"""What systemd hears, on a socket of the test's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.shared.systemd import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(2)
        yield sock


def test_ready_and_stopping_are_said(manager: socket.socket) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": str(manager.getsockname())})
    service.ready()
    service.stopping()
    assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]


async def test_the_watchdog_is_fed_twice_a_period(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": str(manager.getsockname()), "WATCHDOG_USEC": "20000"}
    service = ServiceManager(environment)
    async with asyncio.TaskGroup() as group:
        feeding = group.create_task(service.keep_alive())
        fed = [await asyncio.to_thread(manager.recv, 100) for _ in range(3)]
        feeding.cancel()
    assert fed == [b"WATCHDOG=1"] * 3


async def test_without_a_manager_nothing_is_said() -> None:
    service = ServiceManager({})
    service.ready()
    await service.keep_alive()
