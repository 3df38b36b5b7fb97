"""One taker of a frame hub: its queue, and what happens when it is too slow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol, Self

from media.frames import EncodedFrame

# A live picture that is a second old is not live; the viewer jumps to the next keyframe.
LIVE_SPAN_US = 1_000_000


class Backlog(Protocol):
    """How a queue takes one more frame."""

    def take(self, queue: deque[EncodedFrame], frame: EncodedFrame) -> int:
        """Put `frame` in `queue`, or not; returns how many frames were lost by it."""


class LiveBacklog:
    """Drops what is too old and resumes at a keyframe, for which it asks."""

    def __init__(self, ask: Callable[[], object], span_us: int = LIVE_SPAN_US) -> None:
        self._ask = ask
        self._span_us = span_us

    def take(self, queue: deque[EncodedFrame], frame: EncodedFrame) -> int:
        queue.append(frame)
        if frame.at_us - queue[0].at_us <= self._span_us:
            return 0
        lost = 0
        while queue and not (lost and queue[0].keyframe):
            queue.popleft()
            lost += 1
        if not queue:
            self._ask()
        return lost


class RecordBacklog:
    """Keeps everything up to `limit` frames; beyond that new frames are lost."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def take(self, queue: deque[EncodedFrame], frame: EncodedFrame) -> int:
        if len(queue) >= self._limit:
            return 1
        queue.append(frame)
        return 0


class Subscription:
    """Frames from a keyframe on, for one taker: `with` it, iterate over it.

    After a loss it resumes at a keyframe; `gaps` counts losses, `dropped` the frames lost in them.
    The iteration ends with the hub, after `finish()` and after `close()`. `news` is set whenever
    a frame has come or the end has; one event may serve several subscriptions that are polled.
    """

    def __init__(
        self,
        backlog: Backlog,
        start: Iterable[EncodedFrame],
        leave: Callable[[Subscription], None],
        news: asyncio.Event | None = None,
    ) -> None:
        self.gaps = 0
        self.dropped = 0
        self._backlog = backlog
        self._queue = deque(start)
        self._leave = leave
        self._broken = not self._queue
        self._ended = False
        self._news = news or asyncio.Event()

    def offer(self, frame: EncodedFrame) -> None:
        """The hub's newest frame."""
        if self._ended:
            return
        if self._broken and not frame.keyframe:
            self.dropped += self.gaps > 0
            return
        lost = self._backlog.take(self._queue, frame)
        if lost:
            self.dropped += lost
            self.gaps += not self._broken
        # A frame that is not in the queue breaks the chain up to the next keyframe.
        self._broken = not self._queue or self._queue[-1] is not frame
        self._news.set()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes than what waits."""
        return self._ended

    def poll(self) -> EncodedFrame | None:
        """The next frame when one waits."""
        return self._queue.popleft() if self._queue else None

    def finish(self) -> None:
        """Take nothing more; the iteration ends after what waits now. May be called twice."""
        self._ended = True
        self._news.set()
        self._leave(self)

    def close(self) -> None:
        """Leave the hub and forget what waits. May be called twice."""
        self._queue.clear()
        self.finish()

    def __len__(self) -> int:
        return len(self._queue)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EncodedFrame:
        while (frame := self.poll()) is None:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return frame
