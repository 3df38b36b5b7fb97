"""The porch at dusk, alive: backdrop, lamp, visitor, leaves, cat and clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from hardware.planes import Plane
from hardware.twin.pictures import Picture
from hardware.twin.porch.backdrop import HORIZON, draw_backdrop, lamplight
from hardware.twin.porch.canvas import Canvas
from hardware.twin.porch.figure import BOTTOM, TOP, WIDTH
from hardware.twin.porch.life import Life, draw_cat
from hardware.twin.porch.sprite import to_yuv
from hardware.twin.porch.text import Lettering
from hardware.twin.porch.wardrobe import drawing, dress_early, look
from hardware.twin.visitor import Doing, Pose
from hardware.twin.world import World
from media.frames import VideoFormat

DRAWN_WIDTH, DRAWN_HEIGHT = 1280, 720
# A filament lamp takes this long to reach its brightness.
LAMP_FADE_S = 0.35
# Metres from the camera to the gate and to someone at the door.
GATE_M, DOOR_M = 14.0, 2.3
# A figure's height in drawing units at the gate; its feet are that far below the horizon.
GATE_HEIGHT, GATE_FEET = 112.0, 86.0
# How brightly the figure is seen (256 is full): by dusk alone, and at the door with the lamp on.
DUSK_LIGHT, LAMP_LIGHT = 166, 260

_DAYS = {"en": "MON TUE WED THU FRI SAT SUN", "de": "MO DI MI DO FR SA SO"}
_MONTHS = {
    "en": "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC",
    "de": "JAN FEB MRZ APR MAI JUN JUL AUG SEP OKT NOV DEZ",
}


class Porch:
    """A scene drawn from the state of the world; nothing here is shared with other threads."""

    def __init__(
        self,
        world: World,
        video: VideoFormat,
        language: Literal["en", "de"] = "en",
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._world, self._language, self._wall_clock = world, language, wall_clock
        self._scale = max(video.width / DRAWN_WIDTH, video.height / DRAWN_HEIGHT)
        self._left = (DRAWN_WIDTH - video.width / self._scale) / 2
        self._top = (DRAWN_HEIGHT - video.height / self._scale) / 2
        self._dark, self._bright = self._backdrops(video)
        self._life = Life(self._scale, self._left, self._top)
        self._lettering = Lettering(max(1, round(2 * self._scale)))
        self._level, self._seen_s = 0.0, 0.0
        self._stop = threading.Event()
        self._percent = max(20, round(100 * self._scale))
        self._dresser = threading.Thread(
            target=dress_early, args=(self._percent, self._stop), name="twin-porch", daemon=True
        )
        self._dresser.start()

    def draw(self, picture: Picture, now_s: float) -> None:
        """The porch at `now_s`."""
        self._light(now_s)
        self._backdrop(picture)
        self._life.draw_sky(picture, now_s)
        pose = self._world.pose(now_s)
        light = round(DUSK_LIGHT + (LAMP_LIGHT - DUSK_LIGHT) * self._level)
        if pose is None or pose.near > 0.9:
            self._life.draw_porch(picture, now_s, min(256, light))
        if pose:
            self._visitor(picture, pose, now_s)
            if pose.near <= 0.9:
                self._life.draw_porch(picture, now_s, min(256, light))
        if self._level > 0.5:
            self._life.draw_moths(picture, now_s)
        self._clock(picture)

    def close(self) -> None:
        """Stop preparing drawings."""
        self._stop.set()
        self._dresser.join()

    def _backdrops(self, video: VideoFormat) -> tuple[Plane, Plane]:
        canvas = Canvas(video.width, video.height, self._scale, self._left, self._top)
        draw_backdrop(canvas, draw_cat)
        planes = []
        for rgb in (canvas.rgb, lamplight(canvas)):
            picture = Picture(video.width, video.height)
            picture.y[:], picture.u[:], picture.v[:] = to_yuv(rgb)
            planes.append(picture.data)
        return planes[0], planes[1]

    def _light(self, now_s: float) -> None:
        passed_s, self._seen_s = now_s - self._seen_s, now_s
        wanted = 1.0 if self._world.active("light") else 0.0
        most = passed_s / LAMP_FADE_S
        self._level += max(-most, min(most, wanted - self._level))

    def _backdrop(self, picture: Picture) -> None:
        if self._level <= 0:
            np.copyto(picture.data, self._dark)
        elif self._level >= 1:
            np.copyto(picture.data, self._bright)
        else:
            part = np.uint16(round(self._level * 256))
            picture.data[:] = (self._dark * (np.uint16(256) - part) + self._bright * part) >> 8

    def _visitor(self, picture: Picture, pose: Pose, now_s: float) -> None:
        metres = GATE_M + (DOOR_M - GATE_M) * pose.near
        # Walking speed is even in metres, which is what `near` counts.
        height = GATE_HEIGHT * GATE_M / metres
        feet = HORIZON + GATE_FEET * GATE_M / metres
        breath = 1 + 0.004 * np.sin(now_s * 1.9) if pose.doing is Doing.WAITING else 1.0
        pixels = height * self._scale
        sprite = drawing(look(pose), self._percent).scaled(
            round(WIDTH * pixels), round((TOP - BOTTOM) * pixels * breath)
        )
        rows, columns = sprite.y.shape
        x = (DRAWN_WIDTH / 2 - self._left) * self._scale - columns / 2
        y = (feet - self._top) * self._scale - rows * TOP / (TOP - BOTTOM)
        lamp = self._level * min(1.0, (DOOR_M + 1.5) / (metres + 1.0))
        sprite.lay(
            picture, round(x), round(y), round(DUSK_LIGHT + (LAMP_LIGHT - DUSK_LIGHT) * lamp)
        )

    def _clock(self, picture: Picture) -> None:
        at = time.localtime(self._wall_clock())
        day = _DAYS[self._language].split()[at.tm_wday]
        month = _MONTHS[self._language].split()[at.tm_mon - 1]
        text = f"{day} {at.tm_mday} {month} {at.tm_year}  " + time.strftime("%H:%M:%S", at)
        rows = picture.y.shape[0]
        self._lettering.write(
            picture.y, round(76 * self._scale), rows - round(28 * self._scale), text
        )
