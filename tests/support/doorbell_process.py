"""A doorbell as a process of its own, with a twin's board and a server that a test leads."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.link_server import LinkServer, link_server

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
