"""What moves by itself on the porch: leaves, stars, smoke, the cat, moths at the lamp."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hardware.twin.pictures import Picture
from hardware.twin.porch.backdrop import LAMP
from hardware.twin.porch.canvas import Canvas, capsule, ellipse, rgb
from hardware.twin.porch.sprite import Sprite, cut_out

LEAVES = 9
LEAF_TURNS = 8
LEAF_COLOURS = ("#c9772f", "#b8503a", "#d9a13b")
SMOKE_PUFFS = 6
SMOKE_S = 7.0
TAIL_LOOKS = 12
STARS = 60
CAT = (196.0, 526.0)


@dataclass(frozen=True, slots=True)
class _Leaf:
    x: float
    lands: float
    falls_s: float
    starts_s: float
    turns: tuple[Sprite, ...]


class Life:
    """Everything is a function of the time, so that a porch looks the same on every machine."""

    def __init__(self, scale: float, left: float, top: float) -> None:
        self._scale, self._left, self._top = scale, left, top
        self._leaves = self._make_leaves()
        self._smoke = [
            self._round(4 + i * 2.4, "#8d8093", 0.34 - i * 0.05) for i in range(SMOKE_PUFFS)
        ]
        self._tail = [self._make_tail(i / TAIL_LOOKS) for i in range(TAIL_LOOKS)]
        self._blink = self._make_blink()
        self._moth = self._round(1.7, "#fff0d0", 0.9)
        rng = np.random.default_rng(11)
        self._stars = [
            (rng.uniform(70, 1200), rng.uniform(74, 215), rng.uniform(0.4, 1.6), rng.uniform(0, 6))
            for _ in range(STARS)
        ]

    def draw_sky(self, picture: Picture, t: float) -> None:
        """Stars and smoke, far behind everybody."""
        for x, y, speed, phase in self._stars:
            column, row = self._pixel(x, y)
            if 0 <= row < picture.y.shape[0] and 0 <= column < picture.y.shape[1]:
                shine = 26 + 34 * math.sin(t * speed + phase) * (1.2 - y / 260)
                # Stars fade into the brighter sky, and shine through nothing.
                if (under := int(picture.y[row, column])) < 90:
                    picture.y[row, column] = min(235, under + max(0, int(shine)))
        for i in range(SMOKE_PUFFS):
            age = (t / SMOKE_S + i / SMOKE_PUFFS) % 1
            puff = self._smoke[int(age * SMOKE_PUFFS)]
            self._centre(puff, picture, 517 + 26 * age + 5 * math.sin(t + i), 196 - 74 * age)

    def draw_porch(self, picture: Picture, t: float, light: int) -> None:
        """Leaves, and the cat on the railing; `light` 256 is full."""
        for leaf in self._leaves:
            age = (t - leaf.starts_s) / leaf.falls_s % 1.35
            if age < 1:
                y = 74 + (leaf.lands - 74) * age
                x = leaf.x + 46 * math.sin(age * 9 + leaf.starts_s) + 60 * age
                turn = int(t * 1.7 + leaf.starts_s * 3) % LEAF_TURNS
                self._centre(leaf.turns[turn], picture, x, y, light)
        look = math.sin(t * 1.15) + 0.35 * math.sin(t * 3.1)
        tail = self._tail[int((look / 1.35 + 1) / 2 * (TAIL_LOOKS - 1))]
        self._centre(tail, picture, CAT[0] - 44, CAT[1] + 26, light)
        if t % 5.3 > 5.12:
            self._centre(self._blink, picture, CAT[0] + 17, CAT[1] - 56, light)

    def draw_moths(self, picture: Picture, t: float) -> None:
        """Two moths that circle the lamp while it shines."""
        for i, speed in enumerate((2.9, -2.1)):
            far = 38 + 13 * math.sin(t * 1.9 + i * 2)
            x = LAMP[0] + far * math.cos(t * speed + i)
            y = LAMP[1] + 4 + far * 0.62 * math.sin(t * speed * 1.13 + i)
            self._centre(self._moth, picture, x, y)

    def _make_leaves(self) -> list[_Leaf]:
        rng = np.random.default_rng(2)
        turns = [
            tuple(self._make_leaf(colour, turn / LEAF_TURNS) for turn in range(LEAF_TURNS))
            for colour in LEAF_COLOURS
        ]
        return [
            _Leaf(rng.uniform(90, 1080), rng.uniform(450, 640), rng.uniform(7, 12),
                  rng.uniform(0, 14), turns[i % len(turns)])
            for i in range(LEAVES)
        ]  # fmt: skip

    def _make_leaf(self, colour: str, turn: float) -> Sprite:
        canvas = self._blank(12)
        angle = turn * math.tau
        x, y = 6.5 * math.cos(angle), 6.5 * math.sin(angle) * 0.7
        canvas.paint(capsule(-x, -y, x * 0.3, y * 0.3, 1.0, 3.4), rgb(colour))
        canvas.paint(capsule(x * 0.3, y * 0.3, x, y, 3.4, 0.4), rgb(colour))
        return cut_out(canvas)

    def _make_tail(self, part: float) -> Sprite:
        canvas = self._blank(44)
        swing = (part - 0.5) * 1.5
        x, y = 34.0, -34.0
        for step in range(9):
            angle = 2.0 + swing * (step / 8) ** 1.4 - 1.5 * (step / 8) ** 3
            nx, ny = x + 8 * math.cos(angle), y + 8 * math.sin(angle)
            canvas.paint(capsule(x, y, nx, ny, 6.2 - step * 0.2, 6.0 - step * 0.2), rgb("#5e5048"))
            x, y = nx, ny
        return cut_out(canvas)

    def _make_blink(self) -> Sprite:
        canvas = self._blank(18)
        for x in (-8.5, 8.5):
            canvas.paint(ellipse(x, 0, 6.2, 5.6), rgb("#6f6057"))
            canvas.paint(capsule(x - 4, 0.6, x + 4, 0.6, 0.9), rgb("#241d1f"))
        return cut_out(canvas)

    def _round(self, radius: float, colour: str, opacity: float) -> Sprite:
        canvas = self._blank(radius * 1.6)
        canvas.paint(ellipse(0, 0, radius, radius * 0.8), rgb(colour), opacity=opacity,
                     soft=radius * 0.7)  # fmt: skip
        return cut_out(canvas)

    def _blank(self, half: float) -> Canvas:
        side = max(4, round(2 * half * self._scale / 2) * 2)
        return Canvas(side, side, self._scale, -side / self._scale / 2, -side / self._scale / 2)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        return round((x - self._left) * self._scale), round((y - self._top) * self._scale)

    def _centre(
        self, sprite: Sprite, picture: Picture, x: float, y: float, light: int = 256
    ) -> None:
        column, row = self._pixel(x, y)
        high, wide = sprite.y.shape
        sprite.lay(picture, column - wide // 2, row - high // 2, light)


def draw_cat(canvas: Canvas) -> None:
    """The cat that sits on the left railing, all but its tail."""
    x, y = CAT
    fur, light = rgb("#5e5048"), rgb("#75655a")
    canvas.paint(ellipse(x, y - 22, 27, 27), fur, rgb("#4a3f3b"), lit=0.9)
    canvas.paint(ellipse(x + 8, y - 18, 15, 20), light, fur, lit=0.9)
    for foot in (4, 16):
        canvas.paint(ellipse(x + foot, y - 2, 8, 5), light, lit=0.9)
    for side in (-1, 1):
        tip = (x + 17 + side * 17, y - 80)
        canvas.paint(capsule(x + 17 + side * 11, y - 66, *tip, 7, 1), fur, lit=0.9)
        canvas.paint(capsule(x + 17 + side * 12, y - 67, x + 17 + side * 15, y - 75, 3, 0.8),
                     rgb("#a3776b"), lit=0.9)  # fmt: skip
    canvas.paint(ellipse(x + 17, y - 55, 22, 19), rgb("#6f6057"), fur, lit=0.9)
    for side in (-1, 1):
        canvas.paint(ellipse(x + 17 + side * 8.5, y - 56, 5.2, 4.8), rgb("#e9c65a"), lit=0.5)
        canvas.paint(ellipse(x + 17 + side * 8.5, y - 56, 1.7, 4.2), rgb("#17131a"))
        for whisker in (-2, 2):
            tip = (x + 17 + side * 27, y - 47 + whisker * 1.5)
            canvas.paint(capsule(x + 17 + side * 8, y - 46, *tip, 0.5), rgb("#cbbfb5"),
                         opacity=0.6, lit=0.9)  # fmt: skip
    canvas.paint(ellipse(x + 17, y - 47, 6.5, 4.5), light, lit=0.9)
    canvas.paint(ellipse(x + 17, y - 49.5, 2.4, 1.7), rgb("#b77a74"), lit=0.9)
