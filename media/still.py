"""One still picture out of encoded ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import av
from av.video.codeccontext import VideoCodecContext

from media.frames import EncodedFrame

# Quantiser of the JPEG (2 is best, 31 is worst): about 100 kB at 720p, good enough to know a face.
JPEG_QUANTISER = 4


class StillError(RuntimeError):
    """No picture could be made of these frames."""


async def still(frames: Sequence[EncodedFrame], at_us: int) -> bytes:
    """`jpeg_at` in a worker thread."""
    return await asyncio.to_thread(jpeg_at, frames, at_us)


def jpeg_at(frames: Sequence[EncodedFrame], at_us: int) -> bytes:
    """The picture that was on show at `at_us`, as JPEG; `frames` are in order of capture.

    Before the first frame the first picture counts. Raises StillError. Takes tens of milliseconds.
    """
    picture = _decode_last(_needed(frames, at_us))
    return jpeg(picture)


def _needed(frames: Sequence[EncodedFrame], at_us: int) -> list[EncodedFrame]:
    start = next((index for index, frame in enumerate(frames) if frame.keyframe), None)
    if start is None:
        raise StillError("There is no keyframe to begin at.")
    end = start + 1
    for index in range(start + 1, len(frames)):
        if frames[index].at_us > at_us:
            break
        start, end = (index if frames[index].keyframe else start), index + 1
    return list(frames[start:end])


def _decode_last(frames: list[EncodedFrame]) -> av.VideoFrame:
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, VideoCodecContext):
        raise StillError("This PyAV cannot decode H.264.")
    # Frame threads would hold pictures back; one group is not worth starting threads.
    decoder.thread_count = 1
    last: av.VideoFrame | None = None
    try:
        # One at a time: a group's pictures together would take eighty megabytes.
        for packet in (*(av.Packet(frame.data) for frame in frames), None):
            for picture in decoder.decode(packet):
                last = picture
    except av.FFmpegError as error:
        raise StillError("The frames cannot be decoded.") from error
    if last is None:
        raise StillError("The frames hold no picture.")
    return last


def jpeg(picture: av.VideoFrame) -> bytes:
    """A picture as JPEG. Raises StillError."""
    encoder = av.CodecContext.create("mjpeg", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise StillError("This PyAV cannot encode JPEG.")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.options = {"qmin": str(JPEG_QUANTISER), "qmax": str(JPEG_QUANTISER)}
    picture = picture.reformat(format="yuvj420p")
    picture.pts = None
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
