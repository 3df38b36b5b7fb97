"""What a receiver has said about our stream, made of its reports as they come."""

from __future__ import annotations

import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiortc.rtp import RtcpPsfbPacket, RtcpReceiverInfo, RtcpSenderInfo, unpack_remb_fci

# From 1900, where NTP counts from, to 1970.
NTP_TO_UNIX_S = 2_208_988_800
# Reports come about once a second; a round trip is never longer than this many.
REMEMBERED_REPORTS = 16
# Delays in reports are in these parts of a second (RFC 3550 section 6.4.1).
_DELAY_UNITS_PER_S = 65_536


@dataclass(frozen=True, slots=True)
class Reception:
    """The newest that the receiver has said about our stream (RFC 3550 section 6.4, REMB).

    `at_s` is on the monotonic clock. `loss` is the share of packets lost since its report before;
    `limit_bps` what it believes that the network carries, None when it never said.
    """

    at_s: float = 0.0
    loss: float = 0.0
    round_trip_s: float | None = None
    limit_bps: int | None = None


class Reports:
    """Our sender reports and what comes back. `clock` is monotonic, `wall` in Unix seconds."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.reception = Reception()
        self._clock = clock
        self._wall = wall
        self._sent: OrderedDict[int, float] = OrderedDict()

    def sender_info(self, timestamp: int, packets: int, octets: int) -> RtcpSenderInfo:
        """A report that leaves now, when the RTP clock stands at `timestamp`."""
        ntp = int((self._wall() + NTP_TO_UNIX_S) * 2**32)
        # The same moment twice would make two reports one.
        self._sent[ntp >> 16 & 0xFFFF_FFFF] = self._clock()
        while len(self._sent) > REMEMBERED_REPORTS:
            self._sent.popitem(last=False)
        return RtcpSenderInfo(
            ntp_timestamp=ntp,
            rtp_timestamp=timestamp & 0xFFFF_FFFF,
            packet_count=packets & 0xFFFF_FFFF,
            octet_count=octets & 0xFFFF_FFFF,
        )

    def hear_report(self, report: RtcpReceiverInfo) -> Reception:
        """A receiver report's block on our stream."""
        now_s = self._clock()
        round_trip_s = self.reception.round_trip_s
        sent_s = self._sent.get(report.lsr)
        if report.lsr and sent_s is not None:
            round_trip_s = max(0.0, now_s - sent_s - report.dlsr / _DELAY_UNITS_PER_S)
        self.reception = replace(
            self.reception, at_s=now_s, loss=report.fraction_lost / 256, round_trip_s=round_trip_s
        )
        return self.reception

    def hear_limit(self, packet: RtcpPsfbPacket, ssrc: int) -> Reception | None:
        """The receiver's limit for our stream (REMB); None when the packet says nothing of it."""
        try:
            limit_bps, sources = unpack_remb_fci(packet.fci)
        except (ValueError, IndexError, struct.error):
            return None
        if ssrc not in sources:
            return None
        self.reception = replace(self.reception, at_s=self._clock(), limit_bps=limit_bps)
        return self.reception
