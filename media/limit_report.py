"""What a receiver tells about the network (REMB), for senders that adapt to it."""

from __future__ import annotations

from aiortc.rate import RemoteBitrateEstimator

# Packets that left within so long count as one, in aiortc's estimate too; 1 s is 2 ** 18.
BURST_UNITS = (1 << 18) * 5 // 1000
# aiortc reports with every packet while it believes the network is full: hundreds a second.
REPORT_EVERY_MS = 200


class LimitReports:
    """aiortc's estimate, fed with bursts instead of packets. Times in milliseconds."""

    def __init__(self) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._sent = -1
        self._arrived_ms = 0
        self._size = 0
        self._reported_ms = -REPORT_EVERY_MS

    def arrived(self, sent: int, size: int, ssrc: int, now_ms: int) -> tuple[int, list[int]] | None:
        """A packet with this abs-send-time has come; a limit and its sources when it is time."""
        if self._sent >= 0 and (sent - self._sent) & 0xFFFFFF < BURST_UNITS:
            self._size += size
            self._arrived_ms = now_ms
            return None
        found = self._estimate(ssrc) if self._sent >= 0 else None
        self._sent, self._size, self._arrived_ms = sent, size, now_ms
        if found is None or now_ms - self._reported_ms < REPORT_EVERY_MS:
            return None
        self._reported_ms = now_ms
        return found

    def _estimate(self, ssrc: int) -> tuple[int, list[int]] | None:
        return self._estimator.add(
            abs_send_time=self._sent,
            arrival_time_ms=self._arrived_ms,
            payload_size=self._size,
            ssrc=ssrc,
        )
