"""The Pi's camera: picamera2 captures, an encoder for each picture size hands access units over.

A camera that stalls is restarted by whoever takes its frames next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Self

from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.errors import ClosedError, HardwareError
from hardware.options import Optics
from hardware.pi.encoders import SoftwareCoder, pixels_of
from hardware.pi.model import Model, this_model
from hardware.pi.optics import day_controls, full_view
from hardware.pi.picamera import Opening, Picamera2, open_camera, shut
from hardware.pi.sight import Sight
from hardware.pi.streams import (
    CloseUpStream,
    NoCloseUp,
    PiStream,
    TakenStream,
    hardware_coder,
)
from hardware.ports import CloseUp, Encoding
from hardware.x264 import KEYFRAME_EVERY_S
from media.frames import EncodedFrame, VideoFormat

# A viewer on a bad network who lost a picture, or comes from another layer, waits no longer.
LOW_KEYFRAME_EVERY_S = 1.0
# Enough that the encoder never waits for the sensor; each costs a picture of memory.
BUFFER_COUNT = 6

_log = logging.getLogger(__name__)


class PiCamera:
    """The sensor's streams, each with an encoder: the Pi's own, or libx264 where it has none."""

    def __init__(
        self,
        formats: tuple[VideoFormat, VideoFormat, VideoFormat],
        optics: Optics | None = None,
        *,
        model: Model | None = None,
        sight: Sight | None = None,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        """`formats`: of the camera, of `low` and of `close_up`. `sight` looks at every picture."""
        video, low, close = formats
        self._optics, self._sight = optics or Optics(), sight
        in_hardware = (model or this_model()).encoder is not None
        make = hardware_coder if in_hardware else SoftwareCoder
        self._high = PiStream(video, KEYFRAME_EVERY_S, make, stall_timeout_s)
        self._low = TakenStream(low, LOW_KEYFRAME_EVERY_S, make, stall_timeout_s)
        self._close_up = None if in_hardware else CloseUpStream(
            close, LOW_KEYFRAME_EVERY_S, make, stall_timeout_s)  # fmt: skip
        self._no_close_up = NoCloseUp(close)
        self._camera: Picamera2 | None = None
        self._is_open = self._stalled = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        try:
            if self._sight:
                await self._sight.open()
            await self._begin()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._is_open = False
        self._high.feed.finish()
        for stream in self._taken:
            stream.close()
        await self._end()
        if self._sight:
            await self._sight.close()

    @property
    def format(self) -> VideoFormat:
        return self._high.format

    @property
    def low(self) -> Encoding:
        return self._low

    @property
    def close_up(self) -> CloseUp:
        """MissingError where the Pi's own encoder is used: it takes whole pictures only."""
        return self._close_up or self._no_close_up

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing.

        A camera that failed is restarted first; HardwareError when that does not help.
        """
        if not self._is_open:
            raise ClosedError("The camera is closed.")
        self._high.feed.mend()
        return self._filmed(self._high.feed.frames())

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        self._high.request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._high.set_bitrate(bps)

    @property
    def _taken(self) -> list[TakenStream]:
        return [self._low, *([self._close_up] if self._close_up else [])]

    async def _filmed(
        self, frames: AsyncGenerator[EncodedFrame, None]
    ) -> AsyncGenerator[EncodedFrame, None]:
        try:
            if self._stalled:
                _log.info("the camera is restarted")
                await self._end()
                await self._begin()
            async with aclosing(frames):
                async for frame in frames:
                    yield frame
        except HardwareError:
            self._stalled = True
            raise

    async def _begin(self) -> None:
        opening = Opening()
        try:
            camera = await asyncio.to_thread(self._start, opening)
        except BaseException:
            if left := opening.leave():
                await asyncio.to_thread(shut, left)
            raise
        if not self._is_open:
            await asyncio.to_thread(shut, camera)
            raise ClosedError("The camera is closed.")
        self._camera, self._stalled = camera, False
        for stream in self._taken:
            stream.open(camera)

    async def _end(self) -> None:
        camera, self._camera = self._camera, None
        for stream in self._taken:
            stream.rest()
        if camera:
            await asyncio.to_thread(shut, camera)
        self._high.end()
        if self._sight:
            self._sight.stop()

    def _start(self, opening: Opening) -> Picamera2:
        camera = open_camera(self._optics.number)
        try:
            self._configure(camera)
            coder = self._high.begin()
            camera.start_encoder(coder.encoder, coder.output, name="main")
            camera.start()
        except HardwareError:
            shut(camera)
            raise
        except (RuntimeError, OSError, ValueError, LookupError) as error:
            shut(camera)
            raise HardwareError(f"The camera does not start: {error}. Check its cable.") from error
        if not opening.arrive(camera):
            shut(camera)
        return camera

    def _configure(self, camera: Picamera2) -> None:
        camera.configure(self._configuration(camera))
        got = camera.camera_configuration()
        for name, video in (("main", self._high.format), ("lores", self._low.format)):
            pixels_of(got[name]["format"])
            if tuple(got[name]["size"]) != (video.width, video.height):
                width, height = got[name]["size"]
                _log.info("the camera's %s picture is %d × %d", name, width, height)
        if self._sight:
            self._sight.start(camera, self._high.format.fps)

    def _configuration(self, camera: Picamera2) -> dict[str, Any]:
        from libcamera import ColorSpace, Transform

        high, low = self._high.format, self._low.format
        turned = self._optics.rotation == 180
        return camera.create_video_configuration(
            main={"size": (high.width, high.height), "format": "YUV420"},
            lores={"size": (low.width, low.height), "format": "YUV420"},
            raw=None,
            # Both encoders say so in their headers.
            colour_space=ColorSpace.Rec709(),
            controls=day_controls(self._optics, high.fps, set(camera.camera_controls)),
            transform=Transform(hflip=turned, vflip=turned),
            buffer_count=BUFFER_COUNT,
            **full_view(camera.sensor_resolution, high),
        )
