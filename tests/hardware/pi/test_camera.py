"""The Pi's camera on a stand-in for picamera2, with both kinds of encoder."""

import asyncio
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.bridge import now_us
from hardware.contracts import check_camera
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError, StalledError
from hardware.options import Optics
from hardware.pi import picamera
from hardware.pi.camera import PiCamera
from hardware.pi.model import Model
from media.frames import VideoFormat
from tests.support.small_picamera2 import Bench, SmallPicamera2, install

VIDEO = VideoFormat(320, 180, 30, 300_000)
LOW = VideoFormat(160, 90, 30, 150_000)
FORMATS = (VIDEO, LOW, LOW)
PI_4 = Model("Raspberry Pi 4", "4", 2048, Path("/dev/video11"))
PI_5 = Model("Raspberry Pi 5", "5", 4096, None)
SHORT_STALL_S = 0.3


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def stall(bench: Bench, camera: PiCamera) -> None:
    """No picture comes any more; one may be on its way."""
    bench.frozen = True
    with pytest.raises(StalledError):
        async for _ in camera.frames():
            pass


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = install(monkeypatch)
    yield bench
    assert all(camera.closed.is_set() for camera in bench.cameras)


@pytest.mark.parametrize("pixels", ["YUV420", "NV12"])
async def test_with_its_own_encoder_it_is_a_camera(bench: Bench, pixels: str) -> None:
    bench.pixels = pixels
    await check_camera(PiCamera(FORMATS, model=PI_4), has_close_up=False)


@pytest.mark.parametrize("pixels", ["YUV420", "NV12"])
async def test_without_one_it_is_a_camera_with_a_close_up(bench: Bench, pixels: str) -> None:
    bench.pixels = pixels
    await check_camera(PiCamera(FORMATS, model=PI_5))


async def test_only_what_is_taken_has_an_encoder(bench: Bench) -> None:
    async with PiCamera(FORMATS, model=PI_5) as camera:
        whole, low = camera.frames(), camera.low.frames()
        await anext(whole)
        assert len(bench.camera.encoders) == 1
        await anext(low)
        assert len(bench.camera.encoders) == 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await anext(low)
        assert len(bench.camera.encoders) == 1


async def test_the_camera_is_told_how_to_look(bench: Bench) -> None:
    optics = Optics(rotation=180, focus_distance_m=2.0)
    async with PiCamera(FORMATS, optics, model=PI_5):
        told = bench.camera.camera_configuration()
    assert told["transform"] == {"hflip": True, "vflip": True}
    assert told["controls"]["LensPosition"] == 0.5
    assert told["sensor"] == {"output_size": (2304, 1296)}
    assert (told["main"]["size"], told["lores"]["size"]) == ((320, 180), (160, 90))


async def test_a_camera_that_only_sets_its_rate_is_told_no_more(bench: Bench) -> None:
    bench.controls = frozenset({"FrameDurationLimits", "FaceDetectMode"})
    async with PiCamera(FORMATS, model=PI_5):
        assert set(bench.camera.camera_configuration()["controls"]) == {"FrameDurationLimits"}


@pytest.mark.parametrize("model", [PI_4, PI_5])
async def test_after_a_stall_the_next_taker_restarts_the_camera(
    bench: Bench, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with PiCamera(FORMATS, model=model, stall_timeout_s=SHORT_STALL_S) as camera:
        camera.set_bitrate(200_000)
        frames = camera.frames()
        await anext(frames)
        low = camera.low.frames()
        await anext(low)
        bench.frozen = True
        with pytest.raises(StalledError, match="Check its cable"):
            async for _ in frames:
                pass
        with pytest.raises(StalledError):
            async for _ in low:
                pass
        bench.frozen = False
        assert (await anext(camera.frames())).keyframe
        assert (await anext(camera.low.frames())).keyframe
    first, second = bench.cameras
    assert first.closed.is_set()
    assert "the camera is restarted" in caplog.text
    assert len(second.encoders) == 0


async def test_a_rate_outlives_a_restart(bench: Bench) -> None:
    async with PiCamera(FORMATS, model=PI_4, stall_timeout_s=SHORT_STALL_S) as camera:
        camera.set_bitrate(200_000)
        await stall(bench, camera)
        bench.frozen = False
        await anext(camera.frames())
        (encoder,) = bench.camera.encoders
        assert encoder.bitrate == 200_000


async def test_a_camera_that_is_gone_after_a_stall_is_missing(bench: Bench) -> None:
    async with PiCamera(FORMATS, model=PI_5, stall_timeout_s=SHORT_STALL_S) as camera:
        await stall(bench, camera)
        bench.count = 0
        with pytest.raises(MissingError, match="No camera is connected"):
            await anext(camera.frames())
        with pytest.raises(StalledError, match="being restarted"):
            await anext(camera.low.frames())
        bench.count, bench.frozen = 1, False
        assert (await anext(camera.frames())).keyframe


@pytest.mark.parametrize("model", [PI_4, PI_5])
async def test_a_camera_of_another_kind_is_refused_in_one_sentence(
    bench: Bench, model: Model
) -> None:
    bench.pixels = "YUYV"
    with pytest.raises(HardwareError, match=r"yields YUYV, which is not encoded here\. Use a"):
        async with PiCamera(FORMATS, model=model):
            pass


async def test_a_wrong_clock_of_the_sensor_does_no_harm(bench: Bench) -> None:
    bench.metadata = {"SensorTimestamp": 1_000}
    async with PiCamera(FORMATS, model=PI_5) as camera:
        assert abs((await anext(camera.frames())).at_us - now_us()) < 1_000_000


async def test_the_journal_is_left_to_our_own_sentences(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIBCAMERA_LOG_LEVELS", raising=False)
    async with PiCamera(FORMATS, model=PI_5):
        assert not logging.getLogger("picamera2.picamera2").isEnabledFor(logging.ERROR)
        # Where its threads tell of their end.
        assert logging.getLogger("picamera2.previews.null_preview").isEnabledFor(logging.ERROR)
    assert os.environ["LIBCAMERA_LOG_LEVELS"] == "*:ERROR"


async def test_without_a_camera_there_is_a_remedy(bench: Bench) -> None:
    bench.count = 0
    with pytest.raises(MissingError, match="No camera is connected"):
        async with PiCamera(FORMATS, model=PI_5):
            pass


async def test_a_number_that_is_not_there_is_named(bench: Bench) -> None:
    with pytest.raises(MissingError, match=r"no camera number 2, only number 0.*camera\.number"):
        async with PiCamera(FORMATS, Optics(number=2), model=PI_5):
            pass


async def test_a_camera_in_use_is_busy_and_leaves_nothing_open(bench: Bench) -> None:
    held = descriptors()
    bench.failing = RuntimeError("Failed to acquire camera: Device or resource busy")
    for _ in range(3):
        with pytest.raises(BusyError, match="Another program uses the camera"):
            async with PiCamera(FORMATS, model=PI_5):
                pass
    bench.failing = OSError(errno.EBUSY, "in use")
    with pytest.raises(BusyError):
        async with PiCamera(FORMATS, model=PI_5):
            pass
    assert descriptors() == held


async def test_another_failure_names_its_cause(bench: Bench) -> None:
    bench.failing = RuntimeError("Failed to initialize camera")
    with pytest.raises(HardwareError, match="cannot be opened: Failed to initialize camera"):
        async with PiCamera(FORMATS, model=PI_5):
            pass


async def test_without_picamera2_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "picamera2", None)
    with pytest.raises(MissingError, match=r"sudo apt install .* python3-picamera2"):
        async with PiCamera(FORMATS, model=PI_5):
            pass


async def test_one_who_gives_up_while_it_opens_leaves_no_camera_behind(bench: Bench) -> None:
    camera = PiCamera(FORMATS, model=PI_5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await camera.__aenter__()
    with pytest.raises(ClosedError):
        camera.frames()
    # Its thread is still at it.
    await asyncio.to_thread(bench.appeared.wait, 5)
    assert await asyncio.to_thread(bench.camera.closed.wait, 5)


async def test_one_who_gives_up_during_a_restart_leaves_no_camera_behind(bench: Bench) -> None:
    async with PiCamera(FORMATS, model=PI_5, stall_timeout_s=SHORT_STALL_S) as camera:
        await stall(bench, camera)
        bench.frozen = False
        bench.appeared.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await anext(camera.frames())
        # The restart may have been given up before it began.
        await asyncio.to_thread(bench.appeared.wait, 0.5)
        assert (await anext(camera.frames())).keyframe
    for opened in bench.cameras:
        assert await asyncio.to_thread(opened.closed.wait, 5)


def test_a_leaver_takes_the_camera_that_has_arrived(bench: Bench) -> None:
    camera = picamera.open_camera(0)
    early, late = picamera.Opening(), picamera.Opening()
    assert early.arrive(camera)
    assert early.leave() is camera
    assert late.leave() is None
    assert not late.arrive(camera)
    camera.close()


def test_a_camera_that_hangs_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(picamera, "SHUT_TIMEOUT_S", 0.01)
    monkeypatch.setattr(picamera, "FLUSH_TIMEOUT_S", 0.01)
    monkeypatch.setattr(picamera, "_left_behind", [])
    camera = type("Hanging", (SmallPicamera2,), {"bench": bench})()
    camera.cancel_all_and_flush = lambda: None
    camera.stop = lambda: camera.stopped.wait(10)
    picamera.shut(camera)
    assert "left behind" in caplog.text
    bench.failing = RuntimeError("Failed to acquire camera: Device or resource busy")
    with pytest.raises(StalledError, match="hangs and cannot be let go of"):
        picamera.open_camera(0)
    camera.stopped.set()
    assert camera.closed.wait(5)
