"""Drawing with numpy: anti-aliased shapes from their signed distances, painted into RGB.

A canvas has four channels of float32, 0 to 1: red, green, blue, and `reach`, how much of the
porch lamp's light a surface catches. Coordinates are pixels of a 1280 × 720 drawing, scaled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Colour: TypeAlias = tuple[float, float, float]
# Signed distance to a shape's edge, in drawing units, negative inside.
Distance: TypeAlias = Callable[[Floats, Floats], Floats]
Box: TypeAlias = tuple[float, float, float, float]


def rgb(code: str) -> Colour:
    """The colour behind "#rrggbb"."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


class Shape:
    """A distance function and the box (left, top, right, bottom) outside which it is empty."""

    def __init__(self, distance: Distance, box: Box) -> None:
        self.distance, self.box = distance, box


def ellipse(x: float, y: float, rx: float, ry: float) -> Shape:
    """An axis-aligned ellipse (its distance is approximate, exact enough at the edge)."""

    def distance(px: Floats, py: Floats) -> Floats:
        dx, dy = (px - x) / rx, (py - y) / ry
        length = np.sqrt(dx * dx + dy * dy)
        gradient = np.sqrt((dx / rx) ** 2 + (dy / ry) ** 2)
        # In the very middle both are nothing; there the edge is the shorter radius away.
        radius = (length + 1e-6) / (gradient + 1e-6 / min(rx, ry))
        return np.asarray((length - 1) * radius, np.float32)

    return Shape(distance, (x - rx, y - ry, x + rx, y + ry))


def box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Shape:
    """A rectangle with rounded corners."""
    cx, cy = (left + right) / 2, (top + bottom) / 2
    hw, hh = (right - left) / 2 - radius, (bottom - top) / 2 - radius

    def distance(px: Floats, py: Floats) -> Floats:
        qx, qy = np.abs(px - cx) - hw, np.abs(py - cy) - hh
        outside = np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2)
        return np.asarray(outside + np.minimum(np.maximum(qx, qy), 0) - radius, np.float32)

    return Shape(distance, (left, top, right, bottom))


def capsule(
    x0: float, y0: float, x1: float, y1: float, r0: float, r1: float | None = None
) -> Shape:
    """A thick line with round ends, `r0` wide at its start and `r1` at its end."""
    r1 = r0 if r1 is None else r1
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy or 1e-6

    def distance(px: Floats, py: Floats) -> Floats:
        along = np.clip(((px - x0) * dx + (py - y0) * dy) / square, 0, 1)
        away = np.hypot(px - x0 - along * dx, py - y0 - along * dy)
        return np.asarray(away - (r0 + (r1 - r0) * along), np.float32)

    most = max(r0, r1)
    return Shape(distance, (min(x0, x1) - most, min(y0, y1) - most,
                            max(x0, x1) + most, max(y0, y1) + most))  # fmt: skip


def polygon(*points: tuple[float, float], radius: float = 0) -> Shape:
    """A simple polygon, its corners rounded outwards by `radius`."""

    def distance(px: Floats, py: Floats) -> Floats:
        nearest = np.full(px.shape, 1e9, np.float32)
        inside = np.zeros(px.shape, bool)
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            ex, ey = x1 - x0, y1 - y0
            wx, wy = px - x0, py - y0
            along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey or 1e-6), 0, 1)
            nearest = np.minimum(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
            if ey:
                crosses = (py >= min(y0, y1)) & (py < max(y0, y1))
                inside ^= crosses & (wx < wy * ex / ey)
        return np.asarray(np.where(inside, -1, 1) * np.sqrt(nearest) - radius, np.float32)

    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Shape(distance, (min(xs) - radius, min(ys) - radius,
                            max(xs) + radius, max(ys) + radius))  # fmt: skip


def without(shape: Shape, cut: Shape) -> Shape:
    """What of `shape` lies outside `cut`."""

    def distance(px: Floats, py: Floats) -> Floats:
        return np.asarray(np.maximum(shape.distance(px, py), -cut.distance(px, py)), np.float32)

    return Shape(distance, shape.box)


class Canvas:
    """A picture in the making, with its own coverage for sprites (`alpha`)."""

    def __init__(self, width: int, height: int, scale: float, left: float = 0, top: float = 0):
        """`left`, `top`: the drawing's point at the corner; `scale`: pixels per unit."""
        self.width, self.height, self.scale = width, height, scale
        self.left, self.top = left, top
        self.rgb: Floats = np.zeros((height, width, 3), np.float32)
        self.reach: Floats = np.zeros((height, width), np.float32)
        self.alpha: Floats = np.zeros((height, width), np.float32)
        px, py = self.grid()
        self._px: Floats = np.broadcast_to(px, (height, width))
        self._py: Floats = np.broadcast_to(py, (height, width))

    def paint(
        self,
        shape: Shape,
        colour: Colour,
        to: Colour | None = None,
        *,
        lit: float = 0.0,
        opacity: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        """Fill a shape; with `to`, from `colour` at its top to `to` at its bottom.

        `soft` blurs the edge by that many units. `lit` is how much lamplight it catches.
        """
        window = self._window(shape.box, soft + 1 / self.scale)
        if window is None:
            return
        rows, columns, px, py = window
        edge = max(soft, 1 / self.scale)
        cover = np.clip(0.5 - shape.distance(px, py) / edge, 0, 1) * opacity
        cover = (cover * cover * (3 - 2 * cover) if soft else cover)[..., None]
        ink: Floats = np.array(colour, np.float32)
        if to is not None:
            top, bottom = shape.box[1], shape.box[3]
            part = np.clip((py - top) / max(bottom - top, 1e-6), 0, 1)[..., None]
            ink = ink + (np.array(to, np.float32) - ink) * part
        area = self.rgb[rows, columns]
        area += (ink - area) * cover
        for plane, value in ((self.reach, lit), (self.alpha, 1.0)):
            plane[rows, columns] += (value - plane[rows, columns]) * cover[..., 0]

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Add light that fades with the square of the distance."""
        window = self._window((x - radius, y - radius, x + radius, y + radius), 0)
        if window is None:
            return
        rows, columns, px, py = window
        near = np.clip(1 - np.hypot(px - x, py - y) / radius, 0, 1) ** 2 * strength
        self.rgb[rows, columns] += near[..., None] * np.array(colour, np.float32)

    def grid(self) -> tuple[Floats, Floats]:
        """The drawing coordinates of every pixel's centre."""
        columns = np.arange(self.width, dtype=np.float32)[None, :]
        rows = np.arange(self.height, dtype=np.float32)[:, None]
        return (columns + 0.5) / self.scale + self.left, (rows + 0.5) / self.scale + self.top

    def _window(self, around: Box, margin: float) -> tuple[slice, slice, Floats, Floats] | None:
        x0 = max(0, int((around[0] - margin - self.left) * self.scale))
        x1 = min(self.width, int((around[2] + margin - self.left) * self.scale) + 2)
        y0 = max(0, int((around[1] - margin - self.top) * self.scale))
        y1 = min(self.height, int((around[3] + margin - self.top) * self.scale) + 2)
        if x0 >= x1 or y0 >= y1:
            return None
        rows, columns = slice(y0, y1), slice(x0, x1)
        return rows, columns, self._px[rows, columns], self._py[rows, columns]
