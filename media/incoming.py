"""Receiving encoded frames over a peer connection without decoding them.

aiortc decodes whatever it receives, on a thread for every track. `receive_encoded` puts itself in
the place of what one receiver does with packets; others in the process decode as usual. A
picture that refers to a lost one is never handed out: the track asks the sender for a keyframe
(RFC 4585 section 6.3.1) and resumes there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from media import h264
from media.aiortc_version import require_known_versions
from media.frames import Kind
from media.intake import Intake

require_known_versions()
log = logging.getLogger(__name__)

# About two minutes at 2 Mbit/s: whoever has not taken frames for so long will not catch up.
WAITING_LIMIT_BYTES = 32 * 1024 * 1024
# A keyframe takes a round trip and an encoder's turn; asking more often only makes more of them.
KEYFRAME_RETRY_S = 0.5
# From 1900, where NTP counts from, to 1970.
NTP_TO_UNIX_S = 2_208_988_800

CODECS: dict[Kind, tuple[str, ...]] = {
    "video": ("video/h264", "video/rtx"),
    "audio": ("audio/opus",),
}


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """One access unit or Opus packet. `ticks` is its RTP time stamp, unwrapped and signed.

    `arrived_us` is on the monotonic clock.
    """

    kind: Kind
    data: bytes
    ticks: int
    keyframe: bool
    arrived_us: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """At `unix_us` by the sender's clock, its RTP clock of this track stood at `ticks`."""

    unix_us: int
    ticks: int


def expect(pc: RTCPeerConnection, kind: Kind) -> RTCRtpTransceiver:
    """Make a connection ready to receive H.264 or Opus; call before `setRemoteDescription`."""
    transceiver = pc.addTransceiver(kind, direction="recvonly")
    offered = RTCRtpReceiver.getCapabilities(kind)
    known = offered.codecs if offered is not None else []
    transceiver.setCodecPreferences([c for c in known if c.mimeType.lower() in CODECS[kind]])
    return transceiver


def receive_encoded(
    receiver: RTCRtpReceiver,
    kind: Kind,
    arrived: asyncio.Event,
    limit_bytes: int = WAITING_LIMIT_BYTES,
) -> EncodedTrack:
    """The frames of this receiver, undecoded; call before the connection is made.

    `arrived` is set whenever there is something to take, and at the end. What would wait beyond
    `limit_bytes` is dropped, and the track resumes at a keyframe.
    """
    insides: Any = receiver
    if insides._RTCRtpReceiver__decoder_thread is not None:
        raise RuntimeError("A receiver must be taken over before it starts to receive.")
    track = EncodedTrack(kind, arrived, lambda: intake.want_keyframe(), limit_bytes)
    intake = Intake(insides, kind, track._arrive, track._lost)
    insides._RTCRtpReceiver__decoder_queue = _Inbox(track)
    insides._handle_rtp_packet = intake.first
    heard = insides._handle_rtcp_packet

    async def listen(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            track._reported(packet)
        await heard(packet)

    insides._handle_rtcp_packet = listen
    return track


class EncodedTrack:
    """What arrived and has not been taken yet. Lives on the event loop."""

    def __init__(
        self,
        kind: Kind,
        arrived: asyncio.Event,
        ask_for_keyframe: Callable[[], None],
        limit_bytes: int = WAITING_LIMIT_BYTES,
    ) -> None:
        self.kind = kind
        self.ended = False
        self.gaps = 0
        self.report: SenderReport | None = None
        self._arrived = arrived
        self._ask = ask_for_keyframe
        self._asked_at = float("-inf")
        self._waiting: deque[ReceivedFrame] = deque()
        self._waiting_bytes = 0
        self._limit_bytes = limit_bytes
        self._prelude = b""
        self._in_step = kind == "audio"
        self._started = False
        self._clock = _Unwrapped()

    def take(self) -> list[ReceivedFrame]:
        """All frames since the last call, in the order of their capture."""
        frames = list(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        return frames

    def _reported(self, packet: RtcpSrPacket) -> None:
        """Keep what the sender says about its clocks (RFC 3550 section 6.4.1)."""
        info = packet.sender_info
        if info.ntp_timestamp and self._started:
            unix_us = (info.ntp_timestamp * 1_000_000 >> 32) - NTP_TO_UNIX_S * 1_000_000
            self.report = SenderReport(unix_us, self._clock.near(info.rtp_timestamp))

    def _arrive(self, data: bytes, timestamp: int) -> None:
        ticks = self._clock.follow(timestamp)
        if not data:
            return
        if self.kind == "video":
            if h264.is_prelude(data):
                # Some encoders send parameter sets on their own, ahead of the picture.
                self._prelude = data
                return
            prelude, self._prelude = self._prelude, b""
            data = prelude + data if prelude and h264.is_whole(data) else data
        keyframe = self.kind == "audio" or h264.is_keyframe(data)
        if self.kind == "video" and not self._resumes(data, keyframe):
            return
        if self._waiting_bytes + len(data) > self._limit_bytes:
            self._overflow()
            return
        self._started = True
        now_us = time.monotonic_ns() // 1000
        self._waiting.append(ReceivedFrame(self.kind, data, ticks, keyframe, now_us))
        self._waiting_bytes += len(data)
        self._arrived.set()

    def _resumes(self, data: bytes, keyframe: bool) -> bool:
        """Whether a decoder that has had every frame so far could decode this picture."""
        if not h264.is_whole(data):
            self._lost()
        elif keyframe:
            self._in_step = True
        if not self._in_step:
            self._want_keyframe()
        return self._in_step

    def _lost(self) -> None:
        """A picture is missing: those after it are worthless up to the next keyframe."""
        if self.kind == "audio":
            return
        if self._in_step and self._started:
            self.gaps += 1
            log.info("pictures were lost, waiting for a keyframe")
        self._in_step = False
        self._want_keyframe()

    def _overflow(self) -> None:
        if self.kind == "video":
            self._lost()
        elif self.gaps == 0:
            self.gaps = 1
            log.warning("sound is dropped: nobody takes it")

    def _want_keyframe(self) -> None:
        now = time.monotonic()
        if now - self._asked_at >= KEYFRAME_RETRY_S:
            self._asked_at = now
            self._ask()

    def _end(self) -> None:
        self.ended = True
        self._arrived.set()


class _Inbox:
    """Stands where the receiver keeps its queue to the decoder thread."""

    def __init__(self, track: EncodedTrack) -> None:
        self._track = track

    def get(self) -> None:
        """The decoder thread asks once and ends."""

    def put(self, task: None) -> None:
        """The receiver ends."""
        self._track._end()


class _Unwrapped:
    """Follows a 32-bit RTP time stamp; the first is read as signed, for it may lie before 0."""

    def __init__(self) -> None:
        self._last: int | None = None

    def follow(self, timestamp: int) -> int:
        self._last = self.near(timestamp)
        return self._last

    def near(self, timestamp: int) -> int:
        """The unwrapped value of a time stamp not far from the last one followed."""
        last = self._last or 0
        return last + ((timestamp - last + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
