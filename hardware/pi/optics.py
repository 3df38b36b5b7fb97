"""What libcamera is told so that a face at the door can be seen, by day and by night.

A sensor advertises only some controls: fixed-focus modules have no lens to move, USB cameras have
their own exposure. What is not advertised is not said.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from hardware.options import Optics
from media.frames import VideoFormat

Controls = dict[str, Any]

# Values of libcamera's enumerations (include/libcamera/control_ids.h).
AF_MANUAL, AF_CONTINUOUS = 0, 2
AF_NORMAL_SPEED = 0
METER_CENTRE, METER_MATRIX = 0, 2
CONSTRAIN_NOTHING, CONSTRAIN_HIGHLIGHTS, CONSTRAIN_SHADOWS = 0, 1, 2
EXPOSE_NORMAL, EXPOSE_LONG = 0, 2
NOISE_FAST, NOISE_HIGH_QUALITY = 1, 2

# Faces in front of a bright street come out dark by a third to one step; half of one suits most.
FACES_EV = 0.5
# A sky that is white all over tells nothing; a little less light brings the street back.
STREET_EV = -0.3
# Fewer pictures let each be exposed longer; below this a walking person is a smear.
NIGHT_FPS = 15
# Every sensor of Raspberry Pi's reads half its pixels each way at least this fast.
FULL_VIEW_FPS = 30

_EXPOSURES: dict[str, Controls] = {
    "balanced": {
        "AeMeteringMode": METER_CENTRE,
        "AeConstraintMode": CONSTRAIN_NOTHING,
        "ExposureValue": 0.0,
    },
    "faces": {
        "AeMeteringMode": METER_CENTRE,
        "AeConstraintMode": CONSTRAIN_SHADOWS,
        "ExposureValue": FACES_EV,
    },
    "street": {
        "AeMeteringMode": METER_MATRIX,
        "AeConstraintMode": CONSTRAIN_HIGHLIGHTS,
        "ExposureValue": STREET_EV,
    },
}


def day_controls(optics: Optics, fps: int, known: Set[str]) -> Controls:
    """How the camera starts: lens, exposure and rate, as far as the sensor has controls for it."""
    wanted: Controls = {
        **_lens(optics),
        **_EXPOSURES[optics.exposure],
        "AeExposureMode": EXPOSE_NORMAL,
        "NoiseReductionMode": NOISE_FAST,
        "FrameDurationLimits": (_frame_us(fps), _frame_us(fps)),
        "Saturation": 1.0,
    }
    return _advertised(wanted, known)


def night_controls(optics: Optics, fps: int, known: Set[str], *, infrared: bool) -> Controls:
    """What changes in the dark: longer exposures, less noise, and grey in infra-red light."""
    wanted: Controls = {
        **_EXPOSURES["balanced"],
        "AeExposureMode": EXPOSE_LONG,
        "NoiseReductionMode": NOISE_HIGH_QUALITY,
        "FrameDurationLimits": (_frame_us(fps), _frame_us(min(fps, NIGHT_FPS))),
        # Infra-red light has no colours; what the sensor makes of it is pink.
        "Saturation": 0.0 if infrared else 1.0,
    }
    return _advertised(wanted, known)


def full_view(sensor: tuple[int, int], video: VideoFormat) -> dict[str, Any]:
    """Ask for the sensor's mode of half its pixels each way: the fastest that shows all it sees.

    Left alone, picamera2 takes the mode nearest in size, which on some sensors shows only the
    middle. A mode too small for the picture, or too slow for it, is not asked for.
    """
    half = sensor[0] // 2, sensor[1] // 2
    if half[0] < video.width or half[1] < video.height or video.fps > FULL_VIEW_FPS:
        return {}
    return {"sensor": {"output_size": half}}


def _lens(optics: Optics) -> Controls:
    if optics.focus == "auto":
        return {"AfMode": AF_CONTINUOUS, "AfSpeed": AF_NORMAL_SPEED}
    # A lens counts in dioptres: one by the distance in metres.
    return {"AfMode": AF_MANUAL, "LensPosition": 1 / optics.focus_distance_m}


def _advertised(wanted: Controls, known: Set[str]) -> Controls:
    return {name: value for name, value in wanted.items() if name in known}


def _frame_us(fps: int) -> int:
    return 1_000_000 // fps
