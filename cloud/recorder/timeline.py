"""When a frame was captured: from RTP time stamps to Unix time.

An encoder that names the instant of RTP time stamp 0 (header `Doorstep-Starts`) is believed, so
frames from before the visit may arrive faster than real time. Others are taken to send in real
time: the first frame of each track was captured when it arrived.
"""

from __future__ import annotations

import time

from media.frames import EncodedFrame, Kind
from media.incoming import ReceivedFrame

CLOCK_RATE_HZ: dict[Kind, int] = {"video": 90_000, "audio": 48_000}


class Timeline:
    """The capture times of one session, in microseconds since 1970."""

    def __init__(self, starts_ms: int | None, unix_minus_monotonic_us: int | None = None) -> None:
        self._named_us = None if starts_ms is None else starts_ms * 1000
        self._to_unix_us = (
            (time.time_ns() - time.monotonic_ns()) // 1000
            if unix_minus_monotonic_us is None
            else unix_minus_monotonic_us
        )
        self._zero_us: dict[Kind, int] = {}

    def captured(self, frame: ReceivedFrame) -> EncodedFrame:
        """The frame with its capture time."""
        since_zero_us = frame.ticks * 1_000_000 // CLOCK_RATE_HZ[frame.kind]
        at_us = self._zero(frame, since_zero_us) + since_zero_us
        return EncodedFrame(frame.kind, frame.data, at_us, frame.keyframe)

    def _zero(self, frame: ReceivedFrame, since_zero_us: int) -> int:
        if self._named_us is not None:
            return self._named_us
        arrived_us = frame.arrived_us + self._to_unix_us
        return self._zero_us.setdefault(frame.kind, arrived_us - since_zero_us)
