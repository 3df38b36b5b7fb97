"""The encodings of a twin's camera: each faces the event loop on one side, a thread on another."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator

import av

from hardware.camera_feed import STALL_TIMEOUT_S, CameraFeed
from hardware.errors import ClosedError, HardwareError
from hardware.planes import Scaler
from hardware.ports import Window
from hardware.twin.pictures import Picture
from hardware.x264 import H264Encoder
from media.frames import EncodedFrame, VideoFormat


class Stream:
    """One encoding without its encoder: `open()` and `close()` bound its life."""

    def __init__(self, video: VideoFormat, stall_timeout_s: float = STALL_TIMEOUT_S) -> None:
        self._video = video
        self._feed = CameraFeed(self.request_keyframe, stall_timeout_s)
        self._keyframe = threading.Event()
        self._open = False
        self._bitrate_bps = video.bitrate_bps

    @property
    def format(self) -> VideoFormat:
        return self._video

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing."""
        if not self._open:
            raise ClosedError("The camera is closed.")
        return self._feed.frames()

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        self._keyframe.set()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._bitrate_bps = bps

    def open(self) -> None:
        """Frames may be taken from now on."""
        self._open = True

    def close(self) -> None:
        """End the taker's iteration. May be called twice."""
        self._open = False
        self._feed.finish()

    # The camera's thread calls what follows.

    @property
    def taken(self) -> bool:
        """Whether anybody takes the frames."""
        return self._feed.taken

    def put(self, frame: EncodedFrame) -> None:
        """One access unit for the taker."""
        self._feed.put(frame)

    def fail(self, error: HardwareError) -> None:
        """Tell the taker, and every later one, that there will be no more."""
        self._feed.fail(error)

    def keyframe_wanted(self) -> bool:
        """Whether the next picture is to be a keyframe; said once for each wish."""
        # Cleared only when it was seen: a wish that comes in between is kept for the next picture.
        if wanted := self._keyframe.is_set():
            self._keyframe.clear()
        return wanted


class CodedStream(Stream):
    """An encoding with an encoder, which is there only while somebody takes its frames."""

    def __init__(
        self, video: VideoFormat, keyframe_every_s: float, stall_timeout_s: float = STALL_TIMEOUT_S
    ) -> None:
        super().__init__(video, stall_timeout_s)
        self._keyframe_every = max(1, round(keyframe_every_s * video.fps))
        self._encoder: H264Encoder | None = None
        self._coded_bps = video.bitrate_bps

    def encode(self, frame: av.VideoFrame, at_us: int) -> None:
        """Encode a picture of the right size for the taker."""
        if self._encoder is None:
            # A new encoder begins with a keyframe; opening it takes less than a millisecond.
            self._encoder = H264Encoder(self._video, self._keyframe_every)
            self._coded_bps = self._video.bitrate_bps
        if (bps := self._bitrate_bps) != self._coded_bps:
            self._encoder.set_bitrate(bps)
            self._coded_bps = bps
        self.put(self._encoder.encode(frame, at_us, self.keyframe_wanted()))

    def rest(self) -> None:
        """Nobody takes the frames; give the encoder's memory back."""
        self._encoder = None


class SmallStream(CodedStream):
    """Encodes pictures of any size, scaled to its own."""

    def __init__(
        self, video: VideoFormat, keyframe_every_s: float, stall_timeout_s: float = STALL_TIMEOUT_S
    ) -> None:
        super().__init__(video, keyframe_every_s, stall_timeout_s)
        self._scaler = Scaler(video.width, video.height)

    def shrink(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture in this encoding's size."""
        return self._scaler.scaled(frame)


class CloseUpStream(SmallStream):
    """Encodes the part of each picture that it is aimed at."""

    _window = Window()

    def aim(self, window: Window) -> None:
        """Show this part from the next picture on."""
        self._window = window

    def cut(self, picture: Picture) -> av.VideoFrame:
        """The part in this encoding's size."""
        return self.shrink(picture.part(self._window).frame())
