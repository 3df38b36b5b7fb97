"""The two ways to encode on a Pi: its own encoder where it has one, otherwise libx264.

Each `Coder` holds an encoder that picamera2 drives, and hands every access unit over on
picamera2's thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import av

from hardware.errors import HardwareError
from hardware.pi.v4l2 import set_bitrate
from hardware.planes import Layout, Pixels, Plane, Scaler, area_of
from hardware.ports import Window
from hardware.x264 import BITRATE_LIMITS_BPS, H264Encoder
from media.frames import VideoFormat

# As libcamera and as PyAV name them.
PIXELS: dict[str, Pixels] = {"YUV420": "yuv420p", "NV12": "nv12"}
_IDR, _SPS = 5, 7
_START_CODE = re.compile(rb"\x00?\x00\x00\x01")
# SPS and PPS come first, and together are far smaller.
HEADERS_WITHIN_BYTES = 256

# Told an access unit, whether it is a keyframe, and the sensor's time in µs if it is known.
Encoded = Callable[[bytes, bool, int | None], None]
Failed = Callable[[HardwareError], None]


class Coder(Protocol):
    """An encoder with what picamera2 takes to drive it."""

    @property
    def encoder(self) -> Any: ...
    @property
    def output(self) -> Any: ...
    def request_keyframe(self) -> None: ...
    def set_bitrate(self, bps: int) -> None: ...


class HardwareCoder:
    """The VideoCore's encoder, driven by picamera2's H264Encoder over V4L2."""

    def __init__(self, video: VideoFormat, keyframe_every_s: float, encoded: Encoded) -> None:
        from picamera2.encoders.h264_encoder import H264Encoder as Driver

        self._encoded = encoded
        self._headers = b""
        try:
            self.encoder = Driver(
                bitrate=_bounded(video.bitrate_bps),
                repeat=True,
                iperiod=max(1, round(keyframe_every_s * video.fps)),
                framerate=video.fps,
                profile="constrained baseline",
            )
        except TypeError as error:
            raise HardwareError(
                "picamera2 is too old for this doorbell. Update it with: sudo apt full-upgrade"
            ) from error
        self.output = make_output(self._output)

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe, from picamera2 0.3.32 on."""
        force = getattr(self.encoder, "force_key_frame", None)
        if force is not None:
            force()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on; where it cannot, from the next start on."""
        self.encoder.bitrate = _bounded(bps)
        set_bitrate(getattr(self.encoder, "vd", None), _bounded(bps))

    def _output(self, data: bytes, keyframe: bool, since_first_us: int | None) -> None:
        first_us = self.encoder.firsttimestamp
        at_us = None
        if first_us is not None and since_first_us is not None:
            at_us = int(first_us) + since_first_us
        self._encoded(self._whole(data) if keyframe else data, keyframe, at_us)

    def _whole(self, data: bytes) -> bytes:
        """A keyframe with SPS and PPS: under pressure they may have come without a picture."""
        if _start_of(_SPS, data[:HEADERS_WITHIN_BYTES]) is None:
            return self._headers + data
        self._headers = data[: _start_of(_IDR, data) or 0]
        return data


class SoftwareCoder:
    """libx264 of our own, in an encoder class that picamera2 drives like one of its own.

    It yields pictures of its format whatever the sensor delivers. `aim` shows a part of them.
    """

    output: Any = None

    def __init__(
        self, video: VideoFormat, keyframe_every_s: float, encoded: Encoded, failed: Failed
    ) -> None:
        self._video, self._encoded, self._failed = video, encoded, failed
        self._keyframe_every = max(1, round(keyframe_every_s * video.fps))
        self._coder: H264Encoder | None = None
        self._keyframe = self._broken = False
        self._bitrate_bps = self._coded_bps = video.bitrate_bps
        self._scaler = Scaler(video.width, video.height)
        self.window = Window()
        self.encoder = make_encoder(self.encode)

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        self._keyframe = True

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._bitrate_bps = bps

    def encode(self, layout: Layout, memory: Plane, at_us: int) -> None:
        """One picture in the sensor's memory; on picamera2's thread, which no error may end."""
        if self._broken:
            return
        try:
            self._encode(self._frame(layout, memory), at_us)
        except (av.FFmpegError, ValueError, HardwareError) as error:
            self._broken = True
            self._failed(HardwareError(f"The picture cannot be encoded: {error}. Restart."))

    def _frame(self, layout: Layout, memory: Plane) -> av.VideoFrame:
        whole = self.window.zoom <= 1
        area = None if whole else area_of(self.window, layout.width, layout.height)
        frame = layout.frame(memory, area)
        fits = (frame.width, frame.height) == (self._video.width, self._video.height)
        return frame if fits and whole else self._scaler.scaled(frame)

    def _encode(self, frame: av.VideoFrame, at_us: int) -> None:
        pixels: Pixels = "nv12" if frame.format.name == "nv12" else "yuv420p"
        if self._coder is None or self._coder.pixels != pixels:
            self._coder = H264Encoder(self._video, self._keyframe_every, pixels)
            self._coded_bps = self._video.bitrate_bps
        if (bps := self._bitrate_bps) != self._coded_bps:
            self._coder.set_bitrate(bps)
            self._coded_bps = bps
        # Cleared only when it was seen: a wish that comes in between is kept for the next picture.
        if wanted := self._keyframe:
            self._keyframe = False
        coded = self._coder.encode(frame, at_us, wanted)
        self._encoded(coded.data, coded.keyframe, at_us)


def make_output(encoded: Encoded) -> Any:
    """An output of picamera2 that hands every access unit to `encoded`, with µs since the first."""
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


def make_encoder(encode: Callable[[Layout, Plane, int], None]) -> Any:
    """An encoder of picamera2 that shows each picture's memory to `encode`, with its time in µs."""
    from picamera2 import MappedArray
    from picamera2.encoders import Encoder

    class MemoryEncoder(Encoder):  # type: ignore[misc]  # picamera2 is untyped
        def _start(self) -> None:
            super()._start()
            self.layout = layout_of(self)

        def _encode(self, stream: Any, request: Any) -> None:
            since_first_us = self._timestamp(request)
            with MappedArray(request, stream, reshape=False) as mapped:
                encode(self.layout, mapped.array, self.firsttimestamp + since_first_us)

    return MemoryEncoder()


def layout_of(encoder: Any) -> Layout:
    """How the pictures lie that picamera2 gives to an encoder. HardwareError for other formats."""
    return Layout(encoder.width, encoder.height, encoder.stride, pixels_of(encoder.format))


def pixels_of(name: str) -> Pixels:
    """libcamera's name of a format as PyAV has it. HardwareError for one that is not encoded."""
    pixels = PIXELS.get(name)
    if pixels is None:
        raise HardwareError(
            f"This camera yields {name}, which is not encoded here."
            " Use a camera module of Raspberry Pi's."
        )
    return pixels


def _bounded(bps: int) -> int:
    low, high = BITRATE_LIMITS_BPS
    return max(low, min(high, bps))


def _start_of(kind: int, data: bytes) -> int | None:
    """Where the first NAL unit of this type begins, with its start code."""
    for found in _START_CODE.finditer(data):
        if found.end() < len(data) and data[found.end()] & 0x1F == kind:
            return found.start()
    return None
