"""Old frames sent faster than they came, but not all at once, and again after a loss.

Only the last 128 packets can be sent again when they get lost on the way, so a burst would leave
holes; and sound stays beside its pictures, so that a recorder can write both as they come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from media.frames import EncodedFrame
from media.preroll import PreRoll
from media.subscription import Subscription

# A lost path is noticed after 6 s; what was sent meanwhile, and a group before it, is sent again.
AGAIN_S = 10.0
# RTP, SRTP, UDP and IP around each packet's payload.
OVERHEAD_BYTES = 60
# Sound may be this far ahead of the picture that is sent.
LEAD_US = 300_000


class Rewindable:
    """A subscription that remembers what was taken last, to give it once more."""

    def __init__(self, frames: Subscription) -> None:
        self._frames = frames
        self._again: deque[EncodedFrame] = deque()
        self._taken = PreRoll(AGAIN_S)

    @property
    def waiting(self) -> bool:
        """Whether the next frame is there already."""
        return bool(self._again) or len(self._frames) > 0

    async def first(self) -> EncodedFrame:
        """The next frame, left in place. StopAsyncIteration at the end."""
        if not self._again:
            self._again.append(await anext(self._frames))
        return self._again[0]

    async def take(self) -> EncodedFrame:
        """The next frame. StopAsyncIteration at the end."""
        frame = await self.first()
        self._again.popleft()
        self._taken.add(frame)
        return frame

    def rewind(self) -> None:
        """Go back to a keyframe of about ten seconds ago."""
        self._again = deque([*self._taken.frames(), *self._again])
        self._taken = PreRoll(AGAIN_S)


class CatchUp:
    """The pictures and the sound of one session, from `origin_us` on, at most at `rate_bps`."""

    def __init__(
        self, video: Rewindable, sound: Rewindable, origin_us: int, rate_bps: float
    ) -> None:
        self._video = video
        self._sound = sound
        self._origin_us = origin_us
        self._rate_bps = rate_bps
        self._free_at_s = 0.0
        self._shown_us = origin_us
        self._progress = asyncio.Event()
        self._pictures_over = asyncio.Event()
        self._sounds_over = asyncio.Event()

    async def over(self) -> None:
        """Wait until both have given their last frame."""
        await self._pictures_over.wait()
        await self._sounds_over.wait()

    async def pictures(self) -> AsyncIterator[EncodedFrame]:
        while True:
            self._progress.set()
            try:
                frame = await self._video.first()
            except StopAsyncIteration:
                self._pictures_over.set()
                return
            await self._pace(frame)
            yield await self._video.take()
            self._shown_us = frame.at_us

    async def sounds(self) -> AsyncIterator[EncodedFrame]:
        while True:
            try:
                frame = await self._sound.first()
            except StopAsyncIteration:
                self._sounds_over.set()
                return
            if frame.at_us >= self._origin_us:
                await self._beside_pictures(frame)
                await self._pace(frame)
                yield await self._sound.take()
            else:
                await self._sound.take()

    async def _beside_pictures(self, frame: EncodedFrame) -> None:
        while self._video.waiting and frame.at_us > self._shown_us + LEAD_US:
            self._progress.clear()
            await self._progress.wait()

    async def _pace(self, frame: EncodedFrame) -> None:
        """Wait for this frame's turn."""
        now_s = asyncio.get_running_loop().time()
        turn_s = max(now_s, self._free_at_s)
        self._free_at_s = turn_s + (len(frame.data) + OVERHEAD_BYTES) * 8 / self._rate_bps
        if turn_s > now_s:
            await asyncio.sleep(turn_s - now_s)
