from typing import Literal

import pytest

from hardware.options import Optics
from hardware.pi.optics import NIGHT_FPS, day_controls, full_view, night_controls
from media.frames import VideoFormat
from tests.support.small_picamera2 import ALL_CONTROLS

HD = VideoFormat(1280, 720, 30, 2_000_000)


def test_nothing_is_said_that_the_sensor_does_not_advertise() -> None:
    virtual = {"FrameDurationLimits", "FaceDetectMode"}
    assert day_controls(Optics(), 25, virtual) == {"FrameDurationLimits": (40_000, 40_000)}
    assert set(night_controls(Optics(), 25, virtual, infrared=True)) == {"FrameDurationLimits"}
    assert day_controls(Optics(), 30, set()) == {}


def test_every_control_is_one_that_raspberry_pi_s_pipeline_has() -> None:
    said = {
        name
        for optics in (Optics(), Optics(focus="auto"))
        for name in day_controls(optics, 30, _Everything())
    }
    assert said == ALL_CONTROLS
    assert set(night_controls(Optics(), 30, _Everything(), infrared=False)) <= ALL_CONTROLS


class _Everything(frozenset[str]):
    def __contains__(self, name: object) -> bool:
        return True


@pytest.mark.parametrize(("distance_m", "dioptres"), [(0.1, 10.0), (2.0, 0.5), (100.0, 0.01)])
def test_a_fixed_lens_stands_at_one_by_the_distance(distance_m: float, dioptres: float) -> None:
    told = day_controls(Optics(focus_distance_m=distance_m), 30, ALL_CONTROLS)
    assert (told["AfMode"], told["LensPosition"]) == (0, pytest.approx(dioptres))


def test_an_autofocus_follows() -> None:
    told = day_controls(Optics(focus="auto"), 30, ALL_CONTROLS)
    assert (told["AfMode"], "LensPosition" in told) == (2, False)


def test_faces_get_more_light_and_the_street_less() -> None:
    def light(exposure: Literal["balanced", "faces", "street"]) -> float:
        told = day_controls(Optics(exposure=exposure), 30, ALL_CONTROLS)
        return float(told["ExposureValue"])

    assert light("street") < light("balanced") == 0 < light("faces")


def test_pictures_may_be_exposed_longer_at_night_and_are_grey_in_infrared_light() -> None:
    day = day_controls(Optics(), 30, ALL_CONTROLS)
    night = night_controls(Optics(), 30, ALL_CONTROLS, infrared=True)
    assert night["FrameDurationLimits"] == (33_333, 1_000_000 // NIGHT_FPS)
    assert night["AeExposureMode"] != day["AeExposureMode"]
    assert (day["Saturation"], night["Saturation"]) == (1.0, 0.0)
    assert night_controls(Optics(), 30, ALL_CONTROLS, infrared=False)["Saturation"] == 1.0


def test_the_morning_takes_back_all_that_the_night_has_changed() -> None:
    night = night_controls(Optics(), 30, ALL_CONTROLS, infrared=True)
    assert set(night) <= set(day_controls(Optics(), 30, ALL_CONTROLS))


def test_a_slow_camera_is_not_hurried_at_night() -> None:
    told = night_controls(Optics(), 10, ALL_CONTROLS, infrared=False)
    assert told["FrameDurationLimits"] == (100_000, 100_000)


@pytest.mark.parametrize(
    ("sensor", "video", "size"),
    [
        # Camera Module 3: the mode nearest to 720p would show the middle two thirds.
        ((4608, 2592), HD, (2304, 1296)),
        ((3280, 2464), HD, (1640, 1232)),
        ((2592, 1944), HD, (1296, 972)),
        ((2592, 1944), VideoFormat(1920, 1080, 30, 1), None),
        ((1456, 1088), HD, None),
        ((4608, 2592), VideoFormat(1280, 720, 60, 1), None),
    ],
)
def test_the_sensor_shows_all_it_sees(
    sensor: tuple[int, int], video: VideoFormat, size: tuple[int, int] | None
) -> None:
    assert full_view(sensor, video) == ({"sensor": {"output_size": size}} if size else {})
