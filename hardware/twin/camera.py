"""The twin's camera: looks at a scene in real time, encodes it on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Self

import av

from hardware.camera_feed import STALL_TIMEOUT_S, CameraFeed
from hardware.errors import ClosedError, HardwareError
from hardware.twin.encoder import H264Encoder
from hardware.twin.pictures import Picture, Scene
from media import timecode
from media.frames import EncodedFrame, VideoFormat

# A camera whose thread has not ended by then is left behind; it holds no hardware.
JOIN_TIMEOUT_S = 5.0
# After a pause longer than this (a suspended laptop) the camera does not catch up.
LATE_LIMIT_S = 0.2

_log = logging.getLogger(__name__)


class ThreadedCamera:
    """The life of a camera with its own thread; subclasses say how a picture comes about."""

    def __init__(
        self,
        video: VideoFormat,
        stalled: Callable[[], bool] = lambda: False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        self._video, self._stalled = video, stalled
        self._feed = CameraFeed(self.request_keyframe, stall_timeout_s)
        self._stop = threading.Event()
        self._keyframe = threading.Event()
        self._bitrate_bps: int | None = None
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._prepare)
        self._thread = threading.Thread(target=self._run, name="twin-camera", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._stop.set()
        self._feed.finish()
        thread, self._thread = self._thread, None
        if thread:
            await asyncio.to_thread(thread.join, JOIN_TIMEOUT_S)
            self._release()

    @property
    def format(self) -> VideoFormat:
        return self._video

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing."""
        if self._thread is None:
            raise ClosedError("The camera is closed.")
        return self._feed.frames()

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        self._keyframe.set()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._bitrate_bps = bps

    def _prepare(self) -> None:
        """Open what the camera needs; on a thread, may take a second."""

    def _release(self) -> None:
        """Close what `_prepare` opened."""

    def _picture(self, number: int, due_s: float) -> EncodedFrame:
        raise NotImplementedError

    def _run(self) -> None:
        start_s, number = time.monotonic(), 0
        try:
            while not self._stop.wait(max(0.0, start_s + number / self._video.fps - _now())):
                due_s = start_s + number / self._video.fps
                if _now() - due_s > LATE_LIMIT_S:
                    start_s += _now() - due_s
                elif not self._stalled():
                    self._feed.put(self._picture(number, due_s))
                number += 1
        except HardwareError as error:
            self._feed.fail(error)
        except (av.FFmpegError, OSError, ValueError) as error:
            _log.exception("the camera has stopped")
            self._feed.fail(HardwareError(f"The camera's encoder failed: {error}."))


class SceneCamera(ThreadedCamera):
    """Draws or reads a scene, stamps it, encodes it."""

    def __init__(
        self,
        make_scene: Callable[[], Scene],
        video: VideoFormat,
        *,
        time_code: bool = True,
        stalled: Callable[[], bool] = lambda: False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        super().__init__(video, stalled, stall_timeout_s)
        self._make_scene = make_scene
        # A narrower picture has no room for the code.
        self._time_code = time_code and video.width >= timecode.WIDTH_PX
        self._scene: Scene | None = None

    def _prepare(self) -> None:
        self._scene = self._make_scene()
        self._encoder = H264Encoder(self._video)
        self._canvas = Picture(self._video.width, self._video.height)

    def _release(self) -> None:
        if self._scene:
            self._scene.close()

    def _picture(self, number: int, due_s: float) -> EncodedFrame:
        if self._scene is None:
            raise ClosedError("The camera is closed.")
        if (bps := self._bitrate_bps) is not None:
            self._encoder.set_bitrate(bps)
            self._bitrate_bps = None
        at_us = time.monotonic_ns() // 1000
        unix_ms = time.time_ns() // 1_000_000
        self._scene.draw(self._canvas, at_us / 1e6)
        if self._time_code:
            timecode.draw(self._canvas.y, unix_ms)
        keyframe = self._keyframe.is_set()
        self._keyframe.clear()
        return self._encoder.encode(self._canvas, at_us, keyframe)


def _now() -> float:
    return time.monotonic()
