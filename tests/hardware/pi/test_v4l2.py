import logging
from pathlib import Path

import pytest

from hardware.pi.v4l2 import V4L2_CID_MPEG_VIDEO_BITRATE, VIDIOC_S_CTRL, control, set_bitrate


def test_the_numbers_are_those_of_the_kernel() -> None:
    raw = pytest.importorskip("linuxpy.video.raw", reason="linuxpy is not installed")
    assert raw.IOC.S_CTRL.value & 0xFFFFFFFF == VIDIOC_S_CTRL
    assert V4L2_CID_MPEG_VIDEO_BITRATE == raw.ControlID.MPEG_VIDEO_BITRATE
    theirs = raw.v4l2_control(id=V4L2_CID_MPEG_VIDEO_BITRATE, value=350_000)
    assert control(V4L2_CID_MPEG_VIDEO_BITRATE, 350_000) == bytes(theirs)


def test_before_the_start_and_after_the_end_there_is_nothing_to_set(tmp_path: Path) -> None:
    assert not set_bitrate(None, 300_000)
    with (tmp_path / "video11").open("wb") as device:
        pass
    assert not set_bitrate(device, 300_000)


def test_a_device_that_refuses_is_told_of_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with (tmp_path / "video11").open("wb") as device:
        assert not set_bitrate(device, 300_000)
    assert "the encoder keeps its rate" in caplog.text
