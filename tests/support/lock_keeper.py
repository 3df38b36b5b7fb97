"""A real keeper of the lock, as a process of its own, with a file for a relay."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Starting Python on a machine that is busy with other tests.
START_LIMIT_S = 20.0
POLL_S = 0.005


class LockKeeper:
    """The process, its relay and its socket; both files lie in `folder`."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.socket, self.relay = folder / "lock.sock", folder / "relay"
        self._more = more
        self.process = self._start()

    @property
    def is_open(self) -> bool:
        """What the relay itself says."""
        return self.relay.read_bytes() == b"1"

    def start_again(self) -> None:
        """After a kill: a new process for the same relay and socket."""
        self.process.communicate(timeout=START_LIMIT_S)
        self.process = self._start()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        return self.process.wait(START_LIMIT_S)

    def end(self) -> str:
        """Tell it to end; returns its log."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.terminate()
        return self.process.communicate(timeout=START_LIMIT_S)[1]

    def release(self) -> subprocess.CompletedProcess[str]:
        """What systemd does after the keeper's end."""
        return subprocess.run(
            [*self._command(), "--release"],
            cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=False,
        )  # fmt: skip

    def connected(self) -> socket.socket:
        """A doorbell of one's own, to say what no doorbell would say."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.settimeout(START_LIMIT_S)
        line.connect(str(self.socket))
        return line

    def _start(self) -> subprocess.Popen[str]:
        self.socket.unlink(missing_ok=True)
        process = subprocess.Popen(self._command(), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        until(lambda: self._answers() or process.poll() is not None, START_LIMIT_S)
        return process

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            return line.connect_ex(str(self.socket)) == 0

    def _command(self) -> list[str]:
        return [
            sys.executable, "-E", "-s", "-m", "hardware.keeper",
            "--relay", f"file:{self.relay}", "--socket", str(self.socket), *self._more,
        ]  # fmt: skip


@contextmanager
def lock_keeper(folder: Path, *more: str) -> Iterator[LockKeeper]:
    """A keeper for the time of a test."""
    keeper = LockKeeper(folder, *more)
    try:
        yield keeper
    finally:
        keeper.end()


def until(holds: Callable[[], bool], limit_s: float) -> float:
    """Wait until that holds; returns the seconds it took. TimeoutError when it never does."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > limit_s:
            raise TimeoutError("It did not come about in time.")
        time.sleep(POLL_S)
    return time.monotonic() - began
