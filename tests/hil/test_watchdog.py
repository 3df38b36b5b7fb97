"""What systemd does for a doorbell that hangs, and for a keeper that dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.hil.conftest import Absent
from tests.support.hil_house import DEVICE, LOCK, said, shown, units_are_here, until

Note = Callable[[str, object], None]
# WatchdogSec, the time for an orderly abort, RestartSec, and a start on a busy processor.
BACK_WITHIN_S = 120.0


@pytest.fixture
def started(absent: Absent) -> Iterator[None]:
    """The units that open the board, started."""
    if not units_are_here():
        absent("units", "The packages doorstep and doorstep-server are not installed here.")
    said("systemctl", "start", LOCK, DEVICE)
    yield
    said("systemctl", "stop", DEVICE, LOCK)


@pytest.mark.usefixtures("started")
def test_a_doorbell_that_hangs_is_killed_and_started_again(record_property: Note) -> None:
    record_property("driver", "systemd's watchdog, units as shipped")
    hanging, restarts = _running(DEVICE), int(shown(DEVICE, "NRestarts"))
    os.kill(hanging, signal.SIGSTOP)
    began = time.monotonic()
    until("The restart", lambda: int(shown(DEVICE, "NRestarts")) > restarts, BACK_WITHIN_S)
    killed_s = time.monotonic() - began
    until("The new start", lambda: shown(DEVICE, "ActiveState") == "active", BACK_WITHIN_S)
    assert _main(DEVICE) != hanging
    back_s = time.monotonic() - began
    record_property("figure", f"restarted after {killed_s:.0f} s, ready after {back_s:.0f} s")


@pytest.mark.usefixtures("started")
def test_a_keeper_that_dies_is_started_again(record_property: Note) -> None:
    record_property("driver", "systemd, units as shipped")
    dying = _running(LOCK)
    os.kill(dying, signal.SIGKILL)
    until("A new keeper", lambda: _main(LOCK) not in (0, dying), BACK_WITHIN_S)


def _main(unit: str) -> int:
    """Its process; 0 while there is none."""
    return int(shown(unit, "MainPID"))


def _running(unit: str) -> int:
    process = _main(unit)
    if not process:
        pytest.fail(f"{unit} does not run.")
    return process
