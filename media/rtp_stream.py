"""One outgoing RTP stream: numbers and headers, the packets sent last, repairs and padding."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

from media.history import (
    HISTORY_PACKETS,
    SOUND_HISTORY_PACKETS,
    History,
    Repairs,
    SentPacket,
)
from media.pacing import Pacer
from media.rtp_header import HeaderTemplate
from media.wire import Wire

# Receivers may take a copy of a packet from long ago for a new beginning of the stream.
PADDING_COPIES = 16
# The most that an RTP packet can hold: the last byte says how many there are.
PADDING_BYTES = 255
_NUMBER = struct.Struct("!H")


def first_number() -> int:
    """Where a stream starts to count: low enough not to wrap while its first packets may be lost.

    A receiver that missed a wrap cannot decrypt what follows.
    """
    return random.randrange(1 << 15)


class RtpStream:
    """Sends payloads with consecutive numbers. `insides` is the aiortc sender that it is for."""

    def __init__(self, insides: Any, payload_type: int) -> None:
        mid = insides._RTCRtpSender__mid
        extensions = insides._RTCRtpSender__rtp_header_extensions_map
        again_type = insides._RTCRtpSender__rtx_payload_type
        self.packets = 0
        self.octets = 0
        self.pacer = Pacer()
        self.history = History(
            HISTORY_PACKETS if insides.kind == "video" else SOUND_HISTORY_PACKETS
        )
        self.repairs = Repairs(self.history)
        self._wire = Wire(insides.transport)
        self._header = HeaderTemplate(payload_type, insides._ssrc, mid, extensions)
        self._again = (
            None
            if again_type is None
            else HeaderTemplate(again_type, insides._rtx_ssrc, mid, extensions)
        )
        self._next = first_number()
        self._next_again = first_number()
        self._timestamp = 0
        self._at_boundary = True
        self._padding = cycle(range(PADDING_COPIES))

    def send(self, payloads: Sequence[bytes], timestamp: int, last: bool) -> int:
        """Part of a frame, at once; `last` when it ends the frame. How many bytes it was."""
        now_s = time.monotonic()
        packets: list[bytes] = []
        for index, payload in enumerate(payloads, 1):
            marker = last and index == len(payloads)
            header = self._header.header(self._next, timestamp, marker, now_s)
            packets.append(self._keep(header, payload, now_s))
            self.octets += len(payload)
        self.packets += len(packets)
        self._timestamp, self._at_boundary = timestamp, last
        return self._wire.send(packets)

    def repair(self, lost: Iterable[int], round_trip_s: float | None) -> int:
        """Send again what the receiver misses, if that is of use. How many bytes it was."""
        now_s = time.monotonic()
        due = self.repairs.due(lost, now_s, round_trip_s, self.pacer.sent_bps)
        return self._wire.send([self._copy(packet, now_s) for packet in due]) if due else 0

    def pad(self) -> int:
        """Send one packet that the receiver will throw away; 0 when this is not the moment."""
        if not self.packets or not self._at_boundary:
            return 0
        now_s = time.monotonic()
        if self._again is None:
            # With bytes of the length in every place, only the last of which counts.
            filler = bytes([PADDING_BYTES]) * PADDING_BYTES
            header = self._header.header(self._next, self._timestamp, False, now_s, padded=True)
            self.packets += 1
            return self._wire.send([self._keep(header, filler, now_s)])
        recent = list(self.history.last(self._next - 1, PADDING_COPIES))
        return self._wire.send([self._copy(recent[next(self._padding) % len(recent)], now_s)])

    def _keep(self, header: bytes, payload: bytes, now_s: float) -> bytes:
        self.history.add(SentPacket(self._next, now_s, header, payload))
        self._next = self._next + 1 & 0xFFFF
        return header + payload

    def _copy(self, packet: SentPacket, now_s: float) -> bytes:
        """The packet as a retransmission (RFC 4588), or once more when that was not agreed on.

        Once more must be bit for bit the same: SRTP encrypts a number only once.
        """
        if self._again is None:
            return packet.header + packet.payload
        marker = bool(packet.header[1] & 0x80)
        timestamp = int.from_bytes(packet.header[4:8], "big")
        header = self._again.header(self._next_again, timestamp, marker, now_s)
        self._next_again = self._next_again + 1 & 0xFFFF
        return header + _NUMBER.pack(packet.sequence) + packet.payload
