"""A whole Doorstep in child processes, for the browser tests and the benchmarks.

Ports are chosen by the system, state lives in a folder of its own, and every process is ended by
its own id.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
# Generous: two busy cores start a server, a browser and an encoder at the same time.
START_LIMIT_S = 40.0
STOP_LIMIT_S = 15.0
PAIRING_LINK = re.compile(r"https?://\S+#p=1\.\S+")


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections on loopback."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: str, holds: Callable[[], bool], limit_s: float = START_LIMIT_S) -> None:
    """Poll until `holds()`; TimeoutError names what did not happen."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {limit_s:.0f} s.")
        time.sleep(0.05)


@dataclass
class Process:
    """One `python -m …` with its output in a file."""

    arguments: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    under: tuple[str, ...] = ()
    """A program that starts this one and looks at it, such as valgrind."""
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                [*self.under, sys.executable, "-m", *self.arguments],
                cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            )  # fmt: skip

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.arguments[0]} was not started.")
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def output(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code; one that does not listen is killed."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.send_signal(how)
        try:
            return self._child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()


class Stack:
    """A server and a twin doorbell.

    `with Stack(folder) as stack:` has both running and connected; `stack.address` is the page.
    """

    def __init__(
        self, folder: Path, camera: str = "porch", server_options: tuple[str, ...] = (),
        doorbell_options: tuple[str, ...] = (), environment: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.port = free_port()
        self.address = f"http://localhost:{self.port}"
        self.server = Process(
            ["cloud", "run", "--http-port", str(self.port),
             "--state-directory", str(folder / "cloud"), *server_options],
            folder / "server.log", environment or {},
        )  # fmt: skip
        self.doorbell = Process(
            ["device", "run", "--board", "twin", "--camera", camera, "--server", self.address,
             "--state", str(folder / "device"), *doorbell_options],
            folder / "doorbell.log", environment or {},
        )  # fmt: skip

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.start_server()
            self.doorbell.start()
            wait_until("The doorbell's link", lambda: self._alive(self.online))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def start_server(self) -> None:
        self.server.start()
        wait_until("The server's start", lambda: self._alive(lambda: self.get("/healthz") == 200))

    def stop(self) -> None:
        self.doorbell.stop()
        self.server.stop()

    def online(self) -> bool:
        """Whether the server sees the doorbell's link."""
        return "doorstep_links 1.0" in self.text("/metrics")

    @property
    def control_socket(self) -> Path:
        """Where `hardware.twin.control.send` reaches the twin."""
        return self.folder / "device" / "twin.sock"

    def twin(self, *command: str) -> str:
        """Drive the twin as a person would: `twin("press")`."""
        return self.command("twin", *command, "--state", str(self.folder / "device"))

    def pairing_link(self) -> str:
        """A fresh link for another phone."""
        found = PAIRING_LINK.search(self.command("pair", "--state", str(self.folder / "device")))
        if found is None:
            raise RuntimeError("`device pair` printed no link.")
        return found.group()

    def command(self, *arguments: str) -> str:
        """The output of `python -m device …`; RuntimeError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "device", *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"device {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def get(self, path: str) -> int:
        """The status of a plain GET; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=5) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def text(self, path: str) -> str:
        """The body of a plain GET; empty when nobody answers."""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(self.address + path, timeout=5) as answer,
        ):
            body: bytes = answer.read()
            return body.decode()
        return ""

    def _alive(self, holds: Callable[[], bool]) -> bool:
        for process in (self.server, self.doorbell):
            if process._child is not None and not process.running:
                raise RuntimeError(f"{process.arguments[0]} ended: {process.output[-2000:]}")
        return holds()
