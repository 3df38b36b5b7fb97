"""Frames of one session written to parts of its visit. All of it runs on the disk's threads."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cloud.recorder.ports import VisitKey
from cloud.recorder.spool import Part, Spool
from media import h264
from media.fmp4 import ClipError, ClipWriter, FormatChangedError
from media.frames import EncodedFrame

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PartsWriter:
    """Opens a part at the first keyframe, and another when the pictures' size changes.

    `parameter_sets` stand before keyframes that come without any: some encoders say them once,
    or in their offer only.
    """

    key: VisitKey
    spool: Spool
    sound: bool = False
    parameter_sets: bytes = b""
    part: Part | None = None
    _writer: ClipWriter | None = None

    def write(self, frames: Iterable[EncodedFrame]) -> bool:
        """Append frames; whether the first picture of all was among them. Raises ClipError."""
        had_none = self.part is None
        for frame in frames:
            self._take(self._with_sets(frame) if frame.kind == "video" else frame)
        return had_none and self.part is not None

    def close(self) -> None:
        """Finish the part; may be called twice. Raises ClipError."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def _take(self, frame: EncodedFrame) -> None:
        if self._writer is None:
            if not (frame.kind == "video" and frame.keyframe and self.parameter_sets):
                return
            self._open(frame)
        try:
            self._append(frame)
        except FormatChangedError:
            self.close()
            self._open(frame)
            self._append(frame)

    def _with_sets(self, frame: EncodedFrame) -> EncodedFrame:
        if not frame.keyframe:
            return frame
        if sets := h264.set_units(frame.data):
            self.parameter_sets = sets
            return frame
        return replace(frame, data=self.parameter_sets + frame.data)

    def _append(self, frame: EncodedFrame) -> None:
        if self._writer is not None:
            self._writer.write(frame)

    def _open(self, first: EncodedFrame) -> None:
        try:
            self.part = self.spool.new_part(self.key, first.at_us // 1000)
        except OSError as error:
            raise ClipError(f"The clip cannot be written: {error}") from error
        self._writer = ClipWriter(self.part.path, sound=self.sound)
