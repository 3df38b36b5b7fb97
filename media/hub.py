"""The frame hub: one producer of encoded frames, many takers, the last seconds kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from media.frames import EncodedFrame
from media.preroll import PreRoll
from media.subscription import LiveBacklog, RecordBacklog, Subscription
from media.wishes import KeyframeWishes

PRE_ROLL_S = 10.0
# A keyframe this young is as good as a new one: the few pictures after it are sent at once.
FRESH_US = 100_000
# A minute and a half of video at 30 fps, at 2 Mbit/s about 25 MB: a recorder may restart meanwhile.
RECORD_LIMIT_FRAMES = 3000


def monotonic_us() -> int:
    """The clock of `EncodedFrame.at_us`."""
    return time.monotonic_ns() // 1000


class FrameHub:
    """Gives every taker the same frames, each from a keyframe on. For one event loop.

    `want_keyframe` asks the producer; it is called at most twice a second.
    """

    def __init__(
        self,
        pre_roll_s: float = PRE_ROLL_S,
        want_keyframe: Callable[[], None] | None = None,
        clock: Callable[[], int] = monotonic_us,
    ) -> None:
        self._pre_roll_s = pre_roll_s
        self._ring = PreRoll(pre_roll_s)
        self._want_keyframe = want_keyframe
        self._clock = clock
        self._wishes = KeyframeWishes()
        self._takers: list[Subscription] = []
        self._closed = False

    def publish(self, frame: EncodedFrame) -> None:
        """Hand the newest frame to every taker."""
        if self._closed:
            return
        self._ring.add(frame)
        if frame.keyframe:
            self._wishes.met()
        for taker in tuple(self._takers):
            taker.offer(frame)
        if self._wishes.due(self._clock()):
            self._ask()

    def request_keyframe(self) -> None:
        """A viewer needs a keyframe; wishes that come close together are asked once."""
        if self._wishes.wish(self._clock()):
            self._ask()

    def pre_roll(self) -> list[EncodedFrame]:
        """The last seconds, from a keyframe on."""
        return self._ring.frames()

    def latest_group(self) -> list[EncodedFrame]:
        """The last keyframe and what followed it."""
        return self._ring.latest_group()

    def watch(self, news: asyncio.Event | None = None) -> Subscription:
        """Live: starts at a fresh keyframe; a slow taker loses frames, not time.

        `news`: see Subscription.
        """
        return self._admit(LiveBacklog(self.request_keyframe), self._fresh_start(), news)

    def record(self, limit_frames: int = RECORD_LIMIT_FRAMES) -> Subscription:
        """Complete: the pre-roll and then every frame; a full queue is a counted gap."""
        return self._admit(RecordBacklog(limit_frames), self.pre_roll())

    def pause(self) -> None:
        """The producer rests: forget what is kept, so that nobody starts with an old picture.

        Takers stay; they go on at the producer's next keyframe.
        """
        self._ring = PreRoll(self._pre_roll_s)
        self._wishes = KeyframeWishes()

    def close(self) -> None:
        """End every subscription after what waits in it. May be called twice."""
        self._closed = True
        for taker in tuple(self._takers):
            taker.finish()

    def _admit(
        self,
        backlog: LiveBacklog | RecordBacklog,
        start: list[EncodedFrame],
        news: asyncio.Event | None = None,
    ) -> Subscription:
        taker = Subscription(backlog, start, self._dismiss, news)
        if self._closed:
            taker.close()
        else:
            self._takers.append(taker)
        return taker

    def _dismiss(self, taker: Subscription) -> None:
        if taker in self._takers:
            self._takers.remove(taker)

    def _fresh_start(self) -> list[EncodedFrame]:
        now_us = self._clock()
        group = self.latest_group()
        if group and now_us - group[0].at_us < FRESH_US:
            return group
        if group and self._wishes.asked_within(now_us) and not self._wishes.open:
            # Another viewer has just had a keyframe; catching up is faster than the next one.
            return group
        self.request_keyframe()
        return []

    def _ask(self) -> None:
        if self._want_keyframe is not None:
            self._want_keyframe()
