"""The twin's camera: looks at a scene in real time, encodes it on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Generic, Self, TypeVar

import av

from hardware.camera_feed import STALL_TIMEOUT_S
from hardware.errors import ClosedError, HardwareError
from hardware.picture_sensor import Eye
from hardware.planes import luma
from hardware.ports import CloseUp, Encoding
from hardware.twin.pictures import Picture, Scene
from hardware.twin.streams import CloseUpStream, CodedStream, SmallStream, Stream
from hardware.x264 import KEYFRAME_EVERY_S
from media import timecode
from media.frames import EncodedFrame, VideoFormat

# A viewer on a bad network who lost a picture, or comes from another layer, waits no longer.
SMALL_KEYFRAME_EVERY_S = 1.0
# A camera whose thread has not ended by then is left behind; it holds no hardware.
JOIN_TIMEOUT_S = 5.0
# After a pause longer than this (a suspended laptop) the camera does not catch up.
LATE_LIMIT_S = 0.2

_log = logging.getLogger(__name__)
High = TypeVar("High", bound=Stream)
Low = TypeVar("Low", bound=Stream)
Close = TypeVar("Close", bound=Stream)


class ThreadedCamera(Generic[High, Low, Close]):
    """The life of a camera with its own thread; subclasses say how a picture comes about."""

    def __init__(
        self, high: High, low: Low, close: Close, stalled: Callable[[], bool] = lambda: False
    ) -> None:
        self._high, self._low, self._close = high, low, close
        self._stalled = stalled
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._prepare)
        for stream in self._streams:
            stream.open()
        self._thread = threading.Thread(target=self._run, name="twin-camera", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._stop.set()
        for stream in self._streams:
            stream.close()
        thread, self._thread = self._thread, None
        if thread:
            await asyncio.to_thread(thread.join, JOIN_TIMEOUT_S)
            self._release()

    @property
    def low(self) -> Encoding:
        return self._low

    @property
    def format(self) -> VideoFormat:
        return self._high.format

    def frames(self) -> AsyncIterator[EncodedFrame]:
        """Access units from the next keyframe on; StalledError after two seconds of nothing."""
        return self._high.frames()

    def request_keyframe(self) -> None:
        """The next picture becomes a keyframe."""
        self._high.request_keyframe()

    def set_bitrate(self, bps: int) -> None:
        """Aim at this rate from the next picture on."""
        self._high.set_bitrate(bps)

    @property
    def _streams(self) -> tuple[Stream, ...]:
        return self._high, self._low, self._close

    def _prepare(self) -> None:
        """Open what the camera needs; on a thread, may take a second."""

    def _release(self) -> None:
        """Close what `_prepare` opened."""

    def _shoot(self, at_us: int) -> None:
        """One picture, for every encoding that is taken."""
        raise NotImplementedError

    def _run(self) -> None:
        fps = self._high.format.fps
        start_s, number = time.monotonic(), 0
        try:
            while not self._stop.wait(max(0.0, start_s + number / fps - time.monotonic())):
                late_s = time.monotonic() - (start_s + number / fps)
                if late_s > LATE_LIMIT_S:
                    start_s += late_s
                elif not self._stalled():
                    self._shoot(time.monotonic_ns() // 1000)
                number += 1
        except HardwareError as error:
            self._fail(error)
        except (av.FFmpegError, OSError, ValueError) as error:
            _log.exception("the camera has stopped")
            self._fail(HardwareError(f"The camera's encoder failed: {error}."))

    def _fail(self, error: HardwareError) -> None:
        for stream in self._streams:
            stream.fail(error)


class SceneCamera(ThreadedCamera[CodedStream, SmallStream, CloseUpStream]):
    """Draws or reads a scene once for each picture, and encodes it for whoever takes it."""

    def __init__(
        self,
        make_scene: Callable[[], Scene],
        formats: tuple[VideoFormat, VideoFormat, VideoFormat],
        *,
        time_code: bool = True,
        stalled: Callable[[], bool] = lambda: False,
        stall_timeout_s: float = STALL_TIMEOUT_S,
        eye: Eye | None = None,
    ) -> None:
        """`formats`: of the camera, of `low` and of `close_up`. `eye` is shown what was drawn."""
        video, low, close = formats
        super().__init__(
            CodedStream(video, KEYFRAME_EVERY_S, stall_timeout_s),
            SmallStream(low, SMALL_KEYFRAME_EVERY_S, stall_timeout_s),
            CloseUpStream(close, SMALL_KEYFRAME_EVERY_S, stall_timeout_s),
            stalled,
        )
        self._make_scene, self._eye = make_scene, eye
        # A narrower picture has no room for the code.
        self._time_code = time_code and video.width >= timecode.WIDTH_PX
        self._scene: Scene | None = None

    @property
    def close_up(self) -> CloseUp:
        return self._close

    def _prepare(self) -> None:
        self._scene = self._make_scene()
        self._canvas = Picture(self.format.width, self.format.height)

    def _release(self) -> None:
        if self._eye:
            self._eye.blind()
        if self._scene:
            self._scene.close()

    def _shoot(self, at_us: int) -> None:
        if self._scene is None:
            raise ClosedError("The camera is closed.")
        unix_ms = time.time_ns() // 1_000_000
        self._scene.draw(self._canvas, at_us / 1e6)
        if self._eye and self._eye.due(at_us):
            self._eye.see(self._canvas.y, at_us)
        # Cut first: the close-up has a whole time code of its own, not a part of the picture's.
        self._shoot_close(at_us, unix_ms)
        beneath = self._canvas.y[: timecode.BLOCK_PX].copy()
        if self._time_code:
            timecode.draw(self._canvas.y, unix_ms)
        frame = self._canvas.frame()
        self._high.encode(frame, at_us)
        if self._low.taken:
            self._low.encode(self._low.shrink(frame), at_us)
        else:
            self._low.rest()
        # A scene that stands still is not drawn again.
        self._canvas.y[: timecode.BLOCK_PX] = beneath

    def _shoot_close(self, at_us: int, unix_ms: int) -> None:
        if not self._close.taken:
            self._close.rest()
            return
        frame = self._close.cut(self._canvas)
        if self._time_code:
            timecode.draw(luma(frame), unix_ms, self.format.width)
        self._close.encode(frame, at_us)
