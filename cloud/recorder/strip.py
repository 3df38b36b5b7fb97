"""What is seen in a clip: a strip of small pictures, and one large; keyframes alone are decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from cloud.recorder.ports import StillPictures
from media.still import StillError, jpeg
from protocol.door import Preview

# A phone shows about ten of them side by side; more than these make the file slow to load.
TILES_LIMIT = 30
# Doorbells send a keyframe every second or two: more tiles would only repeat themselves.
SHORTEST_STEP_MS = 1_000
# The longer side of a tile: sharp enough on a phone that shows it a centimetre wide.
TILE_PX = 160
# The keyframe that was taken up to half a usual group later shows the moment as well as the one
# before it, and the visitor is nearer.
NEAR_MS = 1_000


def seen(clip: Path, at_ms: int) -> StillPictures:
    """The strip, and the picture at about `at_ms` of the clip. Raises StillError."""
    try:
        with av.open(str(clip), "r") as container:
            return _look(container, clip.stat().st_size, at_ms)
    except (av.FFmpegError, OSError, LookupError, ValueError) as error:
        raise StillError(f"{clip.name} cannot be read: {error}") from error


def _look(container: InputContainer, size_bytes: int, at_ms: int) -> StillPictures:
    video = container.streams.video[0]
    length_ms = max(1, (container.duration or 0) * 1000 // av.time_base)
    every_ms = max(SHORTEST_STEP_MS, math.ceil(length_ms / TILES_LIMIT))
    count = math.ceil(length_ms / every_ms)
    times_ms = [number * every_ms + every_ms // 2 for number in range(count)]
    large_ms = min(max(at_ms + NEAR_MS, 0), length_ms)
    tiles: list[av.VideoFrame | None] = [None] * count
    picture = b""
    for moments, frame in _keyframes(container, video, sorted({*times_ms, large_ms})):
        tile = _tile(frame) if any(at in moments for at in times_ms) else None
        tiles = [tile if at in moments else old for at, old in zip(times_ms, tiles, strict=True)]
        if large_ms in moments:
            picture = jpeg(frame)
    strip = _side_by_side(tiles)
    if strip is None or not picture:
        raise StillError("No keyframe could be decoded.")
    width, height = strip.width // count, strip.height
    preview = Preview(tiles=count, every_ms=every_ms, width=width, height=height)
    return StillPictures(size_bytes, preview, jpeg(strip), picture)


def _keyframes(
    container: InputContainer, video: VideoStream, times_ms: list[int]
) -> Iterator[tuple[set[int], av.VideoFrame]]:
    """The keyframes on show at these times, each decoded once, with the times it stands for.

    One that cannot be decoded is replaced by the one before it, or after it at the beginning.
    """
    decoder = video.codec_context
    decoder.thread_count = 1
    decoder.skip_frame = "NONKEY"
    moments: set[int] = set()
    last: av.VideoFrame | None = None
    last_pts: int | None = None
    for at_ms in times_ms:
        packet = _keyframe_before(container, video, at_ms)
        if packet is not None and packet.pts != last_pts:
            last_pts = packet.pts
            decoded = _decoded(decoder, packet)
            if decoded is not None:
                if last is not None:
                    yield moments, last
                    moments = set()
                last = decoded
        moments.add(at_ms)
    if last is not None:
        yield moments, last


def _keyframe_before(container: InputContainer, video: VideoStream, at_ms: int) -> Any:
    base = video.time_base or 1
    with suppress(av.FFmpegError):
        container.seek(int(at_ms / 1000 / base), stream=video)
        for packet in container.demux(video):
            if packet.size and packet.is_keyframe:
                return packet
    return None


def _decoded(decoder: Any, packet: Any) -> av.VideoFrame | None:
    try:
        pictures = [*decoder.decode(packet), *decoder.decode(None)]
    except av.FFmpegError:
        pictures = []
    decoder.flush_buffers()
    return pictures[0] if pictures else None


def _tile(frame: av.VideoFrame) -> av.VideoFrame:
    """The picture small, its aspect kept; sides are even, as the colours are halved."""
    scale = TILE_PX / max(frame.width, frame.height)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    return frame.reformat(width, height, "yuvj420p", interpolation=Interpolation.AREA)


def _side_by_side(tiles: list[av.VideoFrame | None]) -> av.VideoFrame | None:
    """One picture of all, each in the size of the first."""
    first = next((tile for tile in tiles if tile is not None), None)
    if first is None:
        return None
    width, height = first.width, first.height
    alike = [(tile or first).reformat(width, height, "yuvj420p") for tile in tiles]
    strip = av.VideoFrame(width * len(tiles), height, "yuvj420p")
    for number, plane in enumerate(strip.planes):
        sources = [tile.planes[number] for tile in alike]
        plane.update(_rows([(bytes(s), s.line_size) for s in sources], sources[0].width, plane))
    return strip


def _rows(sources: list[tuple[bytes, int]], width: int, plane: Any) -> bytes:
    rows = bytearray(plane.buffer_size)
    for row in range(plane.height):
        line = b"".join(data[row * step : row * step + width] for data, step in sources)
        start = row * plane.line_size
        rows[start : start + len(line)] = line
    return bytes(rows)
