"""Sending encoded frames over a peer connection without encoding them again.

The agreement with the recorder: on an upload (`exact=True`) the RTP time stamp 0 of video (90 kHz)
and of audio (48 kHz) is one and the same instant, the capture of the first picture, and the
request's header `Doorstep-Starts` names it in Unix milliseconds. Both tracks count on from there
by capture time, whatever the speed at which they are sent; a track may start later than 0.
Calls (`exact=False`) keep the random start of RFC 3550 section 5.1.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from functools import lru_cache
from types import MethodType
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtcrtpsender import RTCEncodedFrame

from media.aiortc_version import require_known_versions
from media.frames import SOUND_FRAME_SAMPLES, EncodedFrame, Kind
from media.sender import PassthroughSender

require_known_versions()
log = logging.getLogger(__name__)

STARTS_HEADER = "Doorstep-Starts"
CLOCK_RATE_HZ: dict[Kind, int] = {"video": 90_000, "audio": 48_000}
# Several viewers packetise the same frame within milliseconds; more than a burst need not be kept.
SHARED_FRAMES = 64
# Sound whose capture time strays less than this from the count of samples is continuous; players
# hear every correction.
SOUND_SLACK_TICKS = 2 * SOUND_FRAME_SAMPLES
# Constrained baseline is what the cameras make; the other name is what some peers call it.
PROFILES = ("42e01f", "42001f")


class PassthroughTrack(MediaStreamTrack):
    """A track of encoded frames. `origin_us` is the capture time whose RTP time stamp is 0.

    While `muted`, frames are taken and not sent.
    """

    def __init__(self, kind: Kind, frames: AsyncIterator[EncodedFrame], origin_us: int = 0) -> None:
        super().__init__()
        self.kind = kind
        self.muted = False
        self._frames = frames
        self._origin_us = origin_us
        self._expected: int | None = None

    async def recv(self) -> av.Packet[Any]:
        """The next frame, as aiortc wants it."""
        data, timestamp = await self.next_frame()
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts = packet.dts = timestamp
        packet.time_base = Fraction(1, CLOCK_RATE_HZ[self._kind])
        return packet

    async def next_frame(self) -> tuple[bytes, int]:
        """The next frame and its RTP time stamp. Raises MediaStreamError at the end."""
        while self.readyState == "live":
            try:
                frame = await anext(self._frames)
            except StopAsyncIteration:
                self.stop()
                break
            if not self.muted:
                return frame.data, self._timestamp(frame.at_us)
        raise MediaStreamError

    @property
    def _kind(self) -> Kind:
        return "video" if self.kind == "video" else "audio"

    def _timestamp(self, at_us: int) -> int:
        exact = (at_us - self._origin_us) * CLOCK_RATE_HZ[self._kind] // 1_000_000
        if self._kind == "video":
            return exact
        if self._expected is None or abs(exact - self._expected) > SOUND_SLACK_TICKS:
            self._expected = exact
        timestamp, self._expected = self._expected, self._expected + SOUND_FRAME_SAMPLES
        return timestamp


def send_passthrough(
    pc: RTCPeerConnection,
    track: PassthroughTrack,
    want_keyframe: Callable[[], None] | None = None,
    *,
    listen: bool = False,
    exact: bool = False,
) -> PassthroughSender:
    """Add a transceiver that sends `track` as it is; for the offering and the answering side.

    An answerer must call this before `setRemoteDescription`: later preferences are ignored and
    H.264 would go out under another codec's name. PLI and FIR of the peer call `want_keyframe`.
    With `listen` the peer may send as well. `exact`: see the agreement above.
    """
    transceiver = pc.addTransceiver(track, direction="sendrecv" if listen else "sendonly")
    transceiver.setCodecPreferences(_codecs(track._kind))
    sender: Any = transceiver.sender
    if want_keyframe is not None:
        sender._send_keyframe = want_keyframe
    sender._next_encoded_frame = MethodType(_exact_frame if exact else _frame, sender)
    return PassthroughSender(transceiver)


def _codecs(kind: Kind) -> list[RTCRtpCodecCapability]:
    offered = RTCRtpSender.getCapabilities(kind).codecs
    if kind == "audio":
        return [codec for codec in offered if codec.mimeType.lower() == "audio/opus"]
    chosen = [
        codec
        for profile in PROFILES
        for codec in offered
        if codec.mimeType.lower() == "video/h264"
        and codec.parameters.get("profile-level-id") == profile
    ]
    return chosen + [codec for codec in offered if codec.mimeType.lower() == "video/rtx"]


class _Exact(int):
    """A time stamp to which aiortc's random start is not added."""

    def __radd__(self, start: int) -> int:
        return int(self)


async def _frame(sender: RTCRtpSender, codec: object) -> RTCEncodedFrame | None:
    """Replaces the sender's own: no encoder, and one packetising for all viewers."""
    track = sender.track
    if not isinstance(track, PassthroughTrack):
        raise MediaStreamError
    data, timestamp = await track.next_frame()
    if not sender._enabled:
        return None
    payloads = _h264_payloads(data) if track.kind == "video" else [data]
    return RTCEncodedFrame(payloads, timestamp, None) if payloads else None  # type: ignore[arg-type]


async def _exact_frame(sender: RTCRtpSender, codec: object) -> RTCEncodedFrame | None:
    frame = await _frame(sender, codec)
    if frame is not None:
        frame.timestamp = _Exact(frame.timestamp)
    return frame


@lru_cache(maxsize=SHARED_FRAMES)
def _h264_payloads(data: bytes) -> list[bytes]:
    return H264Encoder._packetize(H264Encoder._split_bitstream(data))
