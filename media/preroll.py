"""The last seconds of a stream, kept from a keyframe on."""

from __future__ import annotations

from collections import deque

from media.frames import EncodedFrame


class PreRoll:
    """A ring of encoded frames. What it holds begins at a keyframe and spans at least `span_s`.

    Memory: one group of pictures more than the span. Frames before the first keyframe are ignored.
    """

    def __init__(self, span_s: float) -> None:
        self._span_us = int(span_s * 1_000_000)
        self._groups: deque[list[EncodedFrame]] = deque()

    def add(self, frame: EncodedFrame) -> None:
        """Take the newest frame and forget groups that the span does not need any more."""
        if frame.keyframe:
            self._groups.append([])
        if not self._groups:
            return
        self._groups[-1].append(frame)
        while len(self._groups) > 1 and frame.at_us - self._groups[1][0].at_us >= self._span_us:
            self._groups.popleft()

    def frames(self) -> list[EncodedFrame]:
        """Everything, oldest first."""
        return [frame for group in self._groups for frame in group]

    def latest_group(self) -> list[EncodedFrame]:
        """The last keyframe and what followed it."""
        return list(self._groups[-1]) if self._groups else []
