"""The Pi's camera: picamera2 captures and encodes, its thread hands the access units over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Protocol, Self

from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError
from hardware.pi.streams import Encoder, LowStream, NoCloseUp, PiStream, Recorder
from hardware.ports import CloseUp, Encoding
from media.frames import EncodedFrame, VideoFormat

KEYFRAME_EVERY_S = 2.0
# A viewer on a bad network who lost a picture, or comes from another layer, waits no longer.
LOW_KEYFRAME_EVERY_S = 1.0
# Enough that the encoder never waits for the sensor; each costs a picture of memory.
BUFFER_COUNT = 6

_log = logging.getLogger(__name__)


class _Picamera2(Recorder, Protocol):
    def create_video_configuration(self, **how: Any) -> dict[str, Any]: ...
    def configure(self, configuration: dict[str, Any]) -> None: ...
    def start_recording(self, encoder: Encoder, output: Any) -> None: ...
    def stop_recording(self) -> None: ...
    def close(self) -> None: ...


class PiCamera:
    """The sensor's two streams, each with an encoder of the Pi's own.

    The Pi 5 has none: picamera2 hands out a libx264 encoder of the same name there.
    """

    def __init__(
        self,
        formats: tuple[VideoFormat, VideoFormat, VideoFormat],
        *,
        flip: bool = False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        """`formats`: of the camera, of `low` and of `close_up`."""
        video, low, close = formats
        self._flip = flip
        self._high = PiStream(video, KEYFRAME_EVERY_S, stall_timeout_s)
        self._low = LowStream(low, LOW_KEYFRAME_EVERY_S, stall_timeout_s)
        self._close_up = NoCloseUp(close)
        self._camera: _Picamera2 | None = None

    async def __aenter__(self) -> Self:
        camera = await asyncio.to_thread(self._start)
        self._low.open(camera)
        self._camera = camera
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._high.feed.finish()
        self._low.close()
        camera, self._camera = self._camera, None
        if camera:
            await asyncio.to_thread(_stop, camera)
            self._high.end()

    @property
    def format(self) -> VideoFormat:
        return self._high.format

    @property
    def low(self) -> Encoding:
        return self._low

    @property
    def close_up(self) -> CloseUp:
        """The sensor's crop would change the recording, so there is none: MissingError."""
        return self._close_up

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing."""
        if self._camera is None:
            raise ClosedError("The camera is closed.")
        return self._high.feed.frames()

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe, from picamera2 0.3.32 on."""
        self._high.request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        """The encoder keeps the rate it began with."""
        self._high.set_bitrate(bps)

    def _start(self) -> _Picamera2:
        camera = _open_camera()
        try:
            camera.configure(self._configuration(camera))
            camera.start_recording(*self._high.begin())
        except (RuntimeError, OSError, ValueError) as error:
            camera.close()
            raise HardwareError(f"The camera does not start: {error}. Check its cable.") from error
        return camera

    def _configuration(self, camera: _Picamera2) -> dict[str, Any]:
        from libcamera import Transform

        high, low = self._high.format, self._low.format
        return camera.create_video_configuration(
            main={"size": (high.width, high.height), "format": "YUV420"},
            lores={"size": (low.width, low.height), "format": "YUV420"},
            controls={"FrameRate": float(high.fps)},
            transform=Transform(hflip=self._flip, vflip=self._flip),
            buffer_count=BUFFER_COUNT,
        )


def _open_camera() -> _Picamera2:
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise MissingError(
            "The camera driver is not installed. Install it with:"
            " sudo apt install --no-install-recommends python3-picamera2"
        ) from error
    try:
        camera: _Picamera2 = Picamera2()
    except IndexError as error:
        raise MissingError("No camera is connected. Check its cable, then restart.") from error
    except (RuntimeError, OSError) as error:
        raise BusyError(f"The camera cannot be opened: {error}. Close what uses it.") from error
    return camera


def _stop(camera: _Picamera2) -> None:
    try:
        camera.stop_recording()
    except (RuntimeError, OSError) as error:
        _log.warning("the camera did not stop cleanly: %s", error)
    finally:
        camera.close()
