"""The encodings of the Pi's camera: each has an encoder for as long as its frames are taken."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol

from hardware.bridge import now_us
from hardware.camera_feed import CameraFeed
from hardware.errors import ClosedError, HardwareError, MissingError, StalledError
from hardware.pi.encoders import Coder, Encoded, Failed, HardwareCoder, SoftwareCoder
from hardware.pi.picamera import Picamera2
from hardware.ports import Window
from media.frames import EncodedFrame, VideoFormat

# A sensor's time stamp further off than this is of another clock, and no use.
CLOCK_TOLERANCE_US = 1_000_000

_log = logging.getLogger(__name__)


class MakeCoder(Protocol):
    """How a stream comes to an encoder."""

    def __call__(
        self, video: VideoFormat, keyframe_every_s: float, encoded: Encoded, failed: Failed
    ) -> Coder: ...


def hardware_coder(
    video: VideoFormat, keyframe_every_s: float, encoded: Encoded, failed: Failed
) -> Coder:
    """On a Pi that has an encoder; when that fails it falls silent, which the feed notices."""
    return HardwareCoder(video, keyframe_every_s, encoded)


class PiStream:
    """Frames of one encoder, which `begin()` makes; picamera2 calls back on its thread."""

    def __init__(
        self,
        video: VideoFormat,
        keyframe_every_s: float,
        make_coder: MakeCoder,
        stall_timeout_s: float,
    ) -> None:
        self.feed = CameraFeed(self.request_keyframe, stall_timeout_s)
        self._video, self._keyframe_every_s = video, keyframe_every_s
        self._make_coder = make_coder
        self._coder: Coder | None = None
        self._bitrate_bps = video.bitrate_bps
        self._last_us = 0

    @property
    def format(self) -> VideoFormat:
        return self._video

    def begin(self) -> Coder:
        """A new encoder, to be started."""
        coder = self._make_coder(self._video, self._keyframe_every_s, self.encoded, self.feed.fail)
        if self._bitrate_bps != self._video.bitrate_bps:
            coder.set_bitrate(self._bitrate_bps)
        self._coder = coder
        return coder

    def end(self) -> None:
        """The encoder has stopped."""
        self._coder = None

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        if coder := self._coder:
            coder.request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._bitrate_bps = bps
        if coder := self._coder:
            coder.set_bitrate(bps)

    def encoded(self, data: bytes, keyframe: bool, captured_us: int | None) -> None:
        """One access unit, on picamera2's thread."""
        arrived_us = now_us()
        if captured_us is None or not 0 <= arrived_us - captured_us < CLOCK_TOLERANCE_US:
            captured_us = arrived_us
        # Where an overloaded Pi falls back to the other clock, time must not run backwards.
        self._last_us = max(captured_us, self._last_us + 1)
        self.feed.put(EncodedFrame("video", data, self._last_us, keyframe))


class TakenStream(PiStream):
    """An encoding of one of the sensor's streams, encoded only while somebody takes its frames."""

    source = "lores"

    def __init__(
        self,
        video: VideoFormat,
        keyframe_every_s: float,
        make_coder: MakeCoder,
        stall_timeout_s: float,
    ) -> None:
        super().__init__(video, keyframe_every_s, make_coder, stall_timeout_s)
        self._camera: Picamera2 | None = None
        self._is_open = False
        # A taker that leaves at once must not stop what has not quite started.
        self._starting = threading.Lock()

    def open(self, camera: Picamera2) -> None:
        """Frames may be taken from now on."""
        self._camera, self._is_open = camera, True

    def rest(self) -> None:
        """The camera is away for a moment; it has stopped its encoders."""
        self._camera = None
        self.end()

    def close(self) -> None:
        """The camera has ended. May be called twice."""
        self._is_open = False
        self.rest()
        self.feed.finish()

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the first one on; StalledError after two seconds of nothing."""
        if not self._is_open:
            raise ClosedError("The camera is closed.")
        self.feed.mend()
        return self._encoded(self.feed.frames())

    async def _encoded(
        self, frames: AsyncGenerator[EncodedFrame, None]
    ) -> AsyncGenerator[EncodedFrame, None]:
        if (camera := self._camera) is None:
            raise StalledError("The camera is being restarted.")
        coder = self.begin()
        try:
            await asyncio.to_thread(self._start, camera, coder)
            async with aclosing(frames):
                async for frame in frames:
                    yield frame
        finally:
            if self._coder is coder:
                self.end()
            # A camera that was stopped has stopped its encoders already.
            if self._camera is camera:
                await asyncio.to_thread(self._stop, camera, coder)

    def _start(self, camera: Picamera2, coder: Coder) -> None:
        try:
            with self._starting:
                camera.start_encoder(coder.encoder, coder.output, name=self.source)
        except (RuntimeError, OSError, ValueError, LookupError) as error:
            raise HardwareError(f"The small picture does not start: {error}. Restart.") from error

    def _stop(self, camera: Picamera2, coder: Coder) -> None:
        try:
            with self._starting:
                camera.stop_encoder(coder.encoder)
        except (RuntimeError, OSError, LookupError) as error:
            _log.warning("the small picture did not stop cleanly: %s", error)


class CloseUpStream(TakenStream):
    """A part of the large picture; only where libx264 encodes, which takes any part of it."""

    source = "main"
    _window = Window()

    def begin(self) -> Coder:
        coder = super().begin()
        self._show(coder)
        return coder

    def aim(self, window: Window) -> None:
        """Show this part from the next picture on."""
        self._window = window
        self._show(self._coder)

    def _show(self, coder: Coder | None) -> None:
        if isinstance(coder, SoftwareCoder):
            coder.window = self._window


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
