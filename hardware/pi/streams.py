"""The encodings of the Pi's camera: each one of picamera2's encoders, and its output."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from hardware.bridge import now_us
from hardware.camera_feed import CameraFeed
from hardware.errors import ClosedError, HardwareError, MissingError
from hardware.ports import Window
from media.frames import EncodedFrame, VideoFormat

# A sensor's time stamp further off than this is of another clock, and no use.
CLOCK_TOLERANCE_US = 1_000_000

_log = logging.getLogger(__name__)


class Encoder(Protocol):
    """The part of picamera2's H264Encoder and LibavH264Encoder that both have."""

    firsttimestamp: int | None


class Recorder(Protocol):
    """The part of Picamera2 that starts and stops encoders while the sensor runs."""

    def start_encoder(self, encoder: Encoder, output: Any, *, name: str) -> None: ...
    def stop_encoder(self, encoders: Encoder) -> None: ...


class PiStream:
    """Frames of one encoder, which `begin()` makes; picamera2 calls `encoded` on its thread."""

    def __init__(self, video: VideoFormat, keyframe_every_s: float, stall_timeout_s: float) -> None:
        self.feed = CameraFeed(self.request_keyframe, stall_timeout_s)
        self._video, self._keyframe_every_s = video, keyframe_every_s
        self._encoder: Encoder | None = None

    @property
    def format(self) -> VideoFormat:
        return self._video

    def begin(self) -> tuple[Encoder, Any]:
        """A new encoder, and the output that it is to be given."""
        self._encoder = make_encoder(self._video, self._keyframe_every_s)
        return self._encoder, make_output(self.encoded)

    def end(self) -> None:
        """The encoder has stopped."""
        self._encoder = None

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
        _log.debug("the encoder keeps its %d bit/s; %d were asked", self._video.bitrate_bps, bps)

    def encoded(self, data: bytes, keyframe: bool, since_first_us: int | None) -> None:
        """One access unit, on picamera2's encoder thread."""
        self.feed.put(EncodedFrame("video", data, self._capture_us(since_first_us), keyframe))

    def _capture_us(self, since_first_us: int | None) -> int:
        arrived_us = now_us()
        first_us = self._encoder.firsttimestamp if self._encoder else None
        if first_us is None or since_first_us is None:
            return arrived_us
        captured_us = int(first_us) + since_first_us
        fits = 0 <= arrived_us - captured_us < CLOCK_TOLERANCE_US
        return captured_us if fits else arrived_us


class LowStream(PiStream):
    """The sensor's second, small stream, encoded only while somebody takes its frames."""

    _recorder: Recorder | None = None

    def open(self, recorder: Recorder) -> None:
        """Frames may be taken from now on."""
        self._recorder = recorder

    def close(self) -> None:
        """The camera has ended. May be called twice."""
        self._recorder = None
        self.feed.finish()

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the first one on; StalledError after two seconds of nothing."""
        if self._recorder is None:
            raise ClosedError("The camera is closed.")
        return self._encoded(self._recorder, self.feed.frames())

    async def _encoded(
        self, recorder: Recorder, frames: AsyncIterator[EncodedFrame]
    ) -> AsyncIterator[EncodedFrame]:
        encoder, output = self.begin()
        try:
            await asyncio.to_thread(_start, recorder, encoder, output)
            async for frame in frames:
                yield frame
        finally:
            if self._encoder is encoder:
                self.end()
            # A camera that is closed has stopped its encoders already.
            if self._recorder is not None:
                await asyncio.to_thread(_stop, recorder, encoder)


class NoCloseUp:
    """A close-up from the sensor would need its crop, which would change the recording too."""

    def __init__(self, video: VideoFormat) -> None:
        self.format = video

    def frames(self) -> AsyncIterator[EncodedFrame]:
        raise MissingError(_NO_CLOSE_UP)

    def request_keyframe(self) -> None:
        """There is no picture."""

    def set_bitrate(self, bps: int) -> None:
        """There is no picture."""

    def aim(self, window: Window) -> None:
        """MissingError: it cannot."""
        raise MissingError(_NO_CLOSE_UP)


_NO_CLOSE_UP = "This camera has no close-up. Zoom into its picture on the phone instead."


def make_encoder(video: VideoFormat, keyframe_every_s: float) -> Encoder:
    """picamera2's encoder for this Pi, set up as the camera port promises it."""
    from picamera2.encoders import H264Encoder

    encoder: Encoder = H264Encoder(
        bitrate=video.bitrate_bps,
        repeat=True,
        iperiod=max(1, round(keyframe_every_s * video.fps)),
        framerate=video.fps,
        profile="constrained baseline",
    )
    if hasattr(encoder, "threads"):
        # libx264: more threads hold pictures back, one each.
        encoder.threads = 1
    return encoder


def make_output(encoded: Callable[[bytes, bool, int | None], None]) -> Any:
    """An output of picamera2 that hands every access unit to `encoded`."""
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
                encoded(bytes(frame), bool(keyframe), timestamp)

    return FeedOutput()


def _start(recorder: Recorder, encoder: Encoder, output: Any) -> None:
    try:
        recorder.start_encoder(encoder, output, name="lores")
    except (RuntimeError, OSError, ValueError) as error:
        raise HardwareError(f"The small picture does not start: {error}. Restart.") from error


def _stop(recorder: Recorder, encoder: Encoder) -> None:
    try:
        recorder.stop_encoder(encoder)
    except (RuntimeError, OSError, KeyError) as error:
        _log.warning("the small picture did not stop cleanly: %s", error)
