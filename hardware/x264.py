"""H.264 by libx264 through PyAV, set up as the camera port promises it."""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from hardware.errors import MissingError
from hardware.planes import Pixels
from media.frames import EncodedFrame, VideoFormat

# A new viewer without a keyframe request, and a recording's seek, wait at most this long.
KEYFRAME_EVERY_S = 2.0
# A sender keeps the last 128 packets for retransmission, about 150 kB: a keyframe must fit.
KEYFRAME_LIMIT_BITS = 110_000 * 8
# Below this 720p is mud; above it no picture of a door gets better.
BITRATE_LIMITS_BPS = (150_000, 6_000_000)
# How much of a second's bits one moment may take: room for a keyframe, little enough to send.
BUFFER_S = 0.5


class H264Encoder:
    """One picture in, one access unit out: no reordering, no delay, SPS and PPS on keyframes."""

    def __init__(
        self, video: VideoFormat, keyframe_every: int | None = None, pixels: Pixels = "yuv420p"
    ) -> None:
        self._video, self.pixels = video, pixels
        self._keyframe_every = keyframe_every or round(KEYFRAME_EVERY_S * video.fps)
        self._context = self._opened(video.bitrate_bps)

    def encode(self, frame: av.VideoFrame, at_us: int, keyframe: bool) -> EncodedFrame:
        """Encode at once; the frame's bytes are not needed afterwards."""
        frame.pts, frame.time_base = at_us, self._context.time_base
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        (packet,) = self._context.encode(frame)
        return EncodedFrame("video", bytes(packet), at_us, packet.is_keyframe)

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on; clamped to what makes sense."""
        low, high = BITRATE_LIMITS_BPS
        bounded = max(low, min(high, bps))
        if bounded > self._peak_bps:
            # x264 never exceeds the rate that it was opened with; a new one starts afresh.
            self._context = self._opened(bounded)
        else:
            self._context.bit_rate = bounded

    def _opened(self, bps: int) -> VideoCodecContext:
        context = av.CodecContext.create("libx264", "w")
        if not isinstance(context, VideoCodecContext):
            raise MissingError("PyAV has no libx264 encoder. Install PyAV's own wheel.")
        video = self._video
        context.width, context.height, context.pix_fmt = video.width, video.height, self.pixels
        context.time_base = Fraction(1, 1_000_000)
        context.framerate = Fraction(video.fps)
        context.bit_rate = self._peak_bps = bps
        context.gop_size = self._keyframe_every
        context.max_b_frames = 0
        context.thread_count = 1
        context.options = _options(video, bps)
        return context


def _options(video: VideoFormat, bps: int) -> dict[str, str]:
    return {
        # The cheapest preset that still predicts motion well enough for leaves and a visitor.
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "level": "3.1" if video.width * video.height * video.fps <= 1280 * 720 * 30 else "4.1",
        "forced-idr": "1",
        # x264 takes a new rate in flight only when it was opened with a constant one.
        "maxrate": str(bps),
        "bufsize": str(min(KEYFRAME_LIMIT_BITS, round(bps * BUFFER_S))),
        # subme=0, motion by whole pixels: half ones cost 6 MB and give a porch only 0.2 dB.
        "x264-params": "subme=0:scenecut=0:"
        "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv",
    }
