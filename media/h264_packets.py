"""H.264 pictures as RTP payloads (RFC 6184, packetization mode 1), all parts of one size.

Equal sizes let the kernel send a picture in one call, and no part is large for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from media.h264 import START_CODE, units

# With all headers, RTX and the SRTP tag this is below the 1280 bytes that every IPv6 path carries.
PAYLOAD_MAX_BYTES = 1180
# Several viewers packetise the same frame within milliseconds, and repairs are taken from it.
SHARED_FRAMES = 64

_FU_A = 28
_STAP_A = 24
_FU_BYTES = 2
_FU_START = 0x80
_FU_END = 0x40
_LENGTH_BYTES = 2


@lru_cache(maxsize=SHARED_FRAMES)
def h264_payloads(data: bytes) -> tuple[bytes, ...]:
    """The payloads of one access unit; the same objects for every viewer."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    for unit in units(data):
        room = PAYLOAD_MAX_BYTES - 1 - sum(len(one) + _LENGTH_BYTES for one in small)
        if small and len(unit) + _LENGTH_BYTES > room:
            payloads.append(_together(small))
            small = []
        if len(unit) > PAYLOAD_MAX_BYTES:
            payloads += _apart(unit)
        else:
            small.append(unit)
    if small:
        payloads.append(_together(small))
    return tuple(payloads)


def _together(small: list[bytes]) -> bytes:
    """Several units in one payload (STAP-A, section 5.7.1)."""
    if len(small) == 1:
        return small[0]
    forbidden = max(unit[0] & 0x80 for unit in small)
    importance = max(unit[0] & 0x60 for unit in small)
    parts = [bytes([forbidden | importance | _STAP_A])]
    for unit in small:
        parts += [len(unit).to_bytes(_LENGTH_BYTES, "big"), unit]
    return b"".join(parts)


def _apart(unit: bytes) -> list[bytes]:
    """One unit in several payloads (FU-A, section 5.8); only the last may be smaller."""
    body = len(unit) - 1
    count = -(-body // (PAYLOAD_MAX_BYTES - _FU_BYTES))
    size = -(-body // count)
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    payloads: list[bytes] = []
    for start in range(1, len(unit), size):
        edge = (_FU_START if start == 1 else 0) | (_FU_END if start + size >= len(unit) else 0)
        payloads.append(bytes((indicator, edge | kind)) + unit[start : start + size])
    return payloads


def h264_unit_bytes(payload: bytes) -> bytes:
    """What a payload adds to a picture in Annex B form; ValueError when it is malformed."""
    if len(payload) < _FU_BYTES:
        raise ValueError("An H.264 payload has at least two bytes.")
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        if payload[1] & _FU_START:
            return START_CODE + bytes((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:]
        return payload[_FU_BYTES:]
    if kind == _STAP_A:
        return b"".join(_separated(payload))
    if 0 < kind < _STAP_A:
        return START_CODE + payload
    raise ValueError(f"H.264 payloads of type {kind} are not part of packetization mode 1.")


def _separated(payload: bytes) -> Iterator[bytes]:
    at = 1
    while at < len(payload):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(payload[at:start], "big")
        if at > len(payload) or start > len(payload):
            raise ValueError("An H.264 payload of several units is cut off.")
        yield START_CODE
        yield payload[start:at]
