"""Sending encoded frames over a peer connection without encoding them again.

The agreement with the recorder: on an upload (`exact=True`) the RTP time stamp 0 of video (90 kHz)
and of audio (48 kHz) is one and the same instant, the capture of the first picture, and the
request's header `Doorstep-Starts` names it in Unix milliseconds. Both tracks count on from there
by capture time, whatever the speed at which they are sent; a track may start later than 0.
Calls (`exact=False`) keep the random start of RFC 3550 section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from media.aiortc_version import require_known_versions
from media.frames import Kind
from media.rtp_loop import RtpLoop
from media.sender import PassthroughSender
from media.track import CLOCK_RATE_HZ, PassthroughTrack

__all__ = ["CLOCK_RATE_HZ", "STARTS_HEADER", "PassthroughTrack", "send_passthrough"]

require_known_versions()

STARTS_HEADER = "Doorstep-Starts"
# Constrained baseline is what the cameras make; the other name is what some peers call it.
PROFILES = ("42e01f", "42001f")


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
    sending = PassthroughSender(transceiver)
    if want_keyframe is not None:
        insides: Any = transceiver.sender
        insides._send_keyframe = want_keyframe
    RtpLoop(sending, want_keyframe, exact).take_over()
    return sending


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
