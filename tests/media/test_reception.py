"""What receivers report: loss, round trip and limit."""

from __future__ import annotations

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtcpReceiverInfo, pack_remb_fci

from media.reception import NTP_TO_UNIX_S, REMEMBERED_REPORTS, Reports
from tests.support.hand_turned_time import VirtualClock

SSRC = 77


def report(lsr: int, waited_s: float = 0.0, lost: int = 0) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(SSRC, lost, 0, 0, 0, lsr, int(waited_s * 65_536))


class Line:
    """Reports with a clock that is turned by hand."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.reports = Reports(self.clock.now, lambda: self.clock.now_s + 1_700_000_000)

    def send(self) -> int:
        info = self.reports.sender_info(0, 1, 2)
        return info.ntp_timestamp >> 16 & 0xFFFF_FFFF


def test_the_round_trip_is_without_the_receivers_own_time() -> None:
    line = Line()
    lsr = line.send()
    line.clock.now_s += 0.480
    heard = line.reports.hear_report(report(lsr, waited_s=0.4, lost=64))
    assert heard.round_trip_s == pytest.approx(0.080, abs=0.001)
    assert heard.loss == 0.25
    assert heard.at_s == line.clock.now_s


def test_an_answer_to_an_older_report_counts_from_that_one() -> None:
    line = Line()
    older = line.send()
    line.clock.now_s += 1.0
    line.send()
    line.clock.now_s += 0.5
    assert line.reports.hear_report(report(older)).round_trip_s == pytest.approx(1.5)


def test_what_was_never_reported_leaves_the_round_trip() -> None:
    line = Line()
    first = line.send()
    assert line.reports.hear_report(report(0)).round_trip_s is None
    assert line.reports.hear_report(report(first ^ 1)).round_trip_s is None
    for _ in range(REMEMBERED_REPORTS):
        line.clock.now_s += 1.0
        line.send()
    assert line.reports.hear_report(report(first)).round_trip_s is None


def test_a_receiver_that_counts_too_long_makes_no_negative_trip() -> None:
    line = Line()
    lsr = line.send()
    assert line.reports.hear_report(report(lsr, waited_s=0.2)).round_trip_s == 0.0


def test_a_sender_report_says_when_it_leaves() -> None:
    line = Line()
    info = line.reports.sender_info(2**32 + 5, 2**32 + 6, 2**32 + 7)
    assert info.ntp_timestamp >> 32 == 1_700_001_000 + NTP_TO_UNIX_S
    assert (info.rtp_timestamp, info.packet_count, info.octet_count) == (5, 6, 7)


@pytest.mark.parametrize("bps", [30_000, 262_143, 600_000, 2_345_678, 4_000_000_000])
def test_the_limit_is_read(bps: int) -> None:
    packet = RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(bps, [5, SSRC]))
    heard = Line().reports.hear_limit(packet, SSRC)
    assert heard is not None
    assert heard.limit_bps == pytest.approx(bps, rel=1e-4)


@pytest.mark.parametrize(
    "fci",
    [
        b"", b"REMB", b"XXXX" + bytes(8), b"REMB\x02\x04\x00\x01" + bytes(4),
        pack_remb_fci(600_000, [5]),
    ],
)  # fmt: skip
def test_what_is_no_limit_for_us_is_passed_over(fci: bytes) -> None:
    reports = Line().reports
    assert reports.hear_limit(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, fci), SSRC) is None
    assert reports.reception.limit_bps is None
