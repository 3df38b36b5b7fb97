from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.services.health import Health, summary
from protocol.door import DoorState, Fault

WELL = DoorState(lock="locked", light="off")
ILL = DoorState(
    lock="locked",
    light="off",
    faults=(Fault(part="camera", detail="No picture."), Fault(part="server", detail="Away.")),
)


class Manager:
    """systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(2.0)
        self._socket.bind(address.replace("@", "\0", 1))

    def hear(self) -> str:
        return self._socket.recv(1024).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    path = tmp_path / "notify"
    manager = Manager(str(path) if request.param == "file" else f"@doorstep-test-{path}"[:100])
    yield manager
    manager.close()


def test_it_says_ready_status_and_stopping(manager: Manager) -> None:
    health = Health({"NOTIFY_SOCKET": manager.address})
    health.ready()
    health.state(ILL)
    health.stopping()
    assert [manager.hear() for _ in range(3)] == [
        "READY=1", "STATUS=Ready, without camera, server", "STOPPING=1"
    ]  # fmt: skip


async def test_it_feeds_the_watchdog(manager: Manager) -> None:
    health = Health({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await health.run()
    assert [manager.hear() for _ in range(2)] == ["WATCHDOG=1", "WATCHDOG=1"]


async def test_without_a_manager_it_is_silent() -> None:
    health = Health({})
    health.ready()
    health.stopping()
    await health.run()


def test_a_manager_that_is_gone_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Health({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "does not listen" in caplog.text


def test_summary() -> None:
    assert summary(WELL) == "Ready"
    assert summary(WELL.model_copy(update={"ringing": True})) == "Ringing"
    assert summary(ILL) == "Ready, without camera, server"
