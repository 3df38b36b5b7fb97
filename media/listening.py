"""The sound packets of a receiver, at the moment of their arrival.

aiortc holds sound back until four more packets have come (80 ms) and decodes it on a thread for
every receiver. `receive_packets` puts itself in the place of that buffer, for one receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket

from media.aiortc_version import require_known_versions
from media.phone_voice import VoicePacket

require_known_versions()


def receive_packets(receiver: RTCRtpReceiver, take: Callable[[VoicePacket], None]) -> asyncio.Event:
    """`take` gets every packet, in the order of arrival; call before the connection is made.

    The event is set at the end. Raises RuntimeError when the receiver has begun already.
    """
    insides: Any = receiver
    if insides._RTCRtpReceiver__decoder_thread is not None:
        raise RuntimeError("A receiver must be taken over before it starts to receive.")
    ended = asyncio.Event()
    insides._RTCRtpReceiver__decoder_queue = _NoQueue(ended)
    insides._RTCRtpReceiver__jitter_buffer = _NoBuffer(take)
    return ended


class _NoQueue:
    """Stands where the receiver keeps its queue to the decoder thread."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def get(self) -> None:
        """The decoder thread asks once and ends."""

    def put(self, task: object) -> None:
        """Only the end ever comes: the buffer gives no frames to decode."""
        if task is None:
            self._ended.set()


class _NoBuffer:
    """Stands where the receiver keeps its jitter buffer."""

    def __init__(self, take: Callable[[VoicePacket], None]) -> None:
        self._take = take

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """A packet; no picture has to be asked for, and there is nothing to decode."""
        self._take(VoicePacket(packet.timestamp, bytes(packet.payload)))
        return False, None
