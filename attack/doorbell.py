"""The doorbell under attack: a real process on a twin board, whose lock's pin is watched."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Self

from attack.log import counted
from hardware.twin.control import send
from protocol.audit import AuditRow, AuditWhat
from scripts.stack import PAIRING_LINK, ROOT, Process

START_LIMIT_S = 40.0


class Doorbell:
    """`async with Doorbell(folder, server)`; `edges()` is how often the lock's pin changed."""

    def __init__(self, folder: Path, server: str, *options: str) -> None:
        self._state = folder / "device"
        self._edges_before = 0
        self.process = Process(
            ["device", "run", "--board", "twin", "--server", server, "--state", str(self._state),
             *options],
            folder / "doorbell.log",
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self.process.stop)

    async def start(self) -> None:
        """Returns when it can be driven."""
        self.process.start()
        async with asyncio.timeout(START_LIMIT_S):
            while not (self._state / "doorbell.sock").is_socket():
                if not self.process.running:
                    raise RuntimeError(f"The doorbell ended: {self.process.output[-2000:]}")
                await asyncio.sleep(0.05)

    async def restart(self) -> None:
        """What it kept in memory is gone; the pin's history is added up."""
        self._edges_before = self.edges()
        await asyncio.to_thread(self.process.stop)
        await self.start()

    def edges(self) -> int:
        """Changes of the lock's pin, over restarts."""
        history = send(self._state / "twin.sock", "history", part="lock")["history"]
        return self._edges_before + len(history)

    async def pairing_link(self) -> str:
        """A fresh link, as a person at the doorbell's terminal gets it."""
        found = PAIRING_LINK.search(await self.command("pair"))
        if found is None:
            raise RuntimeError("The doorbell printed no pairing link.")
        return found.group()

    async def command(self, *words: str) -> str:
        """The output of `python -m device …` with this doorbell's state."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "device", *words, "--state", str(self._state)],
            cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=False,
        )  # fmt: skip
        return str(done.stdout)

    async def logged(self, *kinds: AuditWhat) -> int:
        """Happenings of those kinds in the audit log, as its export has them."""
        lines = (await self.command("audit", "export")).splitlines()
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return counted((AuditRow.model_validate_json(row["row"]) for row in rows if "row" in row),
                       *kinds)  # fmt: skip
