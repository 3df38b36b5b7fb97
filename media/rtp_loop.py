"""Our loops in the place of those that an aiortc sender runs: frames, reports and what comes back.

aiortc starts `_run_rtp` and `_run_rtcp` as tasks of the sender when the transport is connected,
cancels them in `stop()` and waits for what they set at their end; `_handle_rtcp_packet` is called
with every report of the receiver.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from media.h264_packets import h264_payloads
from media.reception import Reports
from media.rtp_stream import RtpStream
from media.sender import PassthroughSender
from media.track import CLOCK_RATE_HZ, PassthroughTrack, TimedFrame

# RFC 3550 section 6.2 asks for an interval that varies, so that reports of many do not meet.
REPORT_LEAST_S = 0.5
REPORT_SPREAD_S = 1.0
# The canonical name in a source description (RFC 3550 section 6.5).
_CNAME = 1


class RtpLoop:
    """The work of one passthrough sender. `exact`: the track's time stamps are those of RTP."""

    def __init__(
        self, sending: PassthroughSender, want_keyframe: Callable[[], None] | None, exact: bool
    ) -> None:
        self._sending = sending
        self._insides: Any = sending.transceiver.sender
        self._want_keyframe = want_keyframe
        self._origin = 0 if exact else random.getrandbits(32)
        self._stream: RtpStream | None = None
        self._reports = Reports()
        self._newest: TimedFrame | None = None
        self._started = asyncio.Event()
        self._stats = self._insides._handle_rtcp_packet
        sending.forget, sending.rtp_time = self._forget, self._rtp_time
        sending.pace = self._pace

    def take_over(self) -> None:
        """Put these loops where aiortc looks for its own; before the connection is made."""
        self._insides._run_rtp = self.run
        self._insides._run_rtcp = self.report
        self._insides._handle_rtcp_packet = self.hear

    async def run(self, codec: RTCRtpCodecParameters) -> None:
        """Send frames until the track ends, the transport closes or aiortc cancels."""
        insides, track = self._insides, self._insides.track
        insides._RTCRtpSender__rtp_started.set()
        try:
            if isinstance(track, PassthroughTrack):
                self._stream = RtpStream(insides, codec.payloadType or 0)
                await self._send_all(track, self._stream)
        finally:
            if track is not None:
                track.stop()
            insides._RTCRtpSender__track = None
            if self._stream is not None:
                self._stream.history.clear()
            insides._RTCRtpSender__rtp_exited.set()
            if isinstance(track, PassthroughTrack):
                await track.close_frames()

    async def report(self) -> None:
        """Send sender reports, the first with the first frame, and a farewell at the end."""
        insides = self._insides
        insides._RTCRtpSender__rtcp_started.set()
        try:
            await self._started.wait()
            while True:
                await self._send_report()
                await asyncio.sleep(REPORT_LEAST_S + REPORT_SPREAD_S * random.random())
        finally:
            await insides._send_rtcp([RtcpByePacket(sources=[insides._ssrc])])
            insides._RTCRtpSender__rtcp_exited.set()

    async def hear(self, packet: AnyRtcpPacket) -> None:
        """What the receiver says: reports, wishes for packets and for keyframes, its limit."""
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            await self._hear_reports(packet)
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            self._repair(packet.lost)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            if self._want_keyframe is not None:
                self._want_keyframe()
        elif (
            isinstance(packet, RtcpPsfbPacket)
            and packet.fmt == RTCP_PSFB_APP
            and self._reports.hear_limit(packet, self._insides._ssrc) is not None
        ):
            self._tell()

    async def _send_all(self, track: PassthroughTrack, stream: RtpStream) -> None:
        async with asyncio.TaskGroup() as group:
            padding = group.create_task(self._sending.padding.run(self._pad))
            with contextlib.suppress(ConnectionError, MediaStreamError):
                await self._send_frames(track, stream)
            padding.cancel()

    async def _send_frames(self, track: PassthroughTrack, stream: RtpStream) -> None:
        while True:
            frame = await track.next_frame()
            if not self._insides._enabled:
                continue
            payloads = h264_payloads(frame.data) if track.kind == "video" else (frame.data,)
            if payloads:
                self._newest = frame
                await stream.pacer.send(payloads, partial(self._send, stream, frame.timestamp))
                self._count(stream)

    def _send(
        self, stream: RtpStream, timestamp: int, payloads: Sequence[bytes], last: bool
    ) -> int:
        size = stream.send(payloads, self._on_wire(timestamp), last)
        self._sending.sent_bytes += size
        return size

    def _forget(self) -> None:
        if self._stream is not None:
            self._stream.repairs.forget(time.monotonic())

    def _rtp_time(self, at_us: int) -> int:
        track = self._insides.track
        return self._on_wire(track.ticks(at_us)) if isinstance(track, PassthroughTrack) else 0

    def _on_wire(self, timestamp: int) -> int:
        return self._origin + timestamp & 0xFFFF_FFFF

    def _count(self, stream: RtpStream) -> None:
        """What aiortc's statistics say about this sender."""
        self._insides._RTCRtpSender__packet_count = stream.packets
        self._insides._RTCRtpSender__octet_count = stream.octets
        if not self._started.is_set():
            self._started.set()

    def _pad(self) -> int:
        """Nothing when the transport has gone: the frames notice and end the work."""
        size = 0
        if self._stream is not None:
            with contextlib.suppress(ConnectionError):
                size = self._stream.pad()
        self._sending.sent_bytes += size
        return size

    def _repair(self, lost: list[int]) -> None:
        if self._stream is None:
            return
        with contextlib.suppress(ConnectionError):
            size = self._stream.repair(lost, self._reports.reception.round_trip_s)
            self._sending.sent_bytes += size

    async def _hear_reports(self, packet: RtcpRrPacket | RtcpSrPacket) -> None:
        mine = [report for report in packet.reports if report.ssrc == self._insides._ssrc]
        for report in mine:
            self._reports.hear_report(report)
        if mine:
            # aiortc would measure the round trip to its last report only.
            self._insides._RTCRtpSender__rtt = self._reports.reception.round_trip_s
            self._tell()
        await self._stats(packet)

    def _tell(self) -> None:
        reception = self._reports.reception
        self._pace()
        self._sending.reception = reception
        self._sending.on_reception(reception)

    def _pace(self) -> None:
        limit_bps = self._reports.reception.limit_bps
        if self._stream is not None:
            shown = self._sending.carries_bps
            self._stream.pacer.limit(None if limit_bps is None else max(limit_bps, shown))

    async def _send_report(self) -> None:
        stream, newest = self._stream, self._newest
        if stream is None or newest is None:
            return
        # By the time of capture, not of sending: pictures wait for their pace, sound does not.
        since_us = time.monotonic_ns() // 1000 - newest.at_us
        rate_hz = CLOCK_RATE_HZ["video" if self._insides.kind == "video" else "audio"]
        timestamp = self._on_wire(newest.timestamp + since_us * rate_hz // 1_000_000)
        info = self._reports.sender_info(timestamp, stream.packets, stream.octets)
        packets: list[AnyRtcpPacket] = [RtcpSrPacket(self._insides._ssrc, info)]
        cname = self._insides._RTCRtpSender__cname
        if cname is not None:
            source = RtcpSourceInfo(self._insides._ssrc, [(_CNAME, cname.encode())])
            packets.append(RtcpSdesPacket([source]))
        await self._insides._send_rtcp(packets)
