"""Frames put together from packets: aiortc's jitter buffer, quicker, and not stuck on a loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aiortc.jitterbuffer import JitterBuffer, JitterFrame

# A missing packet that has not come by now was sent again and lost again, or is forgotten.
STALL_S = 1.0


class ArrivedPacket:
    """As much of a packet as the buffer asks for."""

    __slots__ = ("_data", "sequence_number", "timestamp")

    def __init__(self, sequence_number: int, timestamp: int, data: bytes) -> None:
        self.sequence_number = sequence_number
        self.timestamp = timestamp
        self._data = data


class WatchedBuffer(JitterBuffer):
    """A jitter buffer that says when it gave up on pictures, and does so in time."""

    def __init__(
        self,
        like: JitterBuffer,
        on_loss: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(like._capacity, like._prefetch, like._is_video)
        self._on_loss = on_loss
        self._clock = clock
        self._moved_at = clock()

    def add(self, packet: Any) -> tuple[bool, JitterFrame | None]:
        lost, frame = super().add(packet)
        now = self._clock()
        if frame is not None:
            self._moved_at = now
        elif now - self._moved_at > STALL_S and (held_up := self._held_up()):
            self.smart_remove(held_up)
            self._moved_at, lost = now, self._is_video
        if lost:
            self._on_loss()
        return lost, frame

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        """Looks through the buffer only when this packet can have completed a frame."""
        packets, last = self._packets, self._capacity - 1
        head = packets[(self._origin or 0) & last]
        if head is None:
            return None
        # A further part of the first picture, behind which nothing waits, completes nothing.
        packet = packets[sequence_number & last]
        if (
            not self._prefetch
            and packet is not None
            and packet.timestamp == head.timestamp
            and packets[(sequence_number + 1) & last] is None
        ):
            return None
        return super()._remove_frame(sequence_number)

    def _held_up(self) -> int:
        """How many places lie before the first packet behind a missing one; 0 if none is."""
        missing = False
        for place in range(self._capacity):
            there = self._packets[((self._origin or 0) + place) % self._capacity] is not None
            if missing and there:
                return place
            missing = missing or not there
        return 0
