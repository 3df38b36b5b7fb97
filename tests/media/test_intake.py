"""Packets at the border: what is malformed or foreign does no harm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pylibsrtp
import pytest
from aiortc.codecs import CODECS
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from media.assembly import ArrivedPacket, WatchedBuffer
from media.inlet import Inlet, inlet_of
from media.intake import Intake, _Count
from media.limit_report import REPORT_EVERY_MS, LimitReports

H264 = next(codec for codec in CODECS["video"] if codec.mimeType == "video/H264")
SSRC = 9


class Insides:
    """As much of an aiortc receiver as an intake uses."""

    def __init__(self) -> None:
        self._enabled = True
        self._RTCRtpReceiver__codecs = {102: H264}
        self._RTCRtpReceiver__jitter_buffer = JitterBuffer(512, is_video=True)
        self._RTCRtpReceiver__decoder_thread: object | None = object()
        self._RTCRtpReceiver__remote_streams: dict[int, Any] = {}
        self._RTCRtpReceiver__rtx_ssrc: dict[int, int] = {}
        self._RTCRtpReceiver__rtcp_ssrc = 1
        self.passed_on: list[bytes] = []
        connection = SimpleNamespace(data_received=lambda data, part: self.passed_on.append(data))
        self.transport = SimpleNamespace(
            transport=SimpleNamespace(_connection=connection),
            _rx_srtp=SimpleNamespace(unprotect=self.unprotect),
            _RTCDtlsTransport__rx_packets=0,
            _RTCDtlsTransport__rx_bytes=0,
        )

    def unprotect(self, data: bytes) -> bytes:
        if data.endswith(b"forged"):
            raise pylibsrtp.Error("authentication failure")
        return data


class Bench:
    def __init__(self) -> None:
        self.frames: list[tuple[bytes, int]] = []
        self.lost = 0
        self.insides = Insides()
        self.intake = Intake(self.insides, "video", self._deliver, self._lose)
        self.inlet = inlet_of(self.insides.transport)

    def _deliver(self, data: bytes, timestamp: int) -> None:
        self.frames.append((data, timestamp))

    def _lose(self) -> None:
        self.lost += 1


def packet(number: int, timestamp: int, payload: bytes = b"\x65\x88", ssrc: int = SSRC) -> bytes:
    return RtpPacket(102, 0, number, timestamp, ssrc, payload).serialize()


def test_frames_come_out_of_packets() -> None:
    bench = Bench()
    bench.inlet.add(SSRC, bench.intake.take)
    for number in range(4):
        bench.inlet(packet(number, number * 3000), 1)
    assert bench.frames == [(b"\0\0\0\1\x65\x88", number * 3000) for number in range(3)]
    assert bench.insides.transport._RTCDtlsTransport__rx_packets == 4
    assert bench.insides.passed_on == []


@given(st.binary(max_size=60))
def test_no_bytes_do_harm(data: bytes) -> None:
    bench = Bench()
    bench.intake.take(data)
    assert len(bench.frames) == 0


@pytest.mark.parametrize(
    "other",
    [packet(1, 2, ssrc=SSRC + 1), b"\x16" + bytes(20), b"\x80\xc8" + bytes(9) + b"\x09", b""],
    ids=["another source", "DTLS", "RTCP", "nothing"],
)
def test_everything_else_goes_the_usual_way(other: bytes) -> None:
    bench = Bench()
    bench.inlet.add(SSRC, bench.intake.take)
    bench.inlet(other, 1)
    assert bench.insides.passed_on == [other]


def test_a_forged_packet_is_counted_and_dropped() -> None:
    bench = Bench()
    bench.inlet.add(SSRC, bench.intake.take)
    bench.inlet(packet(1, 2, b"\x65forged"), 1)
    assert bench.frames == []
    assert bench.insides._RTCRtpReceiver__remote_streams == {}
    assert bench.insides.transport._RTCDtlsTransport__rx_packets == 1


def test_a_receiver_that_has_ended_leaves_the_inlet() -> None:
    bench = Bench()
    bench.inlet.add(SSRC, bench.intake.take)
    bench.insides._RTCRtpReceiver__decoder_thread = None
    bench.inlet(packet(1, 2), 1)
    bench.inlet(packet(2, 2), 1)
    assert bench.insides.passed_on == [packet(2, 2)]


def test_a_transport_has_one_inlet() -> None:
    bench = Bench()
    assert isinstance(bench.inlet, Inlet)
    assert inlet_of(bench.insides.transport) is bench.inlet


@given(st.lists(st.tuples(st.integers(-3, 12), st.integers(0, 3)), max_size=60))
def test_the_quick_buffer_does_what_aiortcs_does(steps: list[tuple[int, int]]) -> None:
    """Any order, loss and repetition of packets; frames of three packets each."""
    known, quick = JitterBuffer(64, is_video=True), JitterBuffer(64, is_video=True)
    watched = WatchedBuffer(quick, lambda: None, lambda: 0.0)
    number, outs = 65_500, [list[tuple[bytes, int]](), list[tuple[bytes, int]]()]
    for jump, repeat in steps:
        number += jump
        for _ in range(repeat):
            at = ArrivedPacket(number & 0xFFFF, number // 3, bytes([number & 0xFF]))
            for buffer, out in zip((known, watched), outs, strict=True):
                _, frame = buffer.add(at)  # type: ignore[arg-type]
                if frame is not None:
                    out.append((frame.data, frame.timestamp))
    assert outs[0] == outs[1]


@given(st.lists(st.integers(-5, 40), min_size=1, max_size=80))
def test_packets_are_counted_as_aiortc_counts_them(jumps: list[int]) -> None:
    theirs, ours = StreamStatistics(90_000), _Count(90_000)
    number = 65_400
    for jump in jumps:
        number += jump
        theirs.add(RtpPacket(102, 0, number & 0xFFFF, number * 10))
        ours.count(number & 0xFFFF, number * 10, 0.0)
    assert ours.packets_received == theirs.packets_received
    assert ours.packets_expected == theirs.packets_expected
    assert ours.fraction_lost == theirs.fraction_lost


def test_limits_are_told_a_few_times_a_second_whatever_happens() -> None:
    reports, told = LimitReports(), 0
    # The network fills up: every burst takes longer than the one before.
    for burst in range(300):
        for _ in range(7):
            sent = (burst * 33 * 262) & 0xFFFFFF
            told += reports.arrived(sent, 1200, SSRC, burst * 40) is not None
    seconds = 300 * 40 / 1000
    assert 5 <= told <= seconds * 1000 / REPORT_EVERY_MS


def test_bursts_say_what_packets_say() -> None:
    single, bursts = RemoteBitrateEstimator(), LimitReports()
    limits: tuple[list[int], list[int]] = ([], [])
    for frame in range(600):
        sent, now_ms = (frame * 33 * 262) & 0xFFFFFF, frame * 33
        for _ in range(7):
            for told, found in zip(
                limits,
                (
                    single.add(
                        abs_send_time=sent, arrival_time_ms=now_ms, payload_size=1200, ssrc=SSRC
                    ),
                    bursts.arrived(sent, 1200, SSRC, now_ms),
                ),
                strict=True,
            ):
                if found is not None:
                    told.append(found[0])
    assert limits[1][-1] == pytest.approx(limits[0][-1], rel=0.2)
