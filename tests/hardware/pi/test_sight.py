"""What the camera's thread sees beside encoding, on the stand-in for picamera2."""

import logging
import threading
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from hardware.errors import MissingError
from hardware.options import Optics
from hardware.pi import night, sight
from hardware.pi.camera import PiCamera
from hardware.pi.infrared import InfraredLight
from hardware.pi.model import Model
from hardware.pi.sight import Sight
from hardware.planes import Plane
from media.frames import VideoFormat
from tests.support.small_picamera2 import Bench, install

FORMATS = (
    VideoFormat(320, 180, 30, 300_000),
    VideoFormat(160, 90, 30, 150_000),
    VideoFormat(160, 90, 30, 150_000),
)
PI_5 = Model("Raspberry Pi 5", "5", 4096, None)
PIN = 25


class Eye:
    """Notes what it is shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.brightness: list[float] = []
        self.saw, self.blinded = threading.Event(), False
        self.error: Exception | None = None

    def due(self, at_us: int) -> bool:
        return True

    def see(self, luma: Plane, at_us: int) -> None:
        self.saw.set()
        if self.error:
            raise self.error
        self.shapes.append(luma.shape)
        self.brightness.append(float(luma.mean()))

    def blind(self) -> None:
        self.blinded = True


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = install(monkeypatch)
    monkeypatch.setattr(sight, "LIGHT_EVERY_US", 0)
    for name in ("DUSK_S", "DAWN_S", "SETTLE_S", "SMOOTHING_S"):
        monkeypatch.setattr(night, name, 0.02)
    return bench


def camera_with(seen: Sight) -> PiCamera:
    return PiCamera(FORMATS, Optics(), model=PI_5, sight=seen)


async def until(frames: Any, holds: Any) -> None:
    """Pictures go by until something holds; the camera's own watchdog bounds it."""
    for _ in range(150):
        await anext(frames)
        if holds():
            return
    raise AssertionError("150 pictures went by")


async def test_motion_is_looked_for_in_the_small_picture(bench: Bench) -> None:
    bench.pixels = "NV12"
    eye = Eye()
    async with camera_with(Sight(Optics(), eye)) as camera:
        await until(camera.frames(), lambda: len(eye.shapes) >= 3)
        assert set(eye.shapes) == {(90, 160)}
        assert eye.brightness[0] == 128
        assert not eye.blinded
    assert eye.blinded


async def test_an_eye_that_fails_costs_no_picture(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    eye = Eye()
    eye.error = ValueError("squint")
    async with camera_with(Sight(Optics(), eye)) as camera:
        frames = camera.frames()
        await until(frames, eye.saw.is_set)
        for _ in range(5):
            await anext(frames)
    assert caplog.text.count("does not look for motion and light any more: squint") == 1


async def test_at_night_the_infrared_light_goes_on_and_in_the_morning_off(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    factory = MockFactory()
    light = InfraredLight(PIN, lambda: factory)
    bench.metadata = {"Lux": 0.5}
    async with camera_with(Sight(Optics(), None, light)) as camera:
        frames, pin = camera.frames(), factory.pin(PIN)
        await until(frames, lambda: pin.state)
        assert bench.camera.set[-1]["Saturation"] == 0.0
        await until(frames, lambda: len(bench.camera.set) == 1)
        for _ in range(10):
            await anext(frames)
        bench.metadata = {"Lux": 500.0}
        await until(frames, lambda: not pin.state)
        assert bench.camera.set[-1]["Saturation"] == 1.0
    assert [line for line in caplog.messages if "night" in line or "day" in line] == [
        "night has fallen", "it is day",
    ]  # fmt: skip
    assert factory.pin(PIN).function == "input"


async def test_a_camera_that_is_restarted_at_night_starts_for_the_night(bench: Bench) -> None:
    seen = Sight(Optics())
    bench.metadata = {"Lux": 0.5}
    async with camera_with(seen) as camera:
        await until(camera.frames(), lambda: bool(bench.camera.set))
    async with camera_with(seen):
        assert bench.camera.set[0]["NoiseReductionMode"] == 2


async def test_without_lux_the_dark_picture_tells(bench: Bench) -> None:
    bench.metadata = {"ExposureTime": 66_666, "AnalogueGain": 16.0}

    def paint(luma: Plane, number: int) -> None:
        luma[:] = 12

    bench.paint = paint
    async with camera_with(Sight(Optics())) as camera:
        await until(camera.frames(), lambda: bool(bench.camera.set))


async def test_who_wants_no_night_mode_has_none(bench: Bench) -> None:
    bench.metadata = {"Lux": 0.0}
    async with camera_with(Sight(Optics(night="off"))) as camera:
        frames = camera.frames()
        for _ in range(20):
            await anext(frames)
        assert bench.camera.set == []


async def test_a_pin_that_is_not_there_costs_only_the_light(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> Any:
        raise MissingError("No GPIO.")

    bench.metadata = {"Lux": 0.0}
    async with camera_with(Sight(Optics(), None, InfraredLight(PIN, missing))) as camera:
        await until(camera.frames(), lambda: bool(bench.camera.set))
        assert bench.camera.set[-1]["Saturation"] == 1.0
    assert "no infra-red light: No GPIO." in caplog.text


async def test_a_light_may_be_wired_the_other_way_round() -> None:
    factory = MockFactory()
    light = InfraredLight(PIN, lambda: factory, inverted=True)
    await light.open()
    states = [factory.pin(PIN).state]
    light.switch(True)
    states.append(factory.pin(PIN).state)
    await light.close()
    await light.close()
    light.switch(True)
    assert states == [True, False]
