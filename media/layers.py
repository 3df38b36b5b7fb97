"""One viewer's pictures out of several encodings of the same camera."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Literal, Self

from media.frames import EncodedFrame
from media.hub import FrameHub

LayerName = Literal["high", "low", "close"]
Pace = Literal["full", "half", "keyframes"]

# Groups of the small encodings last a second; a longer one is thinned the more.
HALF_GROUP_US = 500_000
# Two frames of one picture must not carry one RTP time stamp: nine ticks of 90 kHz apart.
SAME_PICTURE_US = 100
_LASTS_US: Mapping[Pace, float] = {"full": math.inf, "half": HALF_GROUP_US, "keyframes": 0}


class Thinner:
    """Leaves frames out such that what is sent can be decoded."""

    def __init__(self) -> None:
        self.pace: Pace = "full"
        self._keyframe_us = 0
        self._whole = False

    def passes(self, frame: EncodedFrame) -> bool:
        """Whether this frame is sent; frames are asked about in their order."""
        if frame.keyframe:
            self._keyframe_us, self._whole = frame.at_us, True
        elif frame.at_us - self._keyframe_us >= _LASTS_US[self.pace]:
            self._whole = False
        return self._whole

    def cut(self) -> None:
        """Let nothing pass until the next keyframe."""
        self._whole = False


class LayerSwitch:
    """An endless iteration of frames. It joins the hub when the first frame is asked for.

    `want` chooses the layer; the one before goes on until the new one's keyframe is there.
    `using(layer)` has a hub filled for the length of a block; `switched(frame)` is called with
    the first frame of another layer, just before it is handed out.
    """

    def __init__(
        self,
        hubs: Mapping[LayerName, FrameHub],
        using: Callable[[LayerName], AbstractContextManager[object]],
        switched: Callable[[EncodedFrame], None] = lambda frame: None,
    ) -> None:
        self.layer: LayerName = "high"
        self._hubs = hubs
        self._using = using
        self._switched = switched
        self._wanted: LayerName = "high"
        self._thinner = Thinner()
        self._tap: _Tap | None = None
        self._next: _Tap | None = None
        self._last_us = -1
        self._news = asyncio.Event()
        self._closed = False

    @property
    def wanted(self) -> LayerName:
        """The layer that was asked for last."""
        return self._wanted

    @property
    def pace(self) -> Pace:
        """Which frames are left out."""
        return self._thinner.pace

    def want(self, layer: LayerName, pace: Pace = "full", *, cut: bool = False) -> None:
        """Send this from now on. With `cut` nothing more of the layer before: the way is full."""
        self._thinner.pace = pace
        if layer == self._wanted:
            return
        self._wanted = layer
        if self._tap is None:
            self.layer = layer
            return
        self._drop_next()
        if layer == self.layer:
            self.request_keyframe()
        else:
            self._next = self._open(layer)
            if cut:
                self._thinner.cut()
        self._news.set()

    def request_keyframe(self) -> None:
        """The viewer needs a keyframe of what it gets, or is about to get."""
        self._hubs[self._wanted].request_keyframe()

    def close(self) -> None:
        """End the iteration and leave the hubs. May be called twice."""
        self._closed = True
        self._drop_next()
        if self._tap is not None:
            self._tap.close()
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EncodedFrame:
        if self._tap is None and not self._closed:
            self._tap = self._open(self.layer)
        while (frame := self._poll()) is None:
            if self._closed or self._tap is None or self._tap.ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        self._last_us = frame.at_us
        return frame

    def _poll(self) -> EncodedFrame | None:
        if self._closed or self._tap is None:
            return None
        if (frame := self._first_of_next()) is not None:
            return frame
        while (frame := self._tap.poll()) is not None:
            if frame.at_us > self._last_us and self._thinner.passes(frame):
                return frame
        return None

    def _first_of_next(self) -> EncodedFrame | None:
        """The keyframe at which the next layer takes over, when it is there."""
        tap = self._next
        while tap is not None and (frame := tap.poll()) is not None:
            if not frame.keyframe:
                continue
            # Time stamps never go back: an older keyframe is of no use.
            if frame.at_us < self._last_us:
                tap.hub.request_keyframe()
                continue
            if frame.at_us == self._last_us:
                # The picture that was just sent in the other layer; layers may come in any order.
                frame = replace(frame, at_us=frame.at_us + SAME_PICTURE_US)
            self._take_over(tap, frame)
            self._thinner.passes(frame)
            return frame
        return None

    def _take_over(self, tap: _Tap, first: EncodedFrame) -> None:
        if self._tap is not None:
            self._tap.close()
        self._tap, self._next = tap, None
        self.layer = tap.layer
        self._switched(first)

    def _drop_next(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None

    def _open(self, layer: LayerName) -> _Tap:
        return _Tap(layer, self._hubs[layer], self._using(layer), self._news)


class _Tap:
    """A subscription to one layer, and the use that keeps it filled."""

    def __init__(
        self,
        layer: LayerName,
        hub: FrameHub,
        use: AbstractContextManager[object],
        news: asyncio.Event,
    ) -> None:
        self.layer = layer
        self.hub = hub
        self._stack = ExitStack()
        self._stack.enter_context(use)
        self._frames = self._stack.enter_context(hub.watch(news))

    @property
    def ended(self) -> bool:
        return self._frames.ended

    def poll(self) -> EncodedFrame | None:
        return self._frames.poll()

    def close(self) -> None:
        self._stack.close()
