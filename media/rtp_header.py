"""RTP headers of one stream, made by patching a template instead of building each anew."""

from __future__ import annotations

import struct
import time
from typing import Any

from aiortc.rtp import RTP_HEADER_LENGTH, RtpPacket

# No other extension that is sent can contain it: it is not UTF-8, and marks where the time goes.
_PLACE = 0xABCDEF
_PLACE_BYTES = _PLACE.to_bytes(3, "big")
_SEQUENCE_AND_TIME = struct.Struct("!HL")
# 6 bits of seconds and 18 bits of fraction (abs-send-time).
_SEND_TIME_UNITS_PER_S = 1 << 18


def send_time(now_s: float | None = None) -> bytes:
    """The 24 bits of abs-send-time; only differences count, so the monotonic clock serves."""
    now_s = time.monotonic() if now_s is None else now_s
    return (int(now_s * _SEND_TIME_UNITS_PER_S) & 0xFFFFFF).to_bytes(3, "big")


class HeaderTemplate:
    """Headers with one payload type, source and section (RFC 3550 section 5.1, RFC 8285)."""

    def __init__(self, payload_type: int, ssrc: int, mid: str | None, extensions: Any) -> None:
        like = RtpPacket(payload_type=payload_type, ssrc=ssrc)
        like.extensions.abs_send_time = _PLACE
        like.extensions.mid = mid
        self._bytes = bytearray(like.serialize(extensions))
        self._payload_type = payload_type
        self._time_at = self._bytes.find(_PLACE_BYTES, RTP_HEADER_LENGTH)

    def header(
        self, sequence: int, timestamp: int, marker: bool, now_s: float, padded: bool = False
    ) -> bytes:
        """The header of one packet that leaves at `now_s`."""
        header = self._bytes
        header[0] = header[0] | 0x20 if padded else header[0] & 0xDF
        header[1] = self._payload_type | marker << 7
        _SEQUENCE_AND_TIME.pack_into(header, 2, sequence, timestamp)
        if self._time_at > 0:
            header[self._time_at : self._time_at + 3] = send_time(now_s)
        return bytes(header)
