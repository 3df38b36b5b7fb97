"""Sound packets in their order, a missing one waited for only as long as its repair may take."""

from __future__ import annotations

from collections.abc import Iterator

# Two asks and their answers on a mobile network; a recording has the time, and no more is gained.
WAIT_S = 0.4
# As many as a sender keeps for repairs.
LIMIT_PACKETS = 64

_HALF = 0x8000
_MASK = 0xFFFF


class SoundOrder:
    """Hands out packets by sequence number (RFC 3550, wraps at 16 bits), each once."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, tuple[bytes, int]] = {}
        self._held_since_s = 0.0

    def add(
        self, sequence: int, timestamp: int, payload: bytes, now_s: float
    ) -> Iterator[tuple[bytes, int]]:
        """Take a packet; yields (payload, timestamp) of all that are due now."""
        if self._next is None:
            self._next = sequence
        if (sequence - self._next) & _MASK >= _HALF:
            return
        if not self._waiting:
            self._held_since_s = now_s
        self._waiting[sequence] = (payload, timestamp)
        while self._waiting:
            if self._next not in self._waiting:
                if not self._enough(now_s):
                    return
                self._next = min(self._waiting, key=self._distance)
            yield self._waiting.pop(self._next)
            self._next = (self._next + 1) & _MASK
            self._held_since_s = now_s

    def _enough(self, now_s: float) -> bool:
        """Whether a missing packet has been waited for long enough."""
        return now_s - self._held_since_s > WAIT_S or len(self._waiting) > LIMIT_PACKETS

    def _distance(self, sequence: int) -> int:
        return (sequence - (self._next or 0)) & _MASK
