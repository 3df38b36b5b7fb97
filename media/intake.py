"""Packets of one receiver on their way to frames, in the place of aiortc's own handling."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

from aiortc.codecs import is_rtx
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    pack_remb_fci,
)

from media.assembly import ArrivedPacket, WatchedBuffer
from media.frames import Kind
from media.h264_packets import h264_unit_bytes
from media.inlet import inlet_of
from media.limit_report import LimitReports
from media.missing import Missing
from media.sound_order import SoundOrder
from media.wire import Wire

_HEADER = struct.Struct("!BBHLL")
_NUMBER = struct.Struct("!H")
_ONE_BYTE_EXTENSIONS = 0xBEDE


class Intake:
    """Fed by the inlet; `deliver(data, timestamp)` gets whole frames, in order."""

    def __init__(
        self,
        insides: Any,
        kind: Kind,
        deliver: Callable[[bytes, int], None],
        on_loss: Callable[[], None],
    ) -> None:
        self._insides = insides
        self._kind = kind
        self._deliver = deliver
        self._buffer = WatchedBuffer(insides._RTCRtpReceiver__jitter_buffer, on_loss)
        self._missing = Missing(self._ask_for)
        self._order = SoundOrder()
        self._limits = LimitReports() if kind == "video" else None
        self._wire: Wire | None = None
        self._ssrc = 0
        self._send_time_id: int | None = None

    async def first(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        """A packet that aiortc has read: the inlet does not know its source yet."""
        insides = self._insides
        if self._wire is None:
            self._wire = Wire(insides.transport)
            ids = insides.transport._rtp_header_extensions_map._HeaderExtensionsMap__ids
            self._send_time_id = ids.abs_send_time
        if insides._RTCRtpReceiver__codecs.get(packet.payload_type) is not None:
            inlet_of(insides.transport).add(packet.ssrc, self.take)
        send_time = packet.extensions.abs_send_time
        self._note_limit(send_time, len(packet.payload) + packet.padding_size, packet.ssrc)
        self._sort(
            packet.payload_type, packet.sequence_number, packet.timestamp, packet.ssrc,
            packet.payload,
        )  # fmt: skip

    def take(self, data: bytes) -> None:
        """A packet from the inlet, decrypted. What is malformed is passed over."""
        try:
            bits, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
            start = 12 + 4 * (bits & 0x0F)
            if bits & 0x10:
                profile, words = struct.unpack_from("!HH", data, start)
                end = start + 4 + 4 * words
                if self._limits is not None and profile == _ONE_BYTE_EXTENSIONS:
                    send_time = self._send_time(data, start + 4, end)
                    self._note_limit(send_time, len(data) - end, ssrc)
                start = end
            payload = data[start : len(data) - data[-1]] if bits & 0x20 else data[start:]
        except (struct.error, IndexError):
            return
        self._sort(kind & 0x7F, sequence, timestamp, ssrc, payload)

    def want_keyframe(self) -> None:
        """Ask the sender for a keyframe (RFC 4585 section 6.3.1)."""
        self._say(RtcpPsfbPacket(RTCP_PSFB_PLI, self._rtcp_ssrc or 0, self._ssrc))

    @property
    def _rtcp_ssrc(self) -> int | None:
        ssrc: int | None = self._insides._RTCRtpReceiver__rtcp_ssrc
        return ssrc

    def _sort(
        self, payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes
    ) -> None:
        """Count the packet, unwrap it when it is a repair, and put it in its place."""
        insides = self._insides
        codec = insides._RTCRtpReceiver__codecs.get(payload_type)
        if codec is None or not insides._enabled:
            return
        if insides._RTCRtpReceiver__decoder_thread is None:
            inlet_of(insides.transport).remove(self.take)
            return
        now_s = time.monotonic()
        self._count(ssrc, codec.clockRate).count(sequence, timestamp, now_s)
        if is_rtx(codec):
            original = insides._RTCRtpReceiver__rtx_ssrc.get(ssrc)
            if original is None or len(payload) < _NUMBER.size:
                return
            sequence, ssrc = _NUMBER.unpack_from(payload)[0], original
            payload = payload[_NUMBER.size :]
        self._ssrc = ssrc
        self._missing.arrived(sequence, now_s)
        if self._kind == "video":
            self._place(sequence, timestamp, payload)
            return
        # Every packet of Opus is a whole frame; aiortc's buffer gives up many for one.
        for data, at in self._order.add(sequence, timestamp, payload, now_s):
            self._deliver(data, at)

    def _place(self, sequence: int, timestamp: int, payload: bytes) -> None:
        if payload:
            try:
                payload = h264_unit_bytes(payload)
            except ValueError:
                return
        _, frame = self._buffer.add(ArrivedPacket(sequence, timestamp, payload))
        if frame is not None:
            self._deliver(frame.data, frame.timestamp)

    def _count(self, ssrc: int, clock_rate: int) -> _Count:
        counts: dict[int, _Count] = self._insides._RTCRtpReceiver__remote_streams
        count = counts.get(ssrc)
        if count is None:
            count = counts[ssrc] = _Count(clock_rate)
        return count

    def _send_time(self, data: bytes, at: int, end: int) -> int | None:
        """The abs-send-time among one-byte extensions (RFC 8285 section 4.2)."""
        while at < end:
            head = data[at]
            length = (head & 0x0F) + 1
            if head >> 4 == self._send_time_id and length == 3:
                return int.from_bytes(data[at + 1 : at + 4], "big")
            at += 1 if head == 0 else 1 + length
        return None

    def _note_limit(self, send_time: int | None, size: int, ssrc: int) -> None:
        if self._limits is None or send_time is None:
            return
        now_ms = time.monotonic_ns() // 1_000_000
        limit = self._limits.arrived(send_time, size, ssrc, now_ms)
        if limit is not None:
            fci = pack_remb_fci(*limit)
            self._say(RtcpPsfbPacket(RTCP_PSFB_APP, self._rtcp_ssrc or 0, 0, fci))

    def _ask_for(self, lost: list[int]) -> None:
        # aiortc cannot write numbers that wrap into one report.
        wrap = next((at for at in range(1, len(lost)) if lost[at] < lost[at - 1]), len(lost))
        for part in (lost[:wrap], lost[wrap:]):
            if part:
                packet = RtcpRtpfbPacket(RTCP_RTPFB_NACK, self._rtcp_ssrc or 0, self._ssrc, part)
                self._say(packet)

    def _say(self, packet: AnyRtcpPacket) -> None:
        if self._wire is None or self._rtcp_ssrc is None:
            return
        try:
            self._wire.report(bytes(packet))
        except ConnectionError:
            # The connection is ending; its track is told by others.
            return


class _Count(StreamStatistics):
    """aiortc's counters for its receiver reports, one addition for most packets."""

    def count(self, sequence: int, timestamp: int, now_s: float) -> None:
        """A packet has arrived (RFC 3550 appendices A.1 and A.8)."""
        self.packets_received += 1
        if self.max_seq is None:
            self.base_seq = sequence
        elif not 0 < (sequence - self.max_seq) & 0xFFFF < 0x8000:
            return
        elif sequence < self.max_seq:
            self.cycles += 1 << 16
        self.max_seq = sequence
        if timestamp == self._last_timestamp:
            return
        arrival = int(now_s * self._clockrate)
        if self._last_timestamp is not None and self._last_arrival is not None:
            difference = abs(arrival - self._last_arrival - (timestamp - self._last_timestamp))
            self._jitter_q4 += difference - ((self._jitter_q4 + 8) >> 4)
        self._last_arrival, self._last_timestamp = arrival, timestamp
