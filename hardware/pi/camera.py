"""The Pi's camera: picamera2 captures and encodes, its thread hands the access units over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Protocol, Self

from hardware.bridge import now_us
from hardware.camera_feed import STALL_TIMEOUT_S, CameraFeed
from hardware.errors import BusyError, ClosedError, HardwareError, MissingError
from media.frames import EncodedFrame, VideoFormat

KEYFRAME_EVERY_S = 2
# Enough that the encoder never waits for the sensor; each costs a picture of memory.
BUFFER_COUNT = 6
# A sensor's time stamp further off than this is of another clock, and no use.
CLOCK_TOLERANCE_US = 1_000_000

_log = logging.getLogger(__name__)


class _Encoder(Protocol):
    """The part of picamera2's H264Encoder and LibavH264Encoder that both have."""

    firsttimestamp: int | None


class _Picamera2(Protocol):
    def create_video_configuration(self, **how: Any) -> dict[str, Any]: ...
    def configure(self, configuration: dict[str, Any]) -> None: ...
    def start_recording(self, encoder: _Encoder, output: Any) -> None: ...
    def stop_recording(self) -> None: ...
    def close(self) -> None: ...


class PiCamera:
    """One encoded stream, H.264 by the Pi's own encoder.

    The Pi 5 has none: picamera2 hands out a libx264 encoder of the same name there.
    """

    def __init__(
        self,
        video: VideoFormat,
        *,
        flip: bool = False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        self._video, self._flip = video, flip
        self._feed = CameraFeed(self.request_keyframe, stall_timeout_s)
        self._camera: _Picamera2 | None = None
        self._encoder: _Encoder | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._start)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._feed.finish()
        camera, self._camera, self._encoder = self._camera, None, None
        if camera:
            await asyncio.to_thread(_stop, camera)

    @property
    def format(self) -> VideoFormat:
        return self._video

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing."""
        if self._camera is None:
            raise ClosedError("The camera is closed.")
        return self._feed.frames()

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe, from picamera2 0.3.32 on."""
        force = getattr(self._encoder, "force_key_frame", None)
        if force is not None:
            force()

    def set_bitrate(self, bps: int) -> None:
        """picamera2 has no way to change a running encoder's rate; it keeps the one it began with.

        The hardware encoder takes V4L2_CID_MPEG_VIDEO_BITRATE in flight, libx264 needs a buffer
        model from the start: both belong into an encoder class of our own.
        """
        _log.debug("the camera keeps its %d bit/s; %d were asked", self._video.bitrate_bps, bps)

    def encoded(self, data: bytes, keyframe: bool, since_first_us: int | None) -> None:
        """One access unit, on picamera2's encoder thread."""
        self._feed.put(EncodedFrame("video", data, self._capture_us(since_first_us), keyframe))

    def _capture_us(self, since_first_us: int | None) -> int:
        arrived_us = now_us()
        first_us = self._encoder.firsttimestamp if self._encoder else None
        if first_us is None or since_first_us is None:
            return arrived_us
        captured_us = int(first_us) + since_first_us
        fits = 0 <= arrived_us - captured_us < CLOCK_TOLERANCE_US
        return captured_us if fits else arrived_us

    def _start(self) -> None:
        camera = _open_camera()
        try:
            camera.configure(self._configuration(camera))
            self._encoder = make_encoder(self._video)
            camera.start_recording(self._encoder, make_output(self))
        except (RuntimeError, OSError, ValueError) as error:
            camera.close()
            raise HardwareError(f"The camera does not start: {error}. Check its cable.") from error
        self._camera = camera

    def _configuration(self, camera: _Picamera2) -> dict[str, Any]:
        from libcamera import Transform

        return camera.create_video_configuration(
            main={"size": (self._video.width, self._video.height), "format": "YUV420"},
            controls={"FrameRate": float(self._video.fps)},
            transform=Transform(hflip=self._flip, vflip=self._flip),
            buffer_count=BUFFER_COUNT,
        )


def make_encoder(video: VideoFormat) -> _Encoder:
    """picamera2's encoder for this Pi, set up as the camera port promises it."""
    from picamera2.encoders import H264Encoder

    encoder: _Encoder = H264Encoder(
        bitrate=video.bitrate_bps,
        repeat=True,
        iperiod=KEYFRAME_EVERY_S * video.fps,
        framerate=video.fps,
        profile="constrained baseline",
    )
    if hasattr(encoder, "threads"):
        # libx264: more threads hold pictures back, one each.
        encoder.threads = 1
    return encoder


def make_output(camera: PiCamera) -> Any:
    """An output of picamera2 that hands every access unit to the camera."""
    from picamera2.outputs import Output

    class FeedOutput(Output):  # type: ignore[misc]  # picamera2 is untyped
        def outputframe(
            self,
            frame: bytes,
            keyframe: bool = True,
            timestamp: int | None = None,
            packet: Any = None,
            audio: bool = False,
        ) -> None:
            if not audio:
                camera.encoded(bytes(frame), bool(keyframe), timestamp)

    return FeedOutput()


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
