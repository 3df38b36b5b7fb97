"""The visitor's drawings, made once and shared by all porches of a process."""

from __future__ import annotations

import threading
from functools import lru_cache

from hardware.twin.porch.figure import Arm, Look, draw_figure
from hardware.twin.porch.memory import give_back
from hardware.twin.porch.sprite import Scalable
from hardware.twin.visitor import PRESS_S, WAVE_S, Doing, Pose

# Drawings of one stride, and of one wave of the hand; more are not told apart at 30 a second.
STRIDE_LOOKS = 6
WAVE_LOOKS = 4
PRESS_LOOKS = 3
STRIDE_S = 0.85
WAVING_S = 0.6
# Someone who stands is looked at; someone who walks is not, so smaller drawings do.
STANDING_HEIGHT_PX, WALKING_HEIGHT_PX = 680, 440
BLINK_EVERY_S, BLINK_S = 3.7, 0.14


def look(pose: Pose) -> Look:
    """Which drawing shows this pose."""
    match pose.doing:
        case Doing.COMING | Doing.GOING:
            phase = int(pose.since_s / STRIDE_S % 1 * STRIDE_LOOKS) / STRIDE_LOOKS
            return Look(phase=phase, walking=True, from_behind=pose.doing is Doing.GOING)
        case Doing.PRESSING:
            phase = (int(pose.since_s / PRESS_S * PRESS_LOOKS) + 0.5) / PRESS_LOOKS
            return Look(Arm.PRESSING, phase=min(phase, 1.0))
        case Doing.WAVING if pose.since_s < WAVE_S:
            return Look(
                Arm.WAVING, phase=int(pose.since_s / WAVING_S % 1 * WAVE_LOOKS) / WAVE_LOOKS
            )
        case _:
            return Look(eyes_shut=pose.since_s % BLINK_EVERY_S > BLINK_EVERY_S - BLINK_S)


@lru_cache(maxsize=64)
def drawing(wanted: Look, percent: int) -> Scalable:
    """The drawing of a look, for a picture `percent` of 720 rows high."""
    height = WALKING_HEIGHT_PX if wanted.walking else STANDING_HEIGHT_PX
    return Scalable(draw_figure(wanted, height * percent // 100))


def dress_early(percent: int, stop: threading.Event) -> None:
    """Make every drawing before it is needed; on a thread of its own, about a second."""
    looks = [Look(), Look(eyes_shut=True)]
    looks += [Look(Arm.PRESSING, (i + 0.5) / PRESS_LOOKS) for i in range(PRESS_LOOKS)]
    looks += [Look(phase=i / STRIDE_LOOKS, walking=True) for i in range(STRIDE_LOOKS)]
    looks += [Look(Arm.WAVING, i / WAVE_LOOKS) for i in range(WAVE_LOOKS)]
    looks += [
        Look(phase=i / STRIDE_LOOKS, walking=True, from_behind=True) for i in range(STRIDE_LOOKS)
    ]
    for wanted in looks:
        if stop.is_set():
            return
        drawing(wanted, percent)
    # Drawing takes some ten megabytes that are not needed again.
    give_back()
