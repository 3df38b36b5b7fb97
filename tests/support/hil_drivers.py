"""The real drivers by name and version, for the table at the end of a run on real parts."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

STAND_IN = "files in place of lgpio"


def camera_driver() -> str:
    """picamera2 and libcamera, and the pipeline that drives the sensor."""
    libcamera = _module("libcamera")
    if libcamera is None:
        return "none"
    manager = libcamera.CameraManager.singleton()
    model = str(manager.cameras[0].id) if manager.cameras else "no camera"
    release = str(manager.version).partition("+")[0].removeprefix("v")
    return f"picamera2 {_version('picamera2')} on libcamera {release}, {model}"


def sound_driver() -> str:
    """PyAudio and what it plays on."""
    pyaudio = _module("pyaudio")
    if pyaudio is None:
        return "none"
    cards = Path("/proc/asound/cards")
    real = cards.exists() and "no soundcards" not in cards.read_text("utf-8")
    return f"PyAudio {pyaudio.__version__} on {'an ALSA card' if real else 'PulseAudio'}"


def pin_driver() -> str:
    """gpiozero and what moves its pins."""
    lgpio = _module("lgpio")
    if lgpio is None:
        return "none"
    real = hasattr(lgpio, "gpiochip_get_info") or hasattr(lgpio, "gpio_get_chip_info")
    under = f"lgpio {_version('lgpio')}" if real else STAND_IN
    return f"gpiozero {_version('gpiozero')} on {under}"


def relay_driver() -> str:
    """What the lock's keeper moves."""
    return "the kernel's GPIO lines" if list(Path("/dev").glob("gpiochip*")) else "a file"


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of the system"
