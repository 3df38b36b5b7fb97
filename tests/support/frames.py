"""Frames for tests that do not look inside them."""

from __future__ import annotations

from media.frames import EncodedFrame

FRAME_US = 33_333
PACKET_US = 20_000


def picture(index: int, keyframe: bool = False, start_us: int = 0) -> EncodedFrame:
    """The `index`-th picture of a stream at 30 fps; the bytes say which it is."""
    return EncodedFrame("video", index.to_bytes(4, "big"), start_us + index * FRAME_US, keyframe)


def pictures(count: int, group: int = 30) -> list[EncodedFrame]:
    """A stream with a keyframe every `group` pictures."""
    return [picture(index, index % group == 0) for index in range(count)]
