import sys
from pathlib import Path

import pytest

from hardware.errors import HardwareError, MissingError
from hardware.registry import BoardOptions, open_board


def test_an_unknown_board_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match=r"no board 'twinn'\. Did you mean 'twin'\? .* twin, pi"):
        open_board("twinn", BoardOptions())


def test_a_missing_video_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="There is no camera"):
        open_board("twin", BoardOptions(camera=str(tmp_path / "street.mp4")))


def test_a_mistyped_camera_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(MissingError, match="Did you mean 'porch'"):
        open_board("twin", BoardOptions(camera="proch"))


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("not a video")
    with pytest.raises(MissingError, match=r"letter\.mp4 cannot be read as a video"):
        open_board("twin", BoardOptions(camera=str(path)))


def test_a_missing_sound_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="There is no file"):
        open_board("twin", BoardOptions(sound=str(tmp_path / "street.wav")))


async def test_a_usb_camera_that_is_not_plugged_in_is_refused_when_opened() -> None:
    board = open_board("twin", BoardOptions(camera="/dev/video97"))
    with pytest.raises(MissingError, match="There is no camera at /dev/video97"):
        async with board:
            pass


def test_the_pi_board_without_its_drivers_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(HardwareError, match="sudo apt install python3-lgpio"):
        open_board("pi", BoardOptions())


def test_opening_the_twin_loads_no_driver_of_the_pi() -> None:
    open_board("twin", BoardOptions())
    assert not {"picamera2", "lgpio", "pyaudio", "hardware.pi.camera"} & _loaded()


def _loaded() -> set[str]:
    # A fresh process, because other tests of this one load the Pi's modules.
    import subprocess

    code = (
        "import sys; from hardware.registry import *;"
        "open_board('twin', BoardOptions()); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())
