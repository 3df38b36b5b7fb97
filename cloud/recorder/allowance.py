"""How much one recording may send: enough for every sane encoder, too little to starve others."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.traffic import Traffic

NOTHING = Traffic(0, 0)


@dataclass(slots=True)
class Allowance:
    """A bucket of bytes and one of packets, refilled steadily.

    The buckets are large, because a pre-roll of seconds arrives as fast as the network lets it.
    """

    bytes_per_s: float
    packets_per_s: float
    burst_s: float
    _bytes: float = field(init=False)
    _packets: float = field(init=False)
    _seen: Traffic = NOTHING
    _at: float | None = None

    def __post_init__(self) -> None:
        self._bytes = self.bytes_per_s * self.burst_s
        self._packets = self.packets_per_s * self.burst_s

    def exceeded(self, traffic: Traffic, now: float) -> bool:
        """Whether what has come in until now is too much; `now` in seconds of any clock."""
        passed = 0.0 if self._at is None else now - self._at
        self._at = now
        self._bytes = self._left(
            self._bytes, self.bytes_per_s, passed, traffic.size_bytes - self._seen.size_bytes
        )
        self._packets = self._left(
            self._packets, self.packets_per_s, passed, traffic.packets - self._seen.packets
        )
        self._seen = traffic
        return self._bytes < 0 or self._packets < 0

    def _left(self, level: float, per_s: float, passed: float, taken: int) -> float:
        return min(per_s * self.burst_s, level + per_s * passed) - taken
