"""A real Mosquitto on loopback that tests may start, stop and kill."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.stack import free_port, listens

START_LIMIT_S = 10.0
STOP_LIMIT_S = 5.0
LOOK_EVERY_S = 0.02
# Debian keeps it out of the path of ordinary users.
PROGRAM = "/usr/sbin/mosquitto"


class Mosquitto:
    """`async with Mosquitto(folder) as broker`; `broker.port` stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        config = self._folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, "-c", str(config),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(START_LIMIT_S):
            while not listens(self.port):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY_S)

    async def stop(self) -> None:
        """End it; what it retained is gone, too."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.wait()
