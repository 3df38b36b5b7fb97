"""A whole Doorstep on this machine: the units of its packages, as shipped."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

UNITS = ("doorstep-cloud", "doorstep-lock", "doorstep-device")
DEVICE, LOCK = "doorstep-device", "doorstep-lock"
PAIRING_LINK = re.compile(r"https?://\S+#p=1\.\S+")
# A camera, a sound card and a certificate take their time on a small processor.
START_LIMIT_S = 90.0
LOOK_EVERY_S = 0.2


class House:
    """Server, keeper and doorbell, each a unit of systemd."""

    def pairing_link(self) -> str:
        """A fresh link, as `doorstep pair` prints it."""
        found = PAIRING_LINK.search(said("doorstep", "pair"))
        if found is None:
            raise RuntimeError("`doorstep pair` printed no link.")
        return found.group()

    def online(self) -> bool:
        """Whether the doorbell reaches its server."""
        done = subprocess.run(
            ["doorstep", "status"], capture_output=True, text=True, timeout=30, check=False
        )
        return "linked" in done.stdout.lower() and "not linked" not in done.stdout.lower()


def units_are_here() -> bool:
    """Whether this machine runs systemd and has the packages' units."""
    with suppress(OSError, RuntimeError):
        return all(said("systemctl", "cat", f"{unit}.service") for unit in UNITS)
    return False


def is_active(unit: str) -> bool:
    """Whether a unit runs now; False where there is no systemd."""
    try:
        return shown(unit, "ActiveState") in ("active", "activating")
    except (OSError, RuntimeError):
        return False


@contextmanager
def house() -> Iterator[House]:
    """All units started, and stopped again at the end."""
    said("systemctl", "start", *UNITS)
    try:
        here = House()
        until("The server's start", lambda: _answers("http://localhost:8080/healthz"))
        until("The doorbell's link", here.online)
        yield here
    finally:
        said("systemctl", "stop", *reversed(UNITS))


def said(*command: str) -> str:
    """What a command prints; RuntimeError in its own words when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=START_LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def shown(unit: str, what: str) -> str:
    """A property of a unit, as systemd knows it."""
    return said("systemctl", "show", unit, f"--property={what}", "--value").strip()


def until(what: str, holds: Callable[[], bool], limit_s: float = START_LIMIT_S) -> None:
    """Poll until `holds()`; TimeoutError names what did not happen."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {limit_s:.0f} s.")
        time.sleep(LOOK_EVERY_S)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
