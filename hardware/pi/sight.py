"""What the Pi's camera sees beside encoding: whether it is night, and whether someone moves.

picamera2 calls on its own thread, once for each picture, and an error there would end all
pictures: nothing may escape.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from hardware.bridge import now_us
from hardware.errors import HardwareError
from hardware.options import Optics
from hardware.pi.encoders import PIXELS
from hardware.pi.infrared import Switch
from hardware.pi.night import Nightfall, lux_of
from hardware.pi.optics import day_controls, night_controls
from hardware.pi.picamera import Picamera2
from hardware.picture_sensor import Eye
from hardware.planes import Layout

# Light changes slowly, and reading a picture's metadata takes a tenth of a millisecond.
LIGHT_EVERY_US = 1_000_000
# Of the pixels each way, for the mean brightness.
BRIGHTNESS_STEP = 8

_log = logging.getLogger(__name__)


class Sight:
    """`open()` and `close()` bound its life, `start()` and `stop()` every run of the camera."""

    def __init__(
        self, optics: Optics, motion: Eye | None = None, infrared: Switch | None = None
    ) -> None:
        self._optics, self._motion, self._infrared = optics, motion, infrared
        self._night = Nightfall(optics.dusk_lux) if optics.night == "auto" else None
        self._camera: Picamera2 | None = None
        self._layout: Layout | None = None
        self._light_due_us = 0
        self._fps = 0
        self._lit = False

    async def open(self) -> None:
        """Have the infra-red light; without it the camera works all the same."""
        if self._infrared:
            try:
                await self._infrared.open()
                self._lit = True
            except HardwareError as error:
                _log.warning("no infra-red light: %s", error)
                self._lit = False

    async def close(self) -> None:
        """The infra-red light is off. May be called twice."""
        self.stop()
        if self._infrared:
            await self._infrared.close()

    def start(self, camera: Picamera2, fps: int) -> None:
        """Look at a camera that is configured and not yet started."""
        small = camera.camera_configuration()["lores"]
        self._camera, self._fps, self._light_due_us = camera, fps, 0
        self._layout = _layout(small)
        if self._night and self._night.dark:
            self._fall(camera, dark=True)
        camera.pre_callback = self._look

    def stop(self) -> None:
        """There are no pictures any more: nobody can be seen moving."""
        self._camera = None
        if self._motion:
            self._motion.blind()

    def _look(self, request: Any) -> None:
        """At one picture, on picamera2's thread."""
        at_us = now_us()
        try:
            if self._motion and self._layout and self._motion.due(at_us):
                self._see_motion(request, self._layout, at_us)
            if self._night and at_us >= self._light_due_us:
                self._light_due_us = at_us + LIGHT_EVERY_US
                self._see_light(request, self._night, at_us)
        except (RuntimeError, OSError, ValueError, LookupError, TypeError) as error:
            _log.warning("the camera does not look for motion and light any more: %s", error)
            if self._camera:
                self._camera.pre_callback = None

    def _see_motion(self, request: Any, layout: Layout, at_us: int) -> None:
        from picamera2 import MappedArray

        with MappedArray(request, "lores", reshape=False) as mapped:
            if self._motion:
                self._motion.see(layout.luma(mapped.array), at_us)

    def _see_light(self, request: Any, night: Nightfall, at_us: int) -> None:
        before, camera = night.dark, self._camera
        dark = night.judge(self._lux(request), at_us / 1e6)
        if dark is before or camera is None:
            return
        _log.info("night has fallen" if dark else "it is day")
        self._fall(camera, dark=dark)

    def _fall(self, camera: Picamera2, *, dark: bool) -> None:
        camera.set_controls(self._controls(camera, dark=dark))
        if self._infrared and self._lit:
            self._infrared.switch(dark)

    def _lux(self, request: Any) -> float | None:
        metadata: Mapping[str, Any] = request.get_metadata()
        if "Lux" in metadata or "ExposureTime" not in metadata or self._layout is None:
            return lux_of(metadata)
        from picamera2 import MappedArray

        with MappedArray(request, "lores", reshape=False) as mapped:
            luma = self._layout.luma(mapped.array)
            return lux_of(metadata, float(luma[::BRIGHTNESS_STEP, ::BRIGHTNESS_STEP].mean()) / 255)

    def _controls(self, camera: Picamera2, *, dark: bool) -> dict[str, Any]:
        known = set(camera.camera_controls)
        if dark:
            return night_controls(self._optics, self._fps, known, infrared=self._lit)
        return day_controls(self._optics, self._fps, known)


def _layout(stream: Mapping[str, Any]) -> Layout | None:
    """How the pictures of a stream lie in memory; None for what has no luma of its own."""
    pixels, (width, height) = PIXELS.get(stream["format"]), stream["size"]
    return Layout(width, height, stream["stride"], pixels) if pixels else None
