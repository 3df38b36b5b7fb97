"""Clips as fragmented MP4: finished packets in, a file that plays whenever the writer is killed.

Every fragment is complete on disk before the next begins (`flush_packets`, `fdatasync`), and none
is longer than half a second, so a killed writer loses no more. Nothing is encoded or decoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Self

import av
from av.container import OutputContainer
from av.stream import Stream

from media import h264
from media.frames import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, EncodedFrame, Kind
from media.opus_stream import opus_template

CLOCK_RATE_HZ: dict[Kind, int] = {"video": 90_000, "audio": SOUND_RATE_HZ}
# How long a picture stands when no other has followed yet: 30 frames per second.
FIRST_GUESS_TICKS: dict[Kind, int] = {"video": 3_000, "audio": SOUND_FRAME_SAMPLES}
# A keyframe may be seconds away; a fragment is not, since a killed writer loses its last one.
FRAGMENT_US = 500_000
# Pictures wait this long for sound that belongs before them, and no longer if none comes.
INTERLEAVE_US = 200_000
OPTIONS = {
    # `frag_discont` and times as they are: the first sound keeps its distance from the first
    # picture, for which the muxer would otherwise need an edit list in a header already written.
    "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "disabled",
    "flush_packets": "1",
    "frag_duration": str(FRAGMENT_US),
    "max_interleave_delta": str(INTERLEAVE_US),
}


class ClipError(OSError):
    """The clip could not be written; the text says why."""


class FormatChangedError(ClipError):
    """The pictures have another size from here on; they belong in another clip."""


@dataclass(frozen=True, slots=True)
class ClipSummary:
    """What was written. All zero when no keyframe ever came; then there is no file either."""

    starts_us: int
    duration_ms: int
    size_bytes: int


class ClipWriter:
    """Writes one clip. Not for two threads at once; calls may block on the disk.

    `options` are the MP4 muxer's; the usual ones make fragments.
    """

    def __init__(
        self,
        target: Path | BinaryIO,
        *,
        sound: bool = True,
        options: Mapping[str, str] = MappingProxyType(OPTIONS),
    ) -> None:
        self._target = target
        self._options = dict(options)
        self._sound = sound
        self._output: OutputContainer | None = None
        self._streams: dict[Kind, Stream] = {}
        self._last: dict[Kind, int] = {}
        self._step = dict(FIRST_GUESS_TICKS)
        self._starts_us: int | None = None
        self._size: tuple[int, int] | None = None
        self._disk = _Disk(target) if isinstance(target, Path) else None
        self._summary: ClipSummary | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def starts_us(self) -> int | None:
        """The capture time of the first picture, None before it."""
        return self._starts_us

    def write(self, frame: EncodedFrame) -> None:
        """Append a frame. What comes before the first keyframe is dropped.

        Raises FormatChangedError before anything of that picture is written, and ClipError.
        """
        if self._summary is not None:
            raise ClipError("The clip is closed.")
        with _translated():
            if frame.kind == "video" and frame.keyframe:
                self._check_format(frame.data)
            if self._starts_us is None or self._output is None:
                if not (frame.kind == "video" and frame.keyframe):
                    return
                self._open(frame)
            if frame.kind in self._streams and frame.at_us >= (self._starts_us or 0):
                self._append(frame)

    def close(self) -> ClipSummary:
        """Finish the file; may be called twice."""
        if self._summary is None:
            self._summary = ClipSummary(0, 0, 0)
            if self._output is not None:
                with _translated():
                    self._finish(self._output)
        return self._summary

    def _check_format(self, data: bytes) -> None:
        sets = h264.parameter_sets(data)
        if sets is None:
            if self._size is None:
                raise ClipError("The first keyframe has no parameter sets.")
            return
        if self._size is not None and sets.size != self._size:
            raise FormatChangedError("The size of the pictures has changed.")
        self._size = sets.size

    def _open(self, first: EncodedFrame) -> None:
        width, height = self._size or (0, 0)
        target = self._target
        file = str(target) if isinstance(target, Path) else target
        self._output = av.open(file, "w", format="mp4", options=self._options)
        self._starts_us = first.at_us
        rate = CLOCK_RATE_HZ
        video = self._output.add_mux_stream(
            "h264", width=width, height=height, time_base=Fraction(1, rate["video"])
        )
        self._streams["video"] = video
        if self._sound:
            with opus_template() as template:
                audio = self._output.add_stream_from_template(template)
            audio.time_base = Fraction(1, rate["audio"])
            self._streams["audio"] = audio

    def _append(self, frame: EncodedFrame) -> None:
        if self._output is None or self._starts_us is None:
            return
        kind = frame.kind
        ticks = (frame.at_us - self._starts_us) * CLOCK_RATE_HZ[kind] // 1_000_000
        last = self._last.get(kind)
        if last is not None:
            # Two packets at one instant would make the file invalid.
            ticks = max(ticks, last + 1)
            self._step[kind] = ticks - last if kind == "video" else SOUND_FRAME_SAMPLES
        self._last[kind] = ticks
        packet: av.Packet[Any] = av.Packet(frame.data)
        packet.stream = self._streams[kind]
        packet.time_base = Fraction(1, CLOCK_RATE_HZ[kind])
        packet.pts = packet.dts = ticks
        packet.duration = self._step[kind]
        packet.is_keyframe = frame.keyframe
        self._output.mux(packet)
        if self._disk is not None:
            self._disk.settle()

    def _finish(self, output: OutputContainer) -> None:
        try:
            output.close()
        finally:
            size = self._disk.close() if self._disk is not None else 0
            self._streams.clear()
            self._output = None
        if not isinstance(self._target, Path) and self._target.seekable():
            size = self._target.tell()
        ends = (
            (ticks + self._step[kind]) * 1000 // CLOCK_RATE_HZ[kind]
            for kind, ticks in self._last.items()
        )
        self._summary = ClipSummary(self._starts_us or 0, max(ends, default=0), size)


class _Disk:
    """Makes a file that grows by fragments survive a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._settled_bytes = 0

    def settle(self) -> None:
        """Wait until the disk has the fragment that was just finished, if one was."""
        if self._file < 0:
            if not self._path.exists():
                return
            self._file = os.open(self._path, os.O_RDONLY)
            _settle_name(self._path)
        size = os.fstat(self._file).st_size
        if size != self._settled_bytes:
            os.fdatasync(self._file)
            self._settled_bytes = size

    def close(self) -> int:
        """The final size in bytes."""
        try:
            self.settle()
        finally:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
        return self._settled_bytes


def _settle_name(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClipError:
        raise
    except (av.FFmpegError, OSError, h264.H264Error) as error:
        raise ClipError(f"The clip cannot be written: {error}") from error
