"""How a muxer is told that a stream holds Opus: a template read from an Ogg file of 20 ms silence.

PyAV takes a stream's setup data only from an encoder or from another file's stream; an encoder is
not what a recorder of finished packets needs.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import av
from av import AudioStream

from media.frames import SOUND_RATE_HZ

_OGG_POLYNOMIAL = 0x04C11DB7
# The demuxer wants one packet after the headers: 20 ms of fullband CELT, one frame, nothing in it.
_SILENCE = bytes([0xF8, 0xFF, 0xFE])


@contextmanager
def opus_template(channels: int = 1) -> Iterator[AudioStream]:
    """A stream to pass to `add_stream_from_template`, while the context lasts."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, SOUND_RATE_HZ, 0, 0)
    tags = struct.pack("<8sI8sI", b"OpusTags", 8, b"doorstep", 0)
    file = io.BytesIO(_page(0, 2, head) + _page(1, 0, tags) + _page(2, 4, _SILENCE))
    with av.open(file, format="ogg") as container:
        yield container.streams.audio[0]


def _page(number: int, flags: int, payload: bytes) -> bytes:
    """An Ogg page with one packet (RFC 3533 section 6)."""
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, 0, 1, number, 0)
    page = bytearray(head + bytes([1, len(payload)]) + payload)
    page[22:26] = _checksum(page).to_bytes(4, "little")
    return bytes(page)


def _checksum(page: bytes | bytearray) -> int:
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = register << 1 ^ (_OGG_POLYNOMIAL if register >> 31 else 0)
            register &= 0xFFFFFFFF
    return register
