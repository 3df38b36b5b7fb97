"""What a twin's camera looks at, before it is encoded."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from hardware.ports import Window

Plane: TypeAlias = npt.NDArray[np.uint8]

# Closer than this there is nothing more to see, only larger squares.
CLOSEST_ZOOM = 8.0


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
        zoom = max(1.0, min(CLOSEST_ZOOM, window.zoom))
        wide, high = (max(2, round(size / zoom / 2) * 2) for size in (width, height))
        left, top = _start(window.x, wide, width), _start(window.y, high, height)
        part = Picture(wide, high)
        part.y[:] = self.y[top : top + high, left : left + wide]
        rows = slice(top // 2, (top + high) // 2)
        columns = slice(left // 2, (left + wide) // 2)
        part.u[:], part.v[:] = self.u[rows, columns], self.v[rows, columns]
        return part


class Scene(Protocol):
    """Something that can be looked at. All calls come from the encoder's thread."""

    def draw(self, picture: Picture, now_s: float) -> None:
        """Fill the whole picture with what is to be seen at `now_s` (monotonic).

        What was drawn before is still there.
        """

    def close(self) -> None: ...


class Scaler:
    """Makes pictures of one size from any; keeps what the library prepares for a pair of sizes."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._reformatter = VideoReformatter()

    def scaled(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The whole frame; a quarter of a millisecond from 720p to 360p."""
        return self._reformatter.reformat(
            frame, self._width, self._height, "yuv420p", interpolation=Interpolation.AREA, threads=1
        )


def luma(frame: av.VideoFrame) -> Plane:
    """The Y plane of a frame, to be drawn on."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    return np.asarray(rows[: frame.height, : frame.width])


def _start(middle: float, length: int, whole: int) -> int:
    """Where a part begins: even, so that a pixel of colour stays with its four of light."""
    return max(0, min(whole - length, round((middle * whole - length / 2) / 2) * 2))
