"""What a twin's camera looks at, before it is encoded."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.uint8]


class Picture:
    """A YUV 4:2:0 picture in one array, as PyAV takes it, with views of its planes."""

    __slots__ = ("data", "u", "v", "y")

    def __init__(self, width: int, height: int) -> None:
        self.data: Plane = np.empty((height * 3 // 2, width), np.uint8)
        self.y: Plane = self.data[:height]
        chroma = self.data[height:].reshape(2, height // 2, width // 2)
        self.u: Plane = chroma[0]
        self.v: Plane = chroma[1]


class Scene(Protocol):
    """Something that can be looked at. All calls come from the encoder's thread."""

    def draw(self, picture: Picture, now_s: float) -> None:
        """Fill the whole picture with what is to be seen at `now_s` (monotonic)."""

    def close(self) -> None: ...
