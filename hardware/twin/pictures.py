"""What a twin's camera looks at, before it is encoded."""

from __future__ import annotations

from typing import Protocol

import av
import numpy as np

from hardware.planes import Plane, area_of
from hardware.ports import Window


class Picture:
    """A YUV 4:2:0 picture in one array, as PyAV takes it, with views of its planes."""

    __slots__ = ("data", "u", "v", "y")

    def __init__(self, width: int, height: int) -> None:
        self.data: Plane = np.empty((height * 3 // 2, width), np.uint8)
        self.y: Plane = self.data[:height]
        chroma = self.data[height:].reshape(2, height // 2, width // 2)
        self.u: Plane = chroma[0]
        self.v: Plane = chroma[1]

    def frame(self) -> av.VideoFrame:
        """As PyAV's encoders and scalers take it: not a copy, so use it before drawing again."""
        return av.VideoFrame.from_numpy_buffer(self.data, format="yuv420p")

    def part(self, window: Window) -> Picture:
        """A copy of what the window shows, moved inside where it would reach beyond."""
        height, width = self.y.shape
        area = area_of(window, width, height)
        part = Picture(area.width, area.height)
        rows = slice(area.top, area.top + area.height)
        columns = slice(area.left, area.left + area.width)
        part.y[:] = self.y[rows, columns]
        rows = slice(area.top // 2, (area.top + area.height) // 2)
        columns = slice(area.left // 2, (area.left + area.width) // 2)
        part.u[:], part.v[:] = self.u[rows, columns], self.v[rows, columns]
        return part


class Scene(Protocol):
    """Something that can be looked at. All calls come from the encoder's thread."""

    def draw(self, picture: Picture, now_s: float) -> None:
        """Fill the whole picture with what is to be seen at `now_s` (monotonic).

        What was drawn before is still there.
        """

    def close(self) -> None: ...
