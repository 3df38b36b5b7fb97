import asyncio
import logging
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.contracts import check_lock
from hardware.errors import BusyError, ClosedError, MissingError, StalledError
from hardware.keeper import client
from hardware.keeper.client import KeptLock
from hardware.keeper.core import PULSES_AT_ONCE
from hardware.patient import present, renewed
from hardware.patient_parts import PatientLock
from tests.support.lock_keeper import START_LIMIT_S, LockKeeper, lock_keeper, until

# As tests/hardware/keeper/test_process.py has it.
DROP_LIMIT_S = 1.5


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[LockKeeper]:
    with lock_keeper(tmp_path) as keeper:
        yield keeper


async def locked(lock: KeptLock, limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        while lock.unlocked:  # noqa: ASYNC110 - the keeper tells nobody else
            await asyncio.sleep(0.01)


async def test_it_is_a_lock_like_any_other(keeper: LockKeeper) -> None:
    await check_lock(KeptLock(keeper.socket), lambda: keeper.is_open)


async def test_the_loops_beats_keep_a_long_pulse_alive(keeper: LockKeeper) -> None:
    async with KeptLock(keeper.socket) as lock:
        lock.pulse(2.0)
        await asyncio.sleep(1.7)
        assert lock.unlocked
        assert keeper.is_open
        await locked(lock, 2.0)
        assert not keeper.is_open


async def test_a_loop_that_hangs_loses_the_pulse(keeper: LockKeeper) -> None:
    async with KeptLock(keeper.socket) as lock:
        lock.pulse(10.0)
        # Nothing else runs on this thread, as in a loop that hangs.
        until(lambda: not keeper.is_open, DROP_LIMIT_S)
        assert not lock.unlocked


async def test_without_a_keeper_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"sudo systemctl start doorstep-lock"):
        async with KeptLock(tmp_path / "nobody"):
            pass


async def test_a_second_doorbell_is_told_of_the_first(keeper: LockKeeper) -> None:
    async with KeptLock(keeper.socket) as lock:
        with pytest.raises(BusyError, match="held by another doorbell"):
            async with KeptLock(keeper.socket):
                pass
        lock.pulse(1.0)
        assert keeper.is_open
    async with KeptLock(keeper.socket):
        pass


async def test_a_keeper_that_hangs_is_given_up_and_locks_when_it_comes_round(
    keeper: LockKeeper,
) -> None:
    async with KeptLock(keeper.socket) as lock:
        keeper.signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(StalledError, match="sudo systemctl restart doorstep-lock"):
            lock.pulse(10.0)
        assert time.monotonic() - began < client.ANSWER_LIMIT_S + 0.5
        with pytest.raises(MissingError):
            lock.pulse(10.0)
        keeper.signal(signal.SIGCONT)
        await until_served(lock)
        assert not keeper.is_open


async def test_one_that_hangs_from_the_start_is_told_of(keeper: LockKeeper) -> None:
    keeper.signal(signal.SIGSTOP)
    with pytest.raises(StalledError, match="does not answer"):
        async with KeptLock(keeper.socket):
            pass


async def test_a_keeper_that_was_restarted_is_found_again(
    keeper: LockKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="hardware")
    async with KeptLock(keeper.socket) as lock:
        lock.pulse(10.0)
        keeper.signal(signal.SIGKILL)
        keeper.wait()
        await locked(lock, 1.0)
        with pytest.raises(MissingError, match="sudo systemctl start doorstep-lock"):
            lock.pulse(1.0)
        with pytest.raises(MissingError):
            lock.secure()
        await asyncio.to_thread(keeper.start_again)
        await until_served(lock)
        lock.pulse(1.0)
        assert keeper.is_open
    assert caplog.messages == [
        "the lock's process is there",
        "unlocked for 10.0 s",
        "the lock's process is gone; the door stays locked until it is back",
        "the lock's process is there",
        "unlocked for 1.0 s",
        "locked",
    ]


async def test_a_doorbell_that_only_looks_learns_that_its_keeper_is_gone(
    keeper: LockKeeper,
) -> None:
    async with PatientLock("lock", lambda: KeptLock(keeper.socket)) as lock:
        assert not await present(lock)
        keeper.signal(signal.SIGKILL)
        keeper.wait()
        with pytest.raises(MissingError, match="sudo systemctl start doorstep-lock"):
            await present(lock)
        await asyncio.to_thread(keeper.start_again)
        await renewed(lock)
        assert not await present(lock)
        lock.pulse(1.0)
        assert keeper.is_open


async def test_too_many_pulses_are_refused_in_a_sentence(keeper: LockKeeper) -> None:
    async with KeptLock(keeper.socket) as lock:
        for _ in range(PULSES_AT_ONCE):
            lock.pulse(1.0)
            lock.secure()
        with pytest.raises(BusyError, match="opened too often"):
            lock.pulse(1.0)
        assert not keeper.is_open


async def test_a_keeper_that_talks_nonsense_serves_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        talking = asyncio.get_running_loop().run_in_executor(None, talk_nonsense, listener)
        lock = KeptLock(path)
        with pytest.raises(MissingError):
            await lock.__aenter__()
        (await talking).close()
    assert not lock.unlocked
    with pytest.raises(ClosedError):
        lock.pulse(1.0)


def talk_nonsense(listener: socket.socket) -> socket.socket:
    line, _ = listener.accept()
    line.send(b"\xff" * 200)
    return line


async def until_served(lock: KeptLock) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while True:
            try:
                lock.secure()
                return
            except (MissingError, StalledError):
                await asyncio.sleep(0.05)
