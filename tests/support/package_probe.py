"""Run inside a tree by its own Python: starts server and doorbell (twin) as the units would.

Prints one line of JSON: when they were ready, what they listen on, how large the doorbell is, what
it says of itself, and how they ended. Needs a network namespace of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import IO

# From linux/sockios.h and linux/if.h.
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
# In /proc/net/tcp.
LISTENS = "0A"
READY_LIMIT_S = 60.0
SERVER = "http://127.0.0.1:8080"
LAUNCH = "/usr/lib/doorstep/launch"


def main() -> None:
    _raise_loopback()
    told: dict[str, object] = {}
    server = _as(
        "doorstep-cloud", f"{LAUNCH} cloud run --config /etc/doorstep/cloud.toml"
        " --state-directory /var/lib/doorstep-cloud",
    )  # fmt: skip
    _until(lambda: _fetched("/") is not None)
    told["app"] = "<html" in (_fetched("/") or "")
    started = time.monotonic()
    bell = _as(
        "doorstep", f"{LAUNCH} device run --board twin --config /etc/doorstep/device.toml"
        " --state /var/lib/doorstep --clock-trusted always",
    )  # fmt: skip
    told["ready"] = _line_with(bell, "is ready")
    told["ready_s"] = time.monotonic() - started
    _until(lambda: "linked" in _doorstep("status"))
    told |= {
        "status": _doorstep("status"),
        "listens": _listeners(bell.pid),
        "server_listens": _listeners(server.pid),
        "pair": _doorstep("pair"),
        "resident_mb": _resident_mb(bell.pid),
    }
    for process in (bell, server):
        process.terminate()
    told["ends"] = [bell.wait(20), server.wait(20)]
    print(json.dumps(told))


def _as(user: str, command: str) -> subprocess.Popen[str]:
    """The service's process itself, not a shell's child."""
    folder = f"/var/lib/{user}"
    subprocess.run(["install", "-d", "-o", user, "-m", "0700", folder], check=True)
    with Path(f"/root/{user}.log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *command.split()],
            stdout=log, stderr=log, text=True, cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip


def _line_with(process: subprocess.Popen[str], words: str) -> str:
    found: list[str] = []

    def there() -> bool:
        found[:] = [line for line in _log("doorstep").splitlines() if words in line]
        if process.poll() is not None:
            raise SystemExit(f"It ended:\n{_log('doorstep')}")
        return bool(found)

    _until(there)
    return found[0]


def _log(user: str) -> str:
    return Path(f"/root/{user}.log").read_text("utf-8")


def _until(true: object) -> None:
    end = time.monotonic() + READY_LIMIT_S
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise SystemExit(f"Waited in vain.\n{_log('doorstep')}\n{_log('doorstep-cloud')}")
        time.sleep(0.05)


def _fetched(path: str) -> str | None:
    try:
        with urllib.request.urlopen(SERVER + path, timeout=5) as answer:
            text: IO[bytes] = answer
            return text.read().decode()
    except OSError:
        return None


def _doorstep(command: str) -> str:
    done = subprocess.run(["doorstep", command], capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def _listeners(pid: int) -> list[str]:
    """Local addresses on which this process listens with TCP, as the kernel writes them."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link)):
            inodes.add(found[1])
    rows = [
        row.split()
        for name in ("tcp", "tcp6")
        for row in Path(f"/proc/{pid}/net/{name}").read_text("ascii").splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == LISTENS and row[9] in inodes]


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    return int(found[1]) / 1000 if found else 0.0


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


if __name__ == "__main__":
    main()
