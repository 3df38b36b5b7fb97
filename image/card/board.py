"""A virtual arm64 board (qemu) that starts a card, with its console in a file and ssh for a look.

It emulates every instruction: expect a twentieth of a Raspberry Pi 4's speed.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from image.card.errors import BoardError

FIRMWARE = Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
# Where image/card/build.sh puts the boot partition.
BOOT_PARTITION_AT_BYTES = 1 << 20
# A card is larger than its image; the state's partition takes the rest.
CARD_LARGER_BY_BYTES = 1 << 30
# What takes a second on a Pi takes half a minute here. The card stays as it is: systemd hears of
# this from the firmware (systemd.system-credentials(7), systemd.unit-dropin.*).
PATIENCE = "[Service]\nTimeoutStartSec=900\nWatchdogSec=600\n"
PATIENT_UNIT = "doorstep-device.service"
# As a Zero 2 W has.
MEMORY_MIB = 512
LOOK_AGAIN_S = 0.5
# Asked by ssh, an emulated machine takes its time over keys.
SSH_LIMIT_S = 180
POWER_OFF_LIMIT_S = 90
PROGRAMS = ("qemu-system-aarch64", "mcopy", "ssh", "ssh-keygen")


def missing() -> str | None:
    """What this machine lacks to emulate a board, or nothing."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed (qemu-system-arm, mtools, openssh-client)"
    return None if FIRMWARE.exists() else f"{FIRMWARE} is missing (qemu-efi-aarch64)"


def card_from(image: Path, files: Path, card: Path) -> Path:
    """A card as a person would have it: image written, card files copied onto it."""
    if not image.is_file():
        raise BoardError(f"{image} is not there: build it with make image.")
    _run("cp", "--sparse=always", str(image), str(card))
    os.truncate(card, card.stat().st_size + CARD_LARGER_BY_BYTES)
    partition = f"{card}@@{BOOT_PARTITION_AT_BYTES}"
    _run("mcopy", "-o", "-s", "-i", partition, *map(str, sorted(files.iterdir())), "::")
    return card


@dataclass(slots=True)
class VirtualBoard:
    """Powered on while it is entered. Times are seconds since then."""

    card: Path
    console: Path
    port: int = 0
    _qemu: subprocess.Popen[bytes] | None = None
    _on_at_s: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        if (lacking := missing()) is not None:
            raise BoardError(f"No virtual board: {lacking}.")
        self.port = _free_port()
        self._on_at_s = time.monotonic()
        self._qemu = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Cut the power; the card may be of no use after that."""
        qemu, self._qemu = self._qemu, None
        if qemu is not None:
            qemu.kill()
            qemu.wait()

    def wait_for(self, pattern: str, limit_s: float) -> float:
        """When the console says it. BoardError with its last words after `limit_s`."""
        while not re.search(pattern, self.said()):
            if self._qemu is None or self._qemu.poll() is not None:
                raise BoardError(f"The board went off before it said {pattern!r}: {self._end()}")
            if self.seconds_on > limit_s:
                raise BoardError(f"{pattern!r} was not said within {limit_s} s: {self._end()}")
            time.sleep(LOOK_AGAIN_S)
        return self.seconds_on

    def ask(self, person: str, key: Path, command: str) -> str:
        """What a command prints, over ssh; BoardError when it fails."""
        told = subprocess.run(
            ["ssh", "-i", str(key), "-p", str(self.port), *_SSH_OPTIONS, f"{person}@127.0.0.1",
             command],
            capture_output=True, text=True, timeout=SSH_LIMIT_S, check=False,
        )  # fmt: skip
        if told.returncode != 0:
            raise BoardError(f"{command!r} failed: {told.stderr.strip() or told.stdout.strip()}")
        return told.stdout

    def power_off(self, person: str, key: Path) -> float:
        """In order, as a person would; the seconds that it took."""
        began_s = time.monotonic()
        self.ask(person, key, "sudo systemctl --no-block poweroff")
        if self._qemu is not None:
            self._qemu.wait(POWER_OFF_LIMIT_S)
        return time.monotonic() - began_s

    def said(self) -> str:
        """The console so far."""
        return self.console.read_text("utf-8", "replace") if self.console.exists() else ""

    @property
    def seconds_on(self) -> float:
        return time.monotonic() - self._on_at_s

    def _end(self) -> str:
        return self.said()[-2000:]

    def _command(self) -> list[str]:
        return [
            "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2",
            "-accel", "tcg,thread=multi", "-m", str(MEMORY_MIB), "-bios", str(FIRMWARE),
            "-drive", f"file={self.card},format=raw,if=none,id=card,cache=unsafe",
            "-device", "virtio-blk-pci,drive=card", "-device", "virtio-rng-pci",
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22",
            "-device", "virtio-net-pci,netdev=net,romfile=",
            "-smbios", f"type=11,value={_credential(PATIENT_UNIT, PATIENCE)}",
            "-serial", f"file:{self.console}", "-display", "none", "-monitor", "none",
        ]  # fmt: skip


# The board is new each time, so nobody can know its key; and it is on this machine.
_SSH_OPTIONS = (
    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=120",
)  # fmt: skip


def _credential(unit: str, drop_in: str) -> str:
    name = f"io.systemd.credential.binary:systemd.unit-dropin.{unit}"
    return f"{name}={base64.b64encode(drop_in.encode()).decode()}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BoardError(f"{command[0]} could not: {done.stderr.strip()}")
