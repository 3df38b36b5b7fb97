"""Parts of a recording put together to one clip, packet by packet: nothing is decoded.

The result is an ordinary MP4 with its index in front, which every player can seek in and starts
at once. Parts of one visit may overlap, because an encoder that comes back sends the seconds
before again; each part is used up to the first keyframe of the next. Pictures may change their
size on the way: every keyframe carries its parameter sets, and decoders go by those.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from cloud.recorder.mend import mend
from cloud.recorder.spool import Part
from media.fmp4 import ClipError
from media.frames import Kind
from protocol.door import Clip

log = logging.getLogger(__name__)

KINDS: tuple[Kind, ...] = ("video", "audio")
# The slowest camera that we expect takes five pictures a second; a longer silence is a gap.
GAP_S = 0.5
_OPTIONS = {"movflags": "faststart"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of a part before it is used; times in seconds since 1970."""

    path: Path
    starts_s: float
    ends_s: float
    sound: bool

    @property
    def shown_s(self) -> float:
        return self.ends_s - self.starts_s


def join(parts: Sequence[Part], target: Path) -> Clip | None:
    """Write the parts to `target` as one clip; None when there is no picture in any of them.

    Raises ClipError when the disk does not do it.
    """
    chosen = _chosen([facts for part in parts if (facts := facts_of(part)) is not None])
    if not chosen:
        return None
    try:
        written = _write(chosen, target)
    except (av.FFmpegError, OSError) as error:
        target.unlink(missing_ok=True)
        raise ClipError(f"The clip cannot be put together: {error}") from error
    return Clip(
        starts_ms=round(chosen[0].starts_s * 1000),
        duration_ms=round(written.ends_s * 1000),
        size_bytes=target.stat().st_size,
        gaps=written.gaps,
    )


def facts_of(part: Part) -> Facts | None:
    """Where a part begins and ends; None when no picture can be found in it."""
    try:
        mend(part.path)
        with av.open(str(part.path), "r") as container:
            ends_s: dict[Kind, float] = {}
            for kind, packet in _packets(container):
                at_s = float((packet.dts + (packet.duration or 0)) * packet.time_base)
                ends_s[kind] = max(ends_s.get(kind, 0.0), at_s)
            last_s = ends_s["video"]
    except (av.FFmpegError, OSError, LookupError, ValueError) as error:
        log.warning("%s holds no picture: %s", part.path.name, error)
        return None
    starts_s = part.starts_ms / 1000
    return Facts(part.path, starts_s, starts_s + last_s, "audio" in ends_s)


def _chosen(parts: Sequence[Facts]) -> list[Facts]:
    """Parts in the order of their capture, none inside another."""
    chosen: list[Facts] = []
    for part in sorted(parts, key=lambda part: (part.starts_s, -part.ends_s)):
        if not chosen or part.ends_s > chosen[-1].ends_s:
            chosen.append(part)
    return chosen


@dataclass(slots=True)
class _Written:
    """What went into the clip; `last` is each track's last decoding time."""

    ends_s: float = 0.0
    gaps: int = 0
    picture_s: float | None = None
    last: dict[Kind, int] = field(default_factory=dict)


def _write(parts: Sequence[Facts], target: Path) -> _Written:
    written = _Written()
    with av.open(str(target), "w", format="mp4", options=_OPTIONS) as output:
        streams = _streams(parts, output)
        ends = [after.starts_s for _, after in pairwise(parts)] + [float("inf")]
        for part, until_s in zip(parts, ends, strict=True):
            with av.open(str(part.path), "r") as source:
                _copy(source, output, streams, written,
                      shift_s=part.starts_s - parts[0].starts_s,
                      until_s=until_s - part.starts_s)  # fmt: skip
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return written


def _streams(parts: Sequence[Facts], output: OutputContainer) -> dict[Kind, Stream]:
    """A track for every kind that some part has, in the words of the part that shows most."""
    streams: dict[Kind, Stream] = {}
    for kind in KINDS:
        for part in sorted(parts, key=lambda part: part.shown_s, reverse=True):
            if kind == "audio" and not part.sound:
                # Promised, and never sent.
                continue
            with av.open(str(part.path), "r") as source:
                template = _stream(source, kind)
                if template is not None:
                    stream = output.add_stream_from_template(template, opaque=True)
                    stream.time_base = template.time_base
                    streams[kind] = stream
                    break
    return streams


def _stream(source: InputContainer, kind: Kind) -> Any:
    found = source.streams.video if kind == "video" else source.streams.audio
    return found[0] if found else None


def _copy(
    source: InputContainer, output: OutputContainer, streams: dict[Kind, Stream],
    written: _Written, *, shift_s: float, until_s: float,
) -> None:  # fmt: skip
    for kind, packet in _packets(source):
        base = packet.time_base
        at_s = float(packet.dts * base)
        if at_s >= until_s - 0.0005:
            continue
        # A part's times are its own; the clip's begin with its first part.
        ticks = max(packet.dts + round(shift_s / base), written.last.get(kind, -1) + 1)
        packet.pts = packet.dts = written.last[kind] = ticks
        packet.stream = streams[kind]
        at_s += shift_s
        if kind == "video":
            previous, written.picture_s = written.picture_s, at_s
            written.gaps += previous is not None and at_s - previous > GAP_S
        written.ends_s = max(written.ends_s, at_s + float((packet.duration or 0) * base))
        output.mux(packet)


def _packets(source: InputContainer) -> Iterator[tuple[Kind, Any]]:
    try:
        for packet in source.demux():
            # A crash may have cut the last packet short.
            if packet.dts is not None and packet.size and not packet.is_corrupt:
                yield ("video" if packet.stream.type == "video" else "audio"), packet
    except av.FFmpegError as error:
        # A part that a crash cut short ends where it ends.
        log.info("a part ends early: %s", error)
