"""The whole service with its lock kept by another process, killed and stopped while it is open."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from protocol.audit import AuditHead
from protocol.control import Denied
from protocol.identity import PublicKey
from tests.support.carrier import Carrier
from tests.support.doorbell_process import Running, doorbell
from tests.support.lock_keeper import LockKeeper, lock_keeper, until
from tests.support.phone import LoopPhone
from tests.support.signed_unlock import slide, unlock

# Longer than it takes to kill the process; the pulse is under way for certain.
PULSE_S = "10"
# What is promised, whatever becomes of the doorbell.
DROP_LIMIT_S = 1.5


@asynccontextmanager
async def opened(
    folder: Path, keeper: LockKeeper, pulse_s: str = PULSE_S
) -> AsyncIterator[tuple[Running, LoopPhone, PublicKey]]:
    """A doorbell whose door a phone has just opened."""
    options = ("--lock-pulse-s", pulse_s, "--lock-keeper", str(keeper.socket))
    async with doorbell(folder, *options) as running, LoopPhone() as phone:
        server = Carrier(await running.server.line())
        await server.line.welcome()
        key = await server.pair(phone, folder)
        await server.call(phone, key, "call-0001")
        await phone.until(lambda: any(isinstance(reply, AuditHead) for reply in phone.replies))
        assert not keeper.is_open
        await unlock(phone, key)
        assert keeper.is_open
        yield running, phone, key


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_killed_or_stopped_during_a_pulse_the_relay_goes_at_once(
    tmp_path: Path, number: signal.Signals
) -> None:
    with lock_keeper(tmp_path) as keeper:
        async with opened(tmp_path, keeper) as (running, *_):
            running.process.send_signal(number)
            until(lambda: not keeper.is_open, DROP_LIMIT_S)


async def test_a_pulse_is_as_long_as_it_was_told(tmp_path: Path) -> None:
    with lock_keeper(tmp_path) as keeper:
        async with opened(tmp_path, keeper, "2.5") as (running, *_):
            # Beats come from the doorbell's own loop, beside a call and its encoder.
            await asyncio.sleep(1.5)
            assert keeper.is_open
            await asyncio.to_thread(until, lambda: not keeper.is_open, 3.0)
            log = await running.stop()
            assert running.process.returncode == 0, log
        assert "unlocked for 2.5 s" in keeper.end()


async def test_without_its_keeper_the_door_stays_shut_and_the_phone_is_told(
    tmp_path: Path,
) -> None:
    with lock_keeper(tmp_path) as keeper:
        async with opened(tmp_path, keeper, "0.5") as (_, phone, key):
            await asyncio.to_thread(until, lambda: not keeper.is_open, 2.0)
            keeper.signal(signal.SIGKILL)
            keeper.wait()
            # The doorbell may still take the pulse for running.
            await asyncio.sleep(0.5)
            _, reply = await slide(phone, key, first_id=3)
            assert isinstance(reply, Denied)
            assert reply.reason == "fault"
            assert "sudo systemctl start doorstep-lock" in reply.detail
