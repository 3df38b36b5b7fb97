"""The packets that were sent last, and which of them are sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A keyframe of 120 kB is 102 packets, a second at 2 Mbit/s 212 more; this holds three times that.
# Payloads are shared between viewers, so one viewer's history is about 150 kB.
HISTORY_PACKETS = 1024
# Sound is not repaired; only padding that was numbered among it could be asked for.
SOUND_HISTORY_PACKETS = 64
# Nobody waits longer for a packet: a receiver has asked for a keyframe by then.
USEFUL_S = 1.5
# A packet that was sent again may still be under way; ask again after a round trip.
AGAIN_UNKNOWN_S = 0.04
AGAIN_LEAST_S = 0.01
AGAIN_MOST_S = 0.3
# Loss of a whole keyframe is repaired at once; in the long run repairs must not crowd out frames.
REPAIR_BURST_BYTES = 96_000
REPAIR_LEAST_BPS = 200_000
REPAIR_SHARE = 0.5


@dataclass(slots=True)
class SentPacket:
    """As it left, without encryption. `repaired_s` is when it was last sent again."""

    sequence: int
    at_s: float
    header: bytes
    payload: bytes
    repaired_s: float = float("-inf")


class History:
    """The last packets of one stream by their sequence numbers."""

    def __init__(self, size: int = HISTORY_PACKETS) -> None:
        self._mask = size - 1
        if size & self._mask:
            raise ValueError("The history's size must be a power of two.")
        self._places: list[SentPacket | None] = [None] * size

    def add(self, packet: SentPacket) -> None:
        """Keep the newest packet; it takes the place of the oldest."""
        self._places[packet.sequence & self._mask] = packet

    def find(self, sequence: int) -> SentPacket | None:
        """The packet with this number, when it is still there."""
        packet = self._places[sequence & self._mask]
        return packet if packet is not None and packet.sequence == sequence else None

    def last(self, newest: int, count: int) -> Iterator[SentPacket]:
        """Up to `count` packets, the one numbered `newest` first."""
        for back in range(count):
            packet = self.find((newest - back) & 0xFFFF)
            if packet is not None:
                yield packet

    def clear(self) -> None:
        """Forget everything."""
        self._places = [None] * len(self._places)


class Repairs:
    """Chooses what is sent again: young packets, each once a round trip, within a rate."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._level = float(REPAIR_BURST_BYTES)
        self._at_s = 0.0
        self._not_before_s = float("-inf")

    def forget(self, now_s: float) -> None:
        """Nothing that was sent before is of use any more."""
        self._not_before_s = now_s

    def due(
        self, lost: Iterable[int], now_s: float, round_trip_s: float | None, sent_bps: float
    ) -> list[SentPacket]:
        """The packets to send again now, in the order of the receiver's wish."""
        self._fill(now_s, max(REPAIR_LEAST_BPS, REPAIR_SHARE * sent_bps))
        again_s = AGAIN_UNKNOWN_S if round_trip_s is None else round_trip_s
        again_s = min(AGAIN_MOST_S, max(AGAIN_LEAST_S, again_s))
        chosen: list[SentPacket] = []
        for sequence in lost:
            packet = self._history.find(sequence & 0xFFFF)
            if packet is None or packet.at_s < max(self._not_before_s, now_s - USEFUL_S):
                continue
            if now_s - packet.repaired_s < again_s or self._level <= 0:
                continue
            packet.repaired_s = now_s
            self._level -= len(packet.header) + len(packet.payload)
            chosen.append(packet)
        return chosen

    def _fill(self, now_s: float, rate_bps: float) -> None:
        passed_s = max(0.0, now_s - self._at_s)
        self._at_s = now_s
        self._level = min(float(REPAIR_BURST_BYTES), self._level + passed_s * rate_bps / 8)
