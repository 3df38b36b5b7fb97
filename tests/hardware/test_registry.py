import sys
from pathlib import Path

import pytest

from hardware.errors import MissingError
from hardware.patient import absence
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


async def test_a_usb_camera_that_is_not_plugged_in_may_come_later() -> None:
    options = BoardOptions(camera="/dev/video97", width=320, height=180)
    async with open_board("twin", options) as board:
        assert "There is no camera at /dev/video97" in str(absence(board.camera))
        assert board.camera.low.format == options.low
        board.lock.pulse(1)


async def test_the_pi_board_without_its_drivers_opens_and_names_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for driver in ("lgpio", "picamera2", "pyaudio"):
        monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    async with open_board("pi", BoardOptions(lock_socket=tmp_path / "none")) as board:
        for part in (board.button, board.motion, board.light, board.chime, board.indicator):
            assert "sudo apt install python3-lgpio" in str(absence(part))
        assert "python3-picamera2" in str(absence(board.camera))
        assert "python3-pyaudio" in str(absence(board.microphone))
        assert "python3-pyaudio" in str(absence(board.speaker))
        assert "doorstep-lock" in str(absence(board.lock))


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
