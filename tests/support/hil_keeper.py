"""The lock's keeper as a process of its own, on this machine's relay."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hardware

# In place of a GPIO line, as the keeper's --relay takes it.
RELAY_VARIABLE = "DOORSTEP_HIL_RELAY"
START_LIMIT_S = 20.0


@contextmanager
def keeper(socket: Path, pin: int) -> Iterator[subprocess.Popen[bytes]]:
    """A keeper that listens at `socket`; RuntimeError with its own words when it ends early."""
    relay = os.environ.get(RELAY_VARIABLE)
    command = [sys.executable, "-m", "hardware.keeper", "--socket", str(socket)]
    command += ["--relay", relay] if relay else ["--pin", str(pin)]
    folder = Path(hardware.__file__).parents[1]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) as process:
        try:
            _await(process, socket)
            yield process
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], socket: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            words = process.stderr.read().decode() if process.stderr else ""
            raise RuntimeError(f"The keeper did not start: {words.strip()}")
        time.sleep(0.02)
