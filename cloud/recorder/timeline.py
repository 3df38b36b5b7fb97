"""When a frame was captured: from RTP time stamps to Unix time.

An encoder that names the instant of RTP time stamp 0 (header `Doorstep-Starts`) is believed, so
frames from before the visit may arrive faster than real time. Others are taken to send in real
time: the first frame of each track was captured when it arrived, and the encoder's own reports
(RTCP) then say how its sound lies to its pictures.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from media.frames import EncodedFrame, Kind
from media.incoming import ReceivedFrame, SenderReport

CLOCK_RATE_HZ: dict[Kind, int] = {"video": 90_000, "audio": 48_000}
KINDS: tuple[Kind, ...] = ("video", "audio")
# Reports are written when something is sent, so they jitter; lips are out of step from about here
# on (ITU-R BT.1359).
ALIGN_US = 40_000


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

    def align(self, reports: Mapping[Kind, SenderReport]) -> None:
        """Move the sound to where the encoder says that it lies beside the pictures."""
        if self._named_us is not None or not self._zero_us.keys() == reports.keys() == set(KINDS):
            return
        zero = {kind: _zero_of(kind, report) for kind, report in reports.items()}
        sound_us = self._zero_us["video"] + zero["audio"] - zero["video"]
        if abs(sound_us - self._zero_us["audio"]) > ALIGN_US:
            self._zero_us["audio"] = sound_us

    def _zero(self, frame: ReceivedFrame, since_zero_us: int) -> int:
        if self._named_us is not None:
            return self._named_us
        arrived_us = frame.arrived_us + self._to_unix_us
        return self._zero_us.setdefault(frame.kind, arrived_us - since_zero_us)


def _zero_of(kind: Kind, report: SenderReport) -> int:
    """When the track's RTP clock stood at 0, by the encoder's clock."""
    return report.unix_us - report.ticks * 1_000_000 // CLOCK_RATE_HZ[kind]
