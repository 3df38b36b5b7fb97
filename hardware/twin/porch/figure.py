"""The visitor: a courier in a yellow raincoat with a parcel, drawn in every position they take.

One unit is the figure's height; x is 0 in the middle, y is 0 at the feet and 1 at the hat.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from enum import Enum

from hardware.twin.porch.canvas import Canvas, Colour, Shape, box, capsule, ellipse, polygon, rgb

# The sprite's frame around the figure, in units: room for an arm that waves.
WIDTH, TOP, BOTTOM = 0.62, 1.06, -0.04

COAT, COAT_SHADE = rgb("#dca43c"), rgb("#b27a2c")
SLEEVE = rgb("#c98f33")
SKIN, BLUSH = rgb("#efbf9c"), rgb("#e08f7d")
HAT, BAND = rgb("#2f5148"), rgb("#b8443f")
SCARF, TROUSERS, BOOTS = rgb("#b8443f"), rgb("#2f3a56"), rgb("#5b3c2e")
HAIR, INK = rgb("#5a3526"), rgb("#2b2026")
CARD, TAPE, LABEL = rgb("#b98a5a"), rgb("#8f6640"), rgb("#f3ead8")


class Arm(Enum):
    """What the figure's right hand does (on the picture's left)."""

    HOLDING = "holding"
    PRESSING = "pressing"
    WAVING = "waving"


@dataclass(frozen=True, slots=True)
class Look:
    """One drawing of the figure; `phase` is the part of a stride or of a wave, 0 to 1."""

    arm: Arm = Arm.HOLDING
    phase: float = 0.0
    walking: bool = False
    from_behind: bool = False
    eyes_shut: bool = False


class _Figure:
    """Paints in figure units onto a canvas of `height` pixels per unit."""

    def __init__(self, canvas: Canvas, look: Look) -> None:
        self._canvas, self._look = canvas, look
        stride = math.sin(look.phase * math.tau) if look.walking else 0.0
        self.stride = stride
        self.rise = 0.012 * abs(math.cos(look.phase * math.tau)) if look.walking else 0.0

    def paint(self, shape: Shape, colour: Colour, to: Colour | None = None, **how: float) -> None:
        self._canvas.paint(shape, colour, to, **how)

    def draw(self) -> None:
        self.paint(_oval(0, -0.005, 0.19, 0.022), rgb("#0d0d14"), opacity=0.5, soft=0.03)
        self._legs()
        if self._look.from_behind:
            self._arm(-1, (-0.165, 0.52))
            self._arm(1, (0.165, 0.52))
            self._coat()
            self._head_from_behind()
            return
        self._coat()
        self._scarf()
        self._head()
        self._parcel()
        self._arm(1, (0.075, 0.535))
        self._right_arm()

    def _legs(self) -> None:
        for side in (-1, 1):
            lift = max(0.0, side * self.stride) * 0.055
            foot_y = 0.035 + lift
            self.paint(_line(side * 0.055, 0.45, side * 0.06, foot_y + 0.03, 0.046, 0.036),
                       TROUSERS)  # fmt: skip
            self.paint(_rounded(side * 0.063 - 0.047, foot_y - 0.035, side * 0.063 + 0.047,
                                foot_y + 0.075, 0.03), BOOTS, rgb("#412a22"))  # fmt: skip

    def _coat(self) -> None:
        r = self.rise
        sway = 0.006 * self.stride
        self.paint(_outline((-0.105, 0.785 + r), (0.105, 0.785 + r), (0.142 + sway, 0.34 + r),
                            (-0.142 + sway, 0.34 + r), radius=0.028), COAT, COAT_SHADE)  # fmt: skip
        self.paint(_outline((-0.128, 0.785 + r), (-0.075, 0.79 + r), (-0.108, 0.34 + r),
                            (-0.165 + sway, 0.34 + r)), COAT_SHADE, opacity=0.55,
                   soft=0.02)  # fmt: skip
        self.paint(_line(0, 0.76 + r, 0, 0.34 + r, 0.0025), COAT_SHADE)
        if self._look.from_behind:
            self.paint(_line(-0.1, 0.53 + r, 0.1, 0.53 + r, 0.009), COAT_SHADE)
            return
        for y in (0.47, 0.40):
            self.paint(_oval(0.02, y + r, 0.009, 0.009), rgb("#6b4a22"))

    def _scarf(self) -> None:
        r = self.rise
        self.paint(_outline((0.01, 0.79 + r), (0.055, 0.79 + r), (0.07, 0.655 + r),
                            (0.028, 0.65 + r), radius=0.006), SCARF, rgb("#8f3034"))  # fmt: skip
        self.paint(_rounded(-0.085, 0.765 + r, 0.085, 0.815 + r, 0.024), SCARF, rgb("#97343a"))

    def _head(self) -> None:
        r = self.rise
        self.paint(_oval(0, 0.872 + r, 0.079, 0.08), HAIR)
        self.paint(_oval(0, 0.866 + r, 0.069, 0.076), SKIN, rgb("#dfa682"))
        for side in (-1, 1):
            self.paint(_oval(side * 0.071, 0.862 + r, 0.011, 0.016), rgb("#dfa682"))
            self.paint(_oval(side * 0.042, 0.842 + r, 0.015, 0.011), BLUSH, opacity=0.6, soft=0.01)
            if self._look.eyes_shut:
                self.paint(_line(side * 0.035, 0.872 + r, side * 0.019, 0.872 + r, 0.0025), INK)
            else:
                self.paint(_oval(side * 0.027, 0.873 + r, 0.0075, 0.0105), INK)
                self.paint(_oval(side * 0.027 + 0.003, 0.877 + r, 0.0024, 0.003), LABEL)
            self.paint(_line(side * 0.037, 0.895 + r, side * 0.017, 0.897 + r, 0.003), HAIR)
        self.paint(_oval(0, 0.855 + r, 0.009, 0.0105), rgb("#dc9a7c"))
        self._smile(0.832 + r)
        self._hat(0.912 + r)

    def _smile(self, y: float) -> None:
        points = [(x / 100, y - 0.0125 * (1 - (x / 2.8) ** 2)) for x in (-2.8, -1.5, 0, 1.5, 2.8)]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            self.paint(_line(x0, y0, x1, y1, 0.0035), rgb("#8c3a35"))

    def _hat(self, y: float) -> None:
        self.paint(_outline((-0.066, y), (-0.057, y + 0.078), (0.057, y + 0.078), (0.066, y),
                            radius=0.012), HAT, rgb("#274239"))  # fmt: skip
        self.paint(_rounded(-0.075, y + 0.006, 0.075, y + 0.031, 0.006), BAND)
        self.paint(_oval(0, y + 0.003, 0.122, 0.0185), HAT, rgb("#213a32"))

    def _head_from_behind(self) -> None:
        r = self.rise
        self.paint(_rounded(-0.085, 0.765 + r, 0.085, 0.815 + r, 0.024), SCARF, rgb("#97343a"))
        self.paint(_oval(0, 0.868 + r, 0.075, 0.08), HAIR, rgb("#472a1f"))
        self._hat(0.912 + r)

    def _parcel(self) -> None:
        r = self.rise
        left, bottom, right, top = -0.1, 0.475 + r, 0.125, 0.645 + r
        self.paint(_rounded(left, bottom, right, top, 0.008), CARD, rgb("#a3764a"))
        self.paint(_rounded(left, top - 0.026, right, top, 0.008), rgb("#cda070"))
        self.paint(_rounded(-0.005, bottom, 0.029, top, 0), TAPE, opacity=0.85)
        self.paint(_rounded(0.045, bottom + 0.07, 0.108, bottom + 0.118, 0.004), LABEL)
        for y in (0.082, 0.094, 0.106):
            self.paint(_line(0.053, bottom + y, 0.092, bottom + y, 0.0018), INK, opacity=0.6)

    def _right_arm(self) -> None:
        if self._look.arm is Arm.HOLDING:
            self._arm(-1, (-0.06, 0.53))
        elif self._look.arm is Arm.PRESSING:
            # Towards the button beside the door: hand high and near, so larger.
            reach = math.sin(self._look.phase * math.pi)
            x, y = -0.19 - 0.05 * reach, 0.62 + 0.08 * reach + self.rise
            self._limb(-0.118, 0.745 + self.rise, -0.2, 0.62, x, y)
            self.paint(_oval(x, y, 0.036, 0.038), SKIN, rgb("#dfa682"))
            self.paint(_line(x, y + 0.02, x + 0.004, y + 0.066, 0.0115), SKIN)
        else:
            swing = 0.05 * math.sin(self._look.phase * math.tau)
            x, y = -0.225 + swing, 0.93
            self._limb(-0.118, 0.745, -0.215, 0.735, x, y - 0.03)
            self.paint(_oval(x, y, 0.031, 0.035), SKIN, rgb("#dfa682"))
            for finger in (-0.022, -0.007, 0.008, 0.022):
                self.paint(_line(x + finger * 0.8, y + 0.02, x + finger * 1.35 + swing * 0.1,
                                 y + 0.054, 0.0085), SKIN)  # fmt: skip

    def _arm(self, side: int, hand: tuple[float, float]) -> None:
        r = self.rise
        x, y = hand[0] + 0.008 * self.stride, hand[1] + r
        if self._look.from_behind:
            y += 0.03 * side * self.stride
        self._limb(side * 0.118, 0.745 + r, side * 0.168, 0.6 + r, x, y)
        if not self._look.from_behind:
            self.paint(_oval(x, y - 0.004, 0.028, 0.026), SKIN, rgb("#dfa682"))

    def _limb(self, x0: float, y0: float, x1: float, y1: float, x2: float, y2: float) -> None:
        for colour, wider in ((COAT_SHADE, 0.004), (SLEEVE, 0.0)):
            self.paint(_line(x0, y0, x1, y1, 0.042 + wider, 0.038 + wider), colour)
            self.paint(_line(x1, y1, x2, y2, 0.038 + wider, 0.03 + wider), colour)


def draw_figure(look: Look, height: int) -> Canvas:
    """The figure `height` pixels tall on a transparent canvas; its feet are at BOTTOM's zero."""
    width = round(WIDTH * height) // 2 * 2
    rows = round((TOP - BOTTOM) * height) // 2 * 2
    canvas = Canvas(width, rows, height, left=-width / height / 2, top=-TOP)
    _Figure(canvas, look).draw()
    return canvas


# The canvas's y grows downwards, the figure's upwards.
def _oval(x: float, y: float, rx: float, ry: float) -> Shape:
    return ellipse(x, -y, rx, ry)


def _rounded(left: float, bottom: float, right: float, top: float, radius: float) -> Shape:
    return box(left, -top, right, -bottom, radius)


def _line(x0: float, y0: float, x1: float, y1: float, r0: float, r1: float | None = None) -> Shape:
    return capsule(x0, -y0, x1, -y1, r0, r1)


def _outline(*points: tuple[float, float], radius: float = 0) -> Shape:
    return polygon(*((x, -y) for x, y in points), radius=radius)
