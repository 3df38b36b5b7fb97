"""A camera and a microphone for tests: a short real H.264 loop with a keyframe on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from functools import lru_cache
from typing import Self

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from hardware.ports import Window
from media import timecode
from media.frames import (
    SOUND_FRAME_MS,
    SOUND_FRAME_SAMPLES,
    SOUND_RATE_HZ,
    EncodedFrame,
    SoundFrame,
    VideoFormat,
)
from media.hub import monotonic_us

WIDTH, HEIGHT, FPS = 880, 64, 30
FRAME_US = 1_000_000 // FPS
VIDEO = VideoFormat(WIDTH, HEIGHT, FPS, 400_000)
# Smaller, and wide enough for a time code.
LOW = VideoFormat(868, 48, FPS, 200_000)
CLOSE = VideoFormat(864, 32, FPS, 300_000)


class TestEncoder:
    """Small pictures whose time code is the number of the picture."""

    __test__ = False

    def __init__(self, video: VideoFormat) -> None:
        self._video = video
        codec = av.CodecContext.create("libx264", "w")
        if not isinstance(codec, VideoCodecContext):
            raise TypeError
        codec.width, codec.height, codec.pix_fmt = video.width, video.height, "yuv420p"
        codec.framerate, codec.bit_rate = Fraction(video.fps), video.bitrate_bps
        codec.gop_size = 10_000
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": "repeat-headers=1:threads=1:scenecut=0",
        }
        self._codec = codec

    def encode(self, number: int, at_us: int, keyframe: bool) -> EncodedFrame:
        width, height = self._video.width, self._video.height
        planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        planes[20:height, : number % width] = 200
        timecode.draw(planes[:height], number)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pict_type = PictureType.I if keyframe else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._codec.encode(picture))
        return EncodedFrame("video", data, at_us, keyframe)


@lru_cache
def encoded_stream(count: int, group: int, start_us: int = 0) -> tuple[EncodedFrame, ...]:
    """Real pictures at 30 fps; picture `n` has the time code `n`."""
    encoder = TestEncoder(VIDEO)
    return tuple(
        encoder.encode(number, start_us + number * FRAME_US, number % group == 0)
        for number in range(count)
    )


class LoopEncoding:
    """Encodes in real time; counts requests; can be made to fail with an error."""

    def __init__(self, video: VideoFormat, group: int = 10_000) -> None:
        self.format = video
        self.keyframe_requests = 0
        self.rates: list[int] = []
        self.windows: list[Window] = []
        self.taken = 0
        self.failure: Exception | None = None
        self.starts = 0
        self.encoded: list[EncodedFrame] = []
        self._group = group
        self._wanted = True

    async def frames(self) -> AsyncIterator[EncodedFrame]:
        self.starts += 1
        self.taken += 1
        try:
            async for frame in self._frames(TestEncoder(self.format)):
                yield frame
        finally:
            self.taken -= 1

    async def _frames(self, encoder: TestEncoder) -> AsyncIterator[EncodedFrame]:
        self._wanted = True
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self.failure is not None:
                raise self.failure
            number = len(self.encoded)
            keyframe = self._wanted or number % self._group == 0
            self._wanted = False
            self.encoded.append(encoder.encode(number, monotonic_us(), keyframe))
            yield self.encoded[-1]
            due += 1 / FPS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def request_keyframe(self) -> None:
        self.keyframe_requests += 1
        self._wanted = True

    def set_bitrate(self, bps: int) -> None:
        self.rates.append(bps)

    def aim(self, window: Window) -> None:
        if self.failure is not None:
            raise self.failure
        self.windows.append(window)


class LoopCamera(LoopEncoding):
    """The large encoding, with a small one and a close-up beside it."""

    def __init__(self, group: int = 10_000) -> None:
        super().__init__(VIDEO, group)
        self.low, self.close_up = LoopEncoding(LOW), LoopEncoding(CLOSE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is held."""


class ToneMicrophone:
    """A steady tone of 440 Hz."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is held."""

    async def frames(self) -> AsyncIterator[SoundFrame]:
        loop = asyncio.get_running_loop()
        due, at_us, number = loop.time(), monotonic_us(), 0
        while True:
            if self.failure is not None:
                raise self.failure
            yield SoundFrame(tone(440, number), at_us + number * SOUND_FRAME_MS * 1000)
            number += 1
            due += SOUND_FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))


class ListSpeaker:
    """Keeps what it plays."""

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        self.played: list[SoundFrame] = []
        self.failure: Exception | None = None
        self._heard = heard

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is held."""

    async def play(self, frame: SoundFrame) -> None:
        if self.failure is not None:
            raise self.failure
        self.played.append(frame)
        self._heard()

    def next_at_us(self) -> int:
        """Nothing ever waits."""
        return monotonic_us()

    def set_volume(self, percent: int) -> None:
        """Always the same."""


def tone(hertz: float, number: int, peak: int = 8000) -> bytes:
    """The `number`-th 20 ms of a tone."""
    time_s = (np.arange(SOUND_FRAME_SAMPLES) + number * SOUND_FRAME_SAMPLES) / SOUND_RATE_HZ
    return (np.sin(2 * np.pi * hertz * time_s) * peak).astype("<i2").tobytes()


def loudest_hertz(samples: bytes) -> float:
    """The strongest frequency of a piece of mono sound."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(samples, "<i2")))
    return float(int(np.argmax(spectrum)) * SOUND_RATE_HZ / (len(samples) // 2))
