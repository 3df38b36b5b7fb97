"""What there is of a Pi's parts. None is taken, so that a running doorbell is not disturbed."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from hardware.errors import HardwareError, MissingError

CARDS = Path("proc/asound/cards")
# The header's chip: the first one on every model (fourth on a Pi 5 with an early kernel).
CHIPS = ("dev/gpiochip0", "dev/gpiochip4")
KEEPER_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera as libcamera names it."""

    number: int
    sensor: str
    rotation: int


def cameras() -> tuple[FoundCamera, ...]:
    """All cameras. MissingError without the driver, HardwareError when it fails."""
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise MissingError(
            "The camera driver is not installed. Install it with:"
            " sudo apt install --no-install-recommends python3-picamera2"
        ) from error
    try:
        found = Picamera2.global_camera_info()
    except (RuntimeError, OSError) as error:
        raise HardwareError(f"The cameras cannot be listed: {error}. Restart the Pi.") from error
    return tuple(
        FoundCamera(int(one.get("Num", number)), str(one.get("Model", "?")),
                    int(one.get("Rotation", 0)))
        for number, one in enumerate(found)
    )  # fmt: skip


def gpio_chip(root: Path = Path("/")) -> Path:
    """The chip of the header's pins. MissingError when it is not there or not for us."""
    chip = next((root / name for name in CHIPS if (root / name).exists()), None)
    if chip is None:
        raise MissingError("There is no GPIO chip. Run on a Raspberry Pi.")
    if not os.access(chip, os.R_OK | os.W_OK):
        raise MissingError(f"{chip} is not for this user. Run: sudo usermod -aG gpio $USER")
    return chip


def has_lgpio() -> bool:
    """Whether the GPIO driver is installed."""
    try:
        import lgpio
    except ImportError:
        return False
    return lgpio is not None


def has_pyaudio() -> bool:
    """Whether the sound driver is installed."""
    try:
        import pyaudio
    except ImportError:
        return False
    return pyaudio is not None


def sound_cards(root: Path = Path("/")) -> tuple[str, ...]:
    """The names of all sound cards, as settings may name them."""
    try:
        text = (root / CARDS).read_text("utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(re.findall(r"^\s*\d+ \[[^]]*\]:.* - (.+?)\s*$", text, re.M))


def find_keeper(path: Path) -> None:
    """Return when the lock's keeper listens. MissingError when nobody does."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(KEEPER_LIMIT_S)
            line.connect(str(path))
    except PermissionError as error:
        raise MissingError(
            f"{path} is not for this user. Run the check as the doorbell's: sudo doorstep check"
        ) from error
    except OSError as error:
        raise MissingError(
            "The lock's process is not there. Start it: sudo systemctl start doorstep-lock"
        ) from error
