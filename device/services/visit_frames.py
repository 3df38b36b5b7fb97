"""The frames of a visit's beginning, held in memory as long as the visit is open."""

from __future__ import annotations

from collections.abc import Coroutine

from media.frames import EncodedFrame
from media.hub import FrameHub
from media.subscription import Subscription

# With ten seconds before, half a minute around the press: who it is, and what they brought.
AFTER_S = 20.0
# Half a minute at 6 Mbit/s. Frames are the hubs' own until those forget them.
LIMIT_BYTES = 24 * 1024 * 1024


class VisitFrames:
    """The hubs' last seconds and `after_s` more from `now_us` on, `limit_bytes` at most.

    The last seconds are there at once; `fillers()` are to be run for the rest, and end by
    themselves or with `close()`.
    """

    def __init__(
        self, video: FrameHub, sound: FrameHub, now_us: int,
        after_s: float = AFTER_S, limit_bytes: int = LIMIT_BYTES,
    ) -> None:  # fmt: skip
        self.pictures: list[EncodedFrame] = []
        self.sounds: list[EncodedFrame] = []
        self.size_bytes = 0
        self.full = False
        self._limit_bytes = limit_bytes
        self._until_us = now_us + round(after_s * 1e6)
        self._video, self._sound = video.record(), sound.record()
        self._drain(self._video, self.pictures)
        self._drain(self._sound, self.sounds)

    def fillers(self) -> tuple[Coroutine[None, None, None], ...]:
        """The work: taking frames as they come."""
        return self._fill(self._video, self.pictures), self._fill(self._sound, self.sounds)

    def close(self) -> None:
        """Take nothing more, and let the frames go. May be called twice."""
        self._stop()
        self.pictures, self.sounds, self.size_bytes = [], [], 0

    async def _fill(self, taker: Subscription, frames: list[EncodedFrame]) -> None:
        async for frame in taker:
            self._take(frame, frames)

    def _drain(self, taker: Subscription, frames: list[EncodedFrame]) -> None:
        while (frame := taker.poll()) is not None:
            self._take(frame, frames)

    def _take(self, frame: EncodedFrame, frames: list[EncodedFrame]) -> None:
        if self.full:
            return
        if frame.at_us > self._until_us or self.size_bytes + len(frame.data) > self._limit_bytes:
            self._stop()
            return
        frames.append(frame)
        self.size_bytes += len(frame.data)

    def _stop(self) -> None:
        self.full = True
        self._video.close()
        self._sound.close()
