"""A real keeper and real doorbells, killed, stopped and talking nonsense."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hardware.limits import LOCK_PULSE_LIMIT_S
from tests.support.lock_keeper import ROOT, START_LIMIT_S, LockKeeper, lock_keeper, until

# What is promised, whatever becomes of the doorbell.
DROP_LIMIT_S = 1.5
# A busy test machine gives a process its turn within this time.
TURN_S = 1.0
NOBODY = 65534

DOORBELL = """
import socket, sys, time
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect(sys.argv[1])
print(line.recv(64).decode(), flush=True)
line.send(sys.argv[2].encode())
print(line.recv(64).decode(), flush=True)
while True:
    line.send(b"beat")
    time.sleep(0.1)
"""
HANGS = """
import socket, sys, time
from hardware.keeper.service import Keeper

class Stuck:
    def set(self, on):
        print("on" if on else "off", flush=True)
        if not on:
            time.sleep(60)

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen()
Keeper(Stuck(), listener, frozenset({int(sys.argv[2])}), print).run()
"""


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[LockKeeper]:
    with lock_keeper(tmp_path) as keeper:
        yield keeper


@contextmanager
def doorbell(keeper: LockKeeper, asks: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", DOORBELL, str(keeper.socket), asks],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=START_LIMIT_S)


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def opened(keeper: LockKeeper, seconds: str = "10") -> socket.socket:
    line = keeper.connected()
    assert line.recv(64) == b"locked"
    line.send(f"pulse {seconds}".encode())
    assert line.recv(64).startswith(b"open")
    assert keeper.is_open
    return line


def broke_off(line: socket.socket, packet: bytes) -> bool:
    """Whether the keeper hangs up on somebody who only talks."""
    try:
        for _ in range(100_000):
            line.send(packet)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_doorbell_that_dies_or_hangs_lets_the_relay_go(
    keeper: LockKeeper, number: signal.Signals
) -> None:
    with doorbell(keeper, "pulse 10") as process:
        assert lines(process, 2) == ["locked", "open 10.000"]
        time.sleep(0.3)
        assert keeper.is_open
        process.send_signal(number)
        until(lambda: not keeper.is_open, DROP_LIMIT_S)


def test_a_doorbell_that_beats_has_its_pulse_and_no_more(keeper: LockKeeper) -> None:
    with doorbell(keeper, "pulse 1.5") as process:
        assert lines(process, 2) == ["locked", "open 1.500"]
        began = time.monotonic()
        until(lambda: not keeper.is_open, 1.5 + TURN_S)
        assert time.monotonic() - began > 1.2


def test_no_pulse_is_longer_than_the_limit(keeper: LockKeeper) -> None:
    with doorbell(keeper, "pulse 3600") as process:
        assert lines(process, 2) == ["locked", f"open {LOCK_PULSE_LIMIT_S:.3f}"]


def test_a_doorbell_that_goes_lets_the_relay_go(keeper: LockKeeper) -> None:
    opened(keeper).close()
    until(lambda: not keeper.is_open, TURN_S)


@pytest.mark.parametrize("packet", [b"open sesame", b"\0" * 64, b"pulse nan", b"x" * 100_000])
def test_nonsense_lets_the_relay_go(keeper: LockKeeper, packet: bytes) -> None:
    with opened(keeper) as line:
        line.send(packet)
        until(lambda: not keeper.is_open, TURN_S)
        assert [line.recv(64), line.recv(64), line.recv(64)] == [b"locked", b"nonsense", b""]
    with keeper.connected() as line:
        assert line.recv(64) == b"locked"


def test_a_flood_of_words_makes_no_pulse_longer(keeper: LockKeeper) -> None:
    with opened(keeper, "0.5") as line:
        began = time.monotonic()
        while keeper.is_open and time.monotonic() - began < 0.5 + TURN_S:
            line.send(b"beat")
        assert not keeper.is_open


def test_whoever_does_not_listen_is_dropped(keeper: LockKeeper) -> None:
    with opened(keeper) as line:
        line.settimeout(TURN_S)
        assert broke_off(line, b"secure")
        assert not keeper.is_open
    with keeper.connected() as line:
        assert line.recv(64) == b"locked"


def test_a_flood_of_guests_does_not_disturb(keeper: LockKeeper) -> None:
    with opened(keeper, "5") as line:
        for _ in range(300):
            with keeper.connected() as other:
                assert other.recv(64) == b"busy"
                line.send(b"beat")
        assert keeper.is_open
        line.send(b"secure")
        until(lambda: not keeper.is_open, TURN_S)


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can try as another user.")
def test_other_users_are_not_served() -> None:
    with TemporaryDirectory() as folder, lock_keeper(Path(folder)) as keeper:
        # Even where the files would let them.
        Path(folder).chmod(0o711)
        keeper.socket.chmod(0o666)
        os.seteuid(NOBODY)
        try:
            line = keeper.connected()
        finally:
            os.seteuid(0)
        with line:
            assert line.recv(64) == b""
        assert f"user {NOBODY} is refused" in keeper.end()


def test_its_socket_is_for_the_owner_and_the_group(keeper: LockKeeper) -> None:
    assert keeper.socket.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_keeper_that_is_told_to_end_locks(keeper: LockKeeper, number: signal.Signals) -> None:
    with opened(keeper) as line:
        keeper.signal(number)
        assert keeper.wait() == 0
        assert not keeper.is_open
        assert line.recv(64) == b"locked"


def test_what_a_killed_keeper_left_open_is_released(keeper: LockKeeper) -> None:
    with opened(keeper):
        keeper.signal(signal.SIGKILL)
        keeper.wait()
        # As a pin of a Pi does that is not told otherwise.
        assert keeper.is_open
        assert keeper.release().returncode == 0
        assert not keeper.is_open


def test_a_new_keeper_begins_locked(keeper: LockKeeper) -> None:
    with opened(keeper):
        keeper.signal(signal.SIGKILL)
        keeper.wait()
    keeper.start_again()
    assert not keeper.is_open


def test_a_keeper_that_hangs_in_a_pulse_is_ended_by_the_kernel(tmp_path: Path) -> None:
    path = tmp_path / "lock.sock"
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, str(path), str(os.geteuid())],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        until(lambda: line.connect_ex(str(path)) == 0, START_LIMIT_S)
        line.send(b"pulse 0.3")
        assert process.wait(START_LIMIT_S) == -signal.SIGALRM
    assert process.communicate()[0].startswith("the doorbell is here\non\nunlocked for 0.3 s\noff")


def test_two_keepers_cannot_have_one_relay(keeper: LockKeeper) -> None:
    second = keeper.release()
    assert second.returncode == 1
    assert re.search(r"is held by another keeper\. Stop that one\.$", second.stderr.strip())


def test_every_change_is_one_line(keeper: LockKeeper) -> None:
    with opened(keeper, "2") as line:
        line.send(b"secure")
        assert line.recv(64) == b"locked"
    log = keeper.end().splitlines()
    begin = log.index("unlocked for 2.0 s")
    assert log[begin - 1] == "the doorbell is here"
    assert log[begin + 1 :] in (
        ["locked", "the doorbell is gone", "told to end"],
        # It may be told to end before it has seen the doorbell go.
        ["locked", "told to end"],
    )


def test_systemd_hears_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(START_LIMIT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        with lock_keeper(tmp_path) as keeper, opened(keeper):
            heard: list[str] = []
            while heard.count("WATCHDOG=1") < 5 or heard[-1] != "WATCHDOG=1":
                heard.append(manager.recv(256).decode())
    assert heard[0] == "READY=1"
    assert "STATUS=Locked, without a doorbell" in heard
    assert "STATUS=Unlocked, serving a doorbell" in heard
