"""A few seconds of the porch, encoded once and replayed for nearly nothing: for benchmarks.

The time code in these pictures is that of the encoding, not of the replay: latency cannot be
read from them.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.timer import Cancel
from hardware.twin.camera import ThreadedCamera
from hardware.twin.encoder import H264Encoder
from hardware.twin.pictures import Picture
from hardware.twin.porch.memory import give_back
from hardware.twin.porch.scene import Porch
from hardware.twin.world import World
from media import timecode
from media.frames import EncodedFrame, VideoFormat

LOOP_S = 6
# A keyframe request jumps to the next keyframe of the loop, so they lie close.
KEYFRAME_EVERY = 15
# A change of the drawing or of the format of the file makes old files useless.
CACHE_VERSION = 1
# Grain of a real sensor at dusk; without it the loop would stay below its bit rate.
GRAIN = 3.0

_log = logging.getLogger(__name__)
Loop = list[tuple[bytes, bool]]


class LoopCamera(ThreadedCamera):
    """Replays the encoded loop in real time; a keyframe request jumps to the next keyframe."""

    def __init__(
        self,
        video: VideoFormat,
        cache_dir: Path | None,
        stalled: Callable[[], bool] = lambda: False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        super().__init__(video, stalled, stall_timeout_s)
        self._cache_dir = cache_dir
        self._loop: Loop = []
        self._at = 0

    def _prepare(self) -> None:
        self._loop = _cached(self._video, self._cache_dir)

    def _picture(self, number: int, due_s: float) -> EncodedFrame:
        if self._keyframe.is_set():
            self._keyframe.clear()
            self._at = -(-self._at // KEYFRAME_EVERY) * KEYFRAME_EVERY
        data, keyframe = self._loop[self._at % len(self._loop)]
        self._at += 1
        return EncodedFrame("video", data, time.monotonic_ns() // 1000, keyframe)


def _cached(video: VideoFormat, folder: Path | None) -> Loop:
    if folder is None:
        return encode_loop(video)
    name = f"porch-{CACHE_VERSION}-{'x'.join(str(value) for value in asdict(video).values())}.loop"
    path = folder / name
    try:
        return _read(path)
    except (OSError, ValueError, struct.error) as error:
        _log.info("encoding the loop afresh: %s", error)
    loop = encode_loop(video)
    _write(path, loop)
    # Drawing and encoding took some twenty megabytes that are not needed again.
    give_back()
    return loop


def encode_loop(video: VideoFormat) -> Loop:
    """Six seconds of the porch with a visitor at the door; a few seconds of work."""
    now_s = [0.0]
    world = World(now=lambda: now_s[0], start_timer=_no_timer)
    world.walk_past()
    porch = Porch(world, video)
    encoder = H264Encoder(video, KEYFRAME_EVERY)
    picture = Picture(video.width, video.height)
    grain = _grain(video)
    loop: Loop = []
    for number in range(LOOP_S * video.fps):
        now_s[0] = number / video.fps
        porch.draw(picture, now_s[0])
        _sprinkle(picture, grain, number)
        if video.width >= timecode.WIDTH_PX:
            timecode.draw(picture.y, time.time_ns() // 1_000_000)
        frame = encoder.encode(picture, round(now_s[0] * 1e6), keyframe=False)
        loop.append((frame.data, frame.keyframe))
    porch.close()
    return loop


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


def _write(path: Path, loop: Loop) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    index = json.dumps([[len(data), keyframe] for data, keyframe in loop]).encode()
    # Written aside and renamed: two programs may start at once.
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_bytes(struct.pack(">I", len(index)) + index + b"".join(data for data, _ in loop))
    aside.replace(path)


def _read(path: Path) -> Loop:
    content = path.read_bytes()
    (length,) = struct.unpack_from(">I", content)
    loop: Loop = []
    at = 4 + length
    for size, keyframe in json.loads(content[4:at]):
        loop.append((content[at : at + size], keyframe))
        at += size
    if at != len(content) or not loop:
        raise ValueError("the cached loop is cut short")
    return loop
