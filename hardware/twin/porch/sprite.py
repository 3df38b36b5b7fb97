"""Cut-outs over a picture: drawn once in RGB, kept as YUV with coverage, laid on by numpy.

All colour is premultiplied by coverage, so that scaling does not bleed at the edges.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from hardware.planes import Plane
from hardware.twin.pictures import Picture
from hardware.twin.porch.canvas import Canvas, Floats

# ITU-R BT.709, limited range: the rows are Y, Cb and Cr of red, green and blue in 0..1.
_MATRIX = np.array(
    [[46.56, 156.63, 15.81], [-25.66, -86.34, 112.0], [112.0, -101.73, -10.27]], np.float32
)
_OFFSET = (16, 128, 128)
DUSK_U, DUSK_V = 136, 126


@dataclass(frozen=True, slots=True)
class Sprite:
    """Premultiplied planes and their coverage, 0 to 255; width and height are even."""

    y: Plane
    u: Plane
    v: Plane
    alpha: Plane

    def lay(self, picture: Picture, x: int, y: int, light: int = 256) -> None:
        """Put it with its corner at (x, y), cut at the picture's edge; `light` 256 is full."""
        x, y = x & ~1, y & ~1
        high, wide = self.y.shape
        left, top = max(0, -x), max(0, -y)
        right = min(wide, picture.y.shape[1] - x)
        bottom = min(high, picture.y.shape[0] - y)
        if left >= right or top >= bottom:
            return
        cover = self.alpha[top:bottom, left:right]
        _over(picture.y, self.y[top:bottom, left:right], cover, x + left, y + top, light, 0)
        rows, columns = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        # Four dots of luma share one of chroma, so its coverage is their mean.
        quarter = cover[::2, ::2].astype(np.uint16)
        quarter += cover[1::2, ::2]
        quarter += cover[::2, 1::2]
        quarter += cover[1::2, 1::2]
        quarter >>= 2
        x, y = (x + left) // 2, (y + top) // 2
        # In the dark, colours fade towards the blue of dusk.
        pale = (256 + 2 * light) // 3
        _over(picture.u, self.u[rows, columns], quarter, x, y, pale, DUSK_U)
        _over(picture.v, self.v[rows, columns], quarter, x, y, pale, DUSK_V)


def _over(
    plane: Plane,
    own: Plane,
    cover: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    x: int,
    y: int,
    light: int,
    dark: int,
) -> None:
    """Blend premultiplied values over a plane, dimmed towards `dark`; 256 is full light."""
    high, wide = own.shape
    under = plane[y : y + high, x : x + wide]
    wide_cover = cover.astype(np.uint16)
    clear = np.uint16(256) - wide_cover
    clear -= wide_cover >> 7
    mixed: npt.NDArray[np.uint16] = under * clear
    mixed += own.astype(np.uint16) * np.uint16(light)
    if dark and light < 256:
        mixed += wide_cover * np.uint16(dark * (256 - light) // 256)
    mixed >>= 8
    under[:] = mixed


def to_yuv(rgb: Floats, alpha: Floats | None = None) -> tuple[Plane, Plane, Plane]:
    """Planes of an RGB picture with even sides; `alpha` when it is premultiplied."""
    clipped = np.clip(rgb, 0, 1)
    planes: list[Plane] = []
    for row, offset in zip(_MATRIX, _OFFSET, strict=True):
        # Not as a matrix product: BLAS would keep megabytes of buffers for it.
        red, green, blue = (clipped[..., i] * row[i] for i in range(3))
        plane: Floats = red + green + blue
        plane += offset if alpha is None else offset * alpha
        if offset == 128:
            high, wide = plane.shape
            plane = plane.reshape(high // 2, 2, wide // 2, 2).mean(axis=(1, 3))
        planes.append(np.clip(plane + 0.5, 0, 255).astype(np.uint8))
    return planes[0], planes[1], planes[2]


def cut_out(canvas: Canvas) -> Sprite:
    """A sprite of what was painted on an empty canvas."""
    y, u, v = to_yuv(canvas.rgb, canvas.alpha)
    return Sprite(y, u, v, np.clip(canvas.alpha * 255 + 0.5, 0, 255).astype(np.uint8))


class Scalable:
    """A sprite that is laid on in any size, kept small: flat colours pack to a twentieth."""

    def __init__(self, canvas: Canvas) -> None:
        sprite = cut_out(canvas)
        self._width, self._height = canvas.width, canvas.height
        planes = (sprite.y, sprite.u, sprite.v, sprite.alpha)
        self._packed = zlib.compress(b"".join(plane.tobytes() for plane in planes), level=1)

    def scaled(self, width: int, height: int) -> Sprite:
        """A copy of this size, made even."""
        wide, high = max(2, width // 2 * 2), max(2, height // 2 * 2)
        frame = _unpacked(self._packed, self._width, self._height).scaled(wide, high)
        y, u, v, alpha = (_rows(plane) for plane in frame.planes)
        return Sprite(y, u, v, alpha)


class _Unpacked:
    """A drawing as swscale takes it."""

    def __init__(self, packed: bytes, width: int, height: int) -> None:
        self._frame = av.VideoFrame(width, height, "yuva420p")
        rest = np.frombuffer(zlib.decompress(packed), np.uint8)
        for plane in self._frame.planes:
            values, rest = np.split(rest, [plane.width * plane.height])
            _rows(plane)[:] = values.reshape(plane.height, plane.width)
        self._reformatter = VideoReformatter()

    def scaled(self, width: int, height: int) -> av.VideoFrame:
        # By itself swscale would keep a thread for every core.
        return self._reformatter.reformat(
            self._frame, width, height, "yuva420p", interpolation="BILINEAR", threads=1
        )


# The one that is on show, and the blink of its eyes.
@lru_cache(maxsize=2)
def _unpacked(packed: bytes, width: int, height: int) -> _Unpacked:
    return _Unpacked(packed, width, height)


def _rows(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
