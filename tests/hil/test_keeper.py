"""The lock fails secure: whoever dies or hangs during a pulse, the relay drops."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.keeper.client import KeptLock
from tests.support.hil_bench import Bench
from tests.support.hil_drivers import relay_driver
from tests.support.hil_house import until
from tests.support.hil_keeper import RELAY_VARIABLE, keeper
from tests.support.hil_settings import settings_here

LONG_PULSE_S = 10.0
# The keeper bears a silence of one second; a loaded machine may add some.
DROPS_WITHIN_S = 2.0

Note = Callable[[str, object], None]


@pytest.fixture
def lock_pin() -> int:
    return settings_here().pins.lock


async def test_relay_drops_when_the_doorbell_hangs(
    bench: Bench, lock_pin: int, tmp_path: Path, record_property: Note
) -> None:
    record_property("driver", f"keeper on {relay_driver()}")
    socket = tmp_path / "lock.sock"
    with keeper(socket, lock_pin):
        async with KeptLock(socket) as lock:
            lock.pulse(LONG_PULSE_S)
            assert bench.level(lock_pin)
            began = time.monotonic()
            # This loop stands still now, and with it the beats.
            until("Locking", lambda: not bench.level(lock_pin), DROPS_WITHIN_S)
        record_property("figure", f"{time.monotonic() - began:.2f} s")


async def test_relay_drops_when_the_keeper_is_killed(
    bench: Bench, lock_pin: int, tmp_path: Path, record_property: Note
) -> None:
    record_property("driver", f"keeper on {relay_driver()}")
    if RELAY_VARIABLE in os.environ:
        pytest.skip("A file keeps what a dead process wrote; only the kernel takes a line back.")
    socket = tmp_path / "lock.sock"
    with keeper(socket, lock_pin) as process:
        async with KeptLock(socket) as lock:
            lock.pulse(LONG_PULSE_S)
            assert bench.level(lock_pin)
            os.kill(process.pid, signal.SIGKILL)
            await asyncio.to_thread(
                until, "The relay's fall", lambda: not bench.level(lock_pin), DROPS_WITHIN_S
            )
            assert not lock.unlocked
