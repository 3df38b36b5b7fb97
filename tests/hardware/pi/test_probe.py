"""What there is of a Pi's parts, found without taking them."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hardware.errors import HardwareError, MissingError
from hardware.pi import probe

CARDS = """\
 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 2 [USB            ]: USB-Audio - Jabra SPEAK 510 USB
                      Jabra SPEAK 510 USB at usb-3f980000.usb-1.2, full speed
"""


def test_sound_cards_have_the_names_that_people_know(tmp_path: Path) -> None:
    assert probe.sound_cards(tmp_path) == ()
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(CARDS)
    assert probe.sound_cards(tmp_path) == ("bcm2835 Headphones", "Jabra SPEAK 510 USB")


def test_the_chip_of_an_early_pi_5_is_found_too(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="Run on a Raspberry Pi"):
        probe.gpio_chip(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/gpiochip4").touch()
    assert probe.gpio_chip(tmp_path).name == "gpiochip4"


def libcamera(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """A picamera2 that lists these cameras, or fails."""

    def listed() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    module: Any = ModuleType("picamera2")
    module.Picamera2 = SimpleNamespace(global_camera_info=listed)
    monkeypatch.setitem(sys.modules, "picamera2", module)


def test_cameras_are_named_by_their_sensors(monkeypatch: pytest.MonkeyPatch) -> None:
    libcamera(monkeypatch, [{"Model": "imx708", "Num": 0, "Rotation": 180, "Id": "/base"}])
    assert probe.cameras() == (probe.FoundCamera(0, "imx708", 180),)
    libcamera(monkeypatch, RuntimeError("no media devices"))
    with pytest.raises(HardwareError, match="cannot be listed: no media devices"):
        probe.cameras()


def test_without_the_driver_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for driver in ("picamera2", "lgpio", "pyaudio"):
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingError, match="python3-picamera2"):
        probe.cameras()
    assert not probe.has_lgpio()
    assert not probe.has_pyaudio()


def test_a_keeper_is_found_by_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with pytest.raises(MissingError, match="systemctl start doorstep-lock"):
        probe.find_keeper(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keeper:
        keeper.bind(str(path))
        keeper.listen()
        probe.find_keeper(path)
