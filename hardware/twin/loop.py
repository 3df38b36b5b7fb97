"""A few seconds of the porch, encoded once and replayed for nearly nothing: for benchmarks.

The time code in these pictures is that of the encoding, not of the replay: latency cannot be
read from them. The close-up shows the middle of the picture, wherever it is aimed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.planes import Scaler
from hardware.ports import CloseUp, Window
from hardware.timer import Cancel
from hardware.twin.camera import ThreadedCamera
from hardware.twin.loop_file import Loop, read_loops, write_loops
from hardware.twin.pictures import Picture
from hardware.twin.porch.memory import give_back
from hardware.twin.porch.scene import Porch
from hardware.twin.streams import Stream
from hardware.twin.world import World
from hardware.x264 import H264Encoder
from media import timecode
from media.frames import EncodedFrame, VideoFormat

LOOP_S = 6
# A keyframe request jumps to the next keyframe of the loop, so they lie close.
KEYFRAME_EVERY = 15
# A change of the drawing or of the format of the file makes old files useless.
CACHE_VERSION = 2
# Grain of a real sensor at dusk; without it the loop would stay below its bit rate.
GRAIN = 3.0
# Near enough that the close-up is another picture, and its pixels are the sensor's own.
CLOSE_UP = Window(zoom=2.0)

_log = logging.getLogger(__name__)
# Of the camera, of `low` and of `close_up`.
Formats: TypeAlias = tuple[VideoFormat, VideoFormat, VideoFormat]
Loops: TypeAlias = tuple[Loop, Loop, Loop]


class LoopStream(Stream):
    """One encoding, replayed; a keyframe request jumps to the loop's next keyframe."""

    loop: Loop = ()
    _at = 0

    def play(self, at_us: int) -> None:
        """The next picture, for whoever takes it."""
        if self.keyframe_wanted():
            self._at = -(-self._at // KEYFRAME_EVERY) * KEYFRAME_EVERY
        data, keyframe = self.loop[self._at % len(self.loop)]
        self._at += 1
        self.put(EncodedFrame("video", data, at_us, keyframe))


class LoopCloseUp(LoopStream):
    """The loop of the middle of the picture."""

    def aim(self, window: Window) -> None:
        """The loop has one view."""


class LoopCamera(ThreadedCamera[LoopStream, LoopStream, LoopCloseUp]):
    """Replays the encoded loops in real time."""

    def __init__(
        self,
        formats: Formats,
        cache_dir: Path | None,
        stalled: Callable[[], bool] = lambda: False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        high, low, close = formats
        super().__init__(
            LoopStream(high, stall_timeout_s),
            LoopStream(low, stall_timeout_s),
            LoopCloseUp(close, stall_timeout_s),
            stalled,
        )
        self._formats, self._cache_dir = formats, cache_dir

    @property
    def close_up(self) -> CloseUp:
        return self._close

    def _prepare(self) -> None:
        loops = _cached(self._formats, self._cache_dir)
        for stream, loop in zip((self._high, self._low, self._close), loops, strict=True):
            stream.loop = loop

    def _shoot(self, at_us: int) -> None:
        self._high.play(at_us)
        for stream in (self._low, self._close):
            if stream.taken:
                stream.play(at_us)


def _cached(formats: Formats, folder: Path | None) -> Loops:
    if folder is None:
        return encode_loops(formats)
    path = folder / _file_name(formats)
    try:
        high, low, close = read_loops(path)
        return high, low, close
    except (OSError, ValueError) as error:
        _log.info("encoding the loop afresh: %s", error)
    loops = encode_loops(formats)
    write_loops(path, loops)
    # Drawing and encoding took some twenty megabytes that are not needed again.
    give_back()
    return loops


def _file_name(formats: Formats) -> str:
    high, low, close = formats
    rates = f"{high.bitrate_bps}-{low.bitrate_bps}-{close.bitrate_bps}"
    return f"porch-{CACHE_VERSION}-{high.width}x{high.height}x{high.fps}-{rates}.loop"


def encode_loops(formats: Formats) -> Loops:
    """Six seconds of the porch with a visitor at the door; a few seconds of work."""
    now_s = [0.0]
    world = World(now=lambda: now_s[0], start_timer=_no_timer)
    world.walk_past()
    high = formats[0]
    porch = Porch(world, high)
    picture, grain = Picture(high.width, high.height), _grain(high)
    coders = _Coder(formats[0]), _Coder(formats[1]), _Coder(formats[2])
    for number in range(LOOP_S * high.fps):
        now_s[0] = number / high.fps
        porch.draw(picture, now_s[0])
        _sprinkle(picture, grain, number)
        middle = picture.part(CLOSE_UP)
        if high.width >= timecode.WIDTH_PX:
            timecode.draw(picture.y, time.time_ns() // 1_000_000)
        for coder, shown in zip(coders, (picture, picture, middle), strict=True):
            coder.code(shown, round(now_s[0] * 1e6))
    porch.close()
    return coders[0].loop, coders[1].loop, coders[2].loop


class _Coder:
    """Collects one loop."""

    def __init__(self, video: VideoFormat) -> None:
        self._scaler = Scaler(video.width, video.height)
        self._encoder = H264Encoder(video, KEYFRAME_EVERY)
        self._coded: list[tuple[bytes, bool]] = []

    @property
    def loop(self) -> Loop:
        return tuple(self._coded)

    def code(self, picture: Picture, at_us: int) -> None:
        shown = self._scaler.scaled(picture.frame())
        frame = self._encoder.encode(shown, at_us, keyframe=False)
        self._coded.append((frame.data, frame.keyframe))


def _grain(video: VideoFormat) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    # One larger sheet, shifted from picture to picture, is as good as fresh noise for each.
    noise = np.random.default_rng(1).normal(0, GRAIN, (video.height + 64, video.width + 64))
    return np.clip(noise, -20, 20).astype(np.int8)


def _sprinkle(
    picture: Picture, grain: np.ndarray[tuple[int, int], np.dtype[np.int8]], number: int
) -> None:
    down, right = number * 29 % 64, number * 47 % 64
    height, width = picture.y.shape
    mixed = picture.y.astype(np.int16) + grain[down : down + height, right : right + width]
    picture.y[:] = np.clip(mixed, 16, 235)


def _no_timer(_seconds: float, _act: Callable[[], None]) -> Cancel:
    return lambda: None
