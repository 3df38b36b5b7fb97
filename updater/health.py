"""Whether the doorbell rings: what the service manager says of it, and what it says of itself."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from updater.errors import UpdateError

log = logging.getLogger(__name__)

UNIT = "doorstep-device.service"
SOCKET = Path("/var/lib/doorstep/doorbell.sock")
# A healthy doorbell stays the same process for so long; a crash at the first picture shows by then.
STEADY_S = 20.0
# Start on a Pi Zero 2 W takes 20 s, and its service is given 60 s before it is tried again.
READY_LIMIT_S = 150.0
LOOK_EVERY_S = 1.0
# The doorbell answers from memory.
ANSWER_LIMIT_S = 5.0
ANSWER_LIMIT_BYTES = 64 * 1024
# The service manager answers at once; starting and stopping is not waited for.
SYSTEMCTL_LIMIT_S = 30.0
# Without these it is no doorbell. Whatever else may fail for reasons of its own.
VITAL = ("camera", "button", "lock")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a running doorbell says of itself."""

    version: str
    busy: bool
    faults: tuple[str, ...]

    @property
    def working(self) -> tuple[str, ...]:
        """The vital parts that have no fault."""
        return tuple(part for part in VITAL if part not in self.faults)


class Clock(Protocol):
    """Monotonic time that can be waited for."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Service(Protocol):
    """The doorbell as the service manager sees it."""

    def restart(self) -> None:
        """Stop it and start it from the slot in force; returns at once. UpdateError."""

    def process(self) -> int | None:
        """Its process if it is active, which means that it has reported ready."""


class Doorbell(Protocol):
    """The doorbell as it speaks."""

    def ask(self) -> Answer | None:
        """None when it does not answer."""


class SystemClock:
    """The real one."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemdService:
    """By systemctl(1)."""

    def __init__(self, unit: str = UNIT) -> None:
        self._unit = unit

    def restart(self) -> None:
        self._systemctl("restart", "--no-block", self._unit)

    def process(self) -> int | None:
        told = self._systemctl("show", "-p", "ActiveState", "-p", "MainPID", self._unit)
        facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        number = facts.get("MainPID", "0")
        alive = facts.get("ActiveState") == "active" and number.isdigit() and number != "0"
        return int(number) if alive else None

    def _systemctl(self, *words: str) -> str:
        try:
            done = subprocess.run(
                ("systemctl", *words), capture_output=True, text=True, check=True,
                timeout=SYSTEMCTL_LIMIT_S,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise UpdateError(
                "fault", f"The service manager cannot be asked about {self._unit}. Restart the Pi."
            ) from error
        return done.stdout


class DoorbellLine:
    """By the socket in the doorbell's state folder."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path

    def ask(self) -> Answer | None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(ANSWER_LIMIT_S)
                line.connect(str(self._path))
                line.sendall(b'{"do": "status"}\n')
                told = json.loads(line.makefile("rb").readline(ANSWER_LIMIT_BYTES))
            return _answer_in(told)
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.debug("the doorbell does not answer: %s", type(error).__name__)
            return None


def trouble_after_start(
    service: Service,
    doorbell: Doorbell,
    clock: Clock,
    version: str,
    worked: tuple[str, ...],
    *,
    steady_s: float,
    limit_s: float,
) -> str | None:
    """Watch a start of `version`: None once it stays ready, else what is wrong with it.

    `worked` are the parts that have to work as they did before. UpdateError.
    """
    end_s = clock.now() + limit_s
    seen: int | None = None
    since_s, trouble = clock.now(), ""
    while clock.now() < end_s:
        process = service.process()
        trouble = _trouble(process, doorbell, version, worked)
        if trouble or process != seen:
            seen, since_s = (None if trouble else process), clock.now()
        elif clock.now() - since_s >= steady_s:
            return None
        clock.sleep(LOOK_EVERY_S)
    return trouble or "it did not stay up"


def _trouble(process: int | None, doorbell: Doorbell, version: str, worked: tuple[str, ...]) -> str:
    if process is None:
        return "it did not become ready"
    answer = doorbell.ask()
    if answer is None:
        return "it did not answer"
    if answer.version != version:
        return f"version {answer.version} answered instead"
    lost = [part for part in worked if part in answer.faults]
    return f"its {lost[0]} no longer worked" if lost else ""


def _answer_in(told: dict[str, object]) -> Answer:
    faults = told.get("faults")
    return Answer(
        version=str(told["version"]),
        busy=told.get("busy") is True,
        faults=tuple(faults) if isinstance(faults, dict) else (),
    )
