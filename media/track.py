"""A track of encoded frames with their RTP time stamps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from media.frames import SOUND_FRAME_SAMPLES, EncodedFrame, Kind

CLOCK_RATE_HZ: dict[Kind, int] = {"video": 90_000, "audio": 48_000}
# Sound whose capture time strays less than this from the count of samples is continuous; players
# hear every correction.
SOUND_SLACK_TICKS = 2 * SOUND_FRAME_SAMPLES


class TimedFrame(NamedTuple):
    """A frame, its RTP time stamp counted from the track's origin, and its capture time."""

    data: bytes
    timestamp: int
    at_us: int


class PassthroughTrack(MediaStreamTrack):
    """A track of encoded frames. `origin_us` is the capture time whose RTP time stamp is 0.

    While `muted`, frames are taken and not sent.
    """

    def __init__(self, kind: Kind, frames: AsyncIterator[EncodedFrame], origin_us: int = 0) -> None:
        super().__init__()
        self.kind = kind
        self.muted = False
        self._frames = frames
        self._origin_us = origin_us
        self._expected: int | None = None

    async def recv(self) -> av.Packet[Any]:
        """The next frame, as aiortc wants it."""
        data, timestamp, _ = await self.next_frame()
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = packet.dts = timestamp
        packet.time_base = Fraction(1, CLOCK_RATE_HZ[self._kind])
        return packet

    async def next_frame(self) -> TimedFrame:
        """The next frame. Raises MediaStreamError at the end."""
        while self.readyState == "live":
            try:
                frame = await anext(self._frames)
            except StopAsyncIteration:
                self.stop()
                break
            if not self.muted:
                return TimedFrame(frame.data, self._timestamp(frame.at_us), frame.at_us)
        raise MediaStreamError

    async def close_frames(self) -> None:
        """Let go of where the frames come from. May be called twice."""
        close = getattr(self._frames, "aclose", None)
        if close is not None:
            await close()

    def ticks(self, at_us: int) -> int:
        """The RTP time stamp, counted from the track's origin, of a capture time."""
        return (at_us - self._origin_us) * CLOCK_RATE_HZ[self._kind] // 1_000_000

    @property
    def _kind(self) -> Kind:
        return "video" if self.kind == "video" else "audio"

    def _timestamp(self, at_us: int) -> int:
        exact = self.ticks(at_us)
        if self._kind == "video":
            return exact
        if self._expected is None or abs(exact - self._expected) > SOUND_SLACK_TICKS:
            self._expected = exact
        timestamp, self._expected = self._expected, self._expected + SOUND_FRAME_SAMPLES
        return timestamp
