"""The whole service as a process: a twin, a server that a test leads, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from device.services.admin import ask
from hardware.twin.control import send
from protocol.link import Hello, Report, State, VisitClosed, VisitMoment, VisitOpened
from protocol.pairing import Invitation
from scripts.stack import free_port
from tests.support.link_server import Line, LinkServer, link_server

ROOT = Path(__file__).resolve().parents[2]
# A cold start with an encoder on a busy machine.
START_LIMIT_S = 30.0


@dataclass
class Running:
    process: Process
    state: Path
    server: LinkServer
    printed: str

    async def stop(self) -> str:
        """Ask it to end; what it logged."""
        self.process.terminate()
        async with asyncio.timeout(10):
            _, log = await self.process.communicate()
        return log.decode()


@contextlib.asynccontextmanager
async def doorbell(state: Path, *more: str) -> AsyncIterator[Running]:
    async with link_server() as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "device", "run", "--state", str(state), "--server", server.url,
            "--camera-width", "320", "--camera-height", "240", "--camera-fps", "10",
            "--name", "Garden gate", *more, stdout=PIPE, stderr=PIPE, cwd=ROOT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(START_LIMIT_S):
                printed = await _greeting(process)
            yield Running(process, state, server, printed)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _greeting(process: Process) -> str:
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(4)]
    return b"".join(lines).decode()


async def _reports(line: Line, count: int) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        message = await line.hear()
        if isinstance(message, Report):
            what = message.what
            match what:
                case VisitOpened(cause=cause):
                    names.append(f"opened by {cause}")
                case VisitMoment(moment=moment):
                    names.append(moment.what)
                case VisitClosed(outcome=outcome):
                    names.append(f"closed, {outcome}")
        else:
            assert isinstance(message, State)
    return names


async def test_a_doorbell_rings_pairs_and_stops(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running:
        assert running.printed.startswith("Garden gate is ready.\n  board   twin\n")
        assert running.server.url in running.printed
        line = await running.server.line()
        hello = await line.hear()
        assert isinstance(hello, Hello)
        assert hello.name == "Garden gate"
        await line.welcome()

        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]

        link = str((await asyncio.to_thread(ask, tmp_path, "pair"))["link"])
        address, _, fragment = link.partition("/#")
        assert address == running.server.url
        assert Invitation.parse(fragment).device_id == hello.device_id

        status = await asyncio.to_thread(ask, tmp_path, "status")
        assert status["linked"] is True
        assert json.dumps(status["phones"]) == "[]"

        running.process.terminate()
        assert await _reports(line, 2) == ["missed", "closed, missed"]
        log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log
        assert not (tmp_path / "doorbell.sock").exists()


async def test_a_ring_needs_neither_broker_nor_recorder(tmp_path: Path) -> None:
    """The server of this test records nothing, and nobody is at the broker's port."""
    broker = ("--mqtt-host", "127.0.0.1", "--mqtt-port", str(free_port()))
    async with doorbell(tmp_path, *broker) as running:
        line = await running.server.line()
        await line.hear()
        await line.welcome()
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]
        history = await asyncio.to_thread(send, tmp_path / "twin.sock", "history")
        assert "chime" in json.dumps(history)
        status = await asyncio.to_thread(ask, tmp_path, "status")
        assert "Check that it runs" in status["faults"]["broker"]
        running.process.terminate()
        assert await _reports(line, 2) == ["missed", "closed, missed"]
        log = await running.stop()
        assert running.process.returncode == 0, log
        assert "Traceback" not in log


async def test_a_second_doorbell_leaves_the_first_alone(tmp_path: Path) -> None:
    async with doorbell(tmp_path) as running:
        line = await running.server.line()
        await line.hear()
        await line.welcome()
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "device", "run", "--state", str(tmp_path),
            stdout=PIPE, stderr=PIPE, cwd=ROOT,
        )  # fmt: skip
        async with asyncio.timeout(START_LIMIT_S):
            _, said = await second.communicate()
        assert second.returncode == 2
        assert said.decode().startswith(f"A doorbell already runs with its state in {tmp_path}.")
        await asyncio.to_thread(send, tmp_path / "twin.sock", "press")
        assert await _reports(line, 2) == ["opened by press", "rang"]
