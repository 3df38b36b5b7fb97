"""All of the porch that does not move: dusk, the house opposite, garden, path, posts and floor."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from hardware.twin.porch.canvas import (
    Canvas,
    Floats,
    box,
    capsule,
    ellipse,
    polygon,
    rgb,
    without,
)

HORIZON = 338.0
LAMP = (982.0, 150.0)
LAMP_COLOUR = rgb("#ffb45e")
# How strongly the lamp lifts what it reaches; 0 at the edge of its circle.
LAMP_GAIN = 2.7
LAMP_RADIUS = 1150.0


def draw_backdrop(canvas: Canvas, draw_cat: Callable[[Canvas], None]) -> None:
    """Paint everything, far to near, as it looks with the lamp off."""
    _sky(canvas)
    _opposite(canvas)
    _garden(canvas)
    _path(canvas)
    _fence(canvas)
    _porch(canvas)
    draw_cat(canvas)
    _lamp(canvas)
    # Under its own roof the unlit porch is darker than the garden.
    canvas.rgb *= 1 - 0.3 * canvas.reach[..., None]


def lamplight(canvas: Canvas) -> Floats:
    """The finished picture with the lamp on."""
    x, y = canvas.grid()
    distance = np.hypot((x - LAMP[0]) * 0.8, y - LAMP[1])
    fall = np.clip(1 - distance / LAMP_RADIUS, 0, 1) ** 1.6
    gain = (canvas.reach * fall * LAMP_GAIN)[..., None] * np.array((1.0, 0.78, 0.46), np.float32)
    lit = Canvas(canvas.width, canvas.height, canvas.scale, canvas.left, canvas.top)
    lit.rgb = canvas.rgb * (1 + gain) + gain * np.float32(0.03)
    lit.paint(box(LAMP[0] - 17, LAMP[1] - 24, LAMP[0] + 17, LAMP[1] + 26, 4), rgb("#ffe9b8"))
    lit.glow(*LAMP, 420, LAMP_COLOUR, 0.34)
    lit.glow(*LAMP, 130, rgb("#ffd79a"), 0.6)
    _lamp_frame(lit)
    # Bright parts bend instead of clipping, so that the wood keeps its colour.
    return np.asarray(np.where(lit.rgb > 0.7, 1 - 0.3 * np.exp((0.7 - lit.rgb) / 0.3), lit.rgb))


def _sky(canvas: Canvas) -> None:
    _, y = canvas.grid()
    stops = [0, 130, 230, 300, HORIZON + 10, 720]
    colours = [rgb(c) for c in ("#141a38", "#27305c", "#554a78", "#a8677a", "#e79a6c", "#e79a6c")]
    for channel in range(3):
        ramp = np.interp(y, stops, [colour[channel] for colour in colours])
        canvas.rgb[..., channel] = np.broadcast_to(ramp, canvas.rgb.shape[:2])
    canvas.alpha[:] = 1
    for x, top, long, deep in ((250, 236, 230, 9), (560, 190, 180, 7), (820, 262, 260, 8)):
        canvas.paint(ellipse(x, top, long, deep), rgb("#c97f7f"), opacity=0.35, soft=14)
    canvas.glow(752, 112, 130, rgb("#cfd6ff"), 0.2)
    canvas.paint(without(ellipse(752, 112, 25, 25), ellipse(764, 104, 23, 23)), rgb("#f5f0dc"))
    for x, top, hill in ((160, 322, 330), (620, 330, 420), (1120, 318, 360)):
        canvas.paint(ellipse(x, top + 60, hill, 82), rgb("#4c3f63"), rgb("#57435f"), soft=2)


def _opposite(canvas: Canvas) -> None:
    """The house over the street, with people at home."""
    wall, roof, window = rgb("#473a55"), rgb("#2e2742"), rgb("#ffc777")
    canvas.paint(box(395, 262, 545, 378), wall, rgb("#3d3349"))
    canvas.paint(polygon((378, 266), (470, 198), (562, 266)), roof)
    canvas.paint(box(508, 200, 526, 246), roof)
    for x in (414, 497):
        canvas.glow(x + 15, 306, 60, window, 0.22)
        canvas.paint(box(x, 288, x + 30, 324, 2), window, rgb("#f2a65a"))
        canvas.paint(box(x + 14, 288, x + 16, 324), wall)
        canvas.paint(box(x, 305, x + 30, 307), wall)
    canvas.paint(box(458, 322, 482, 378, 3), rgb("#2b2438"))
    canvas.paint(ellipse(470, 316, 5, 4), window)
    for x, y, width, high in ((300, 318, 74, 60), (352, 338, 48, 44), (690, 324, 70, 58),
                              (826, 312, 96, 72), (902, 340, 60, 46)):  # fmt: skip
        canvas.paint(ellipse(x, y, width, high), rgb("#33304c"), rgb("#2a2840"), soft=3)
    canvas.paint(box(0, 366, 1280, 400), rgb("#3b3649"), rgb("#45404f"))
    canvas.paint(box(0, 394, 1280, 401), rgb("#5a5361"))
    # The street lamp.
    canvas.paint(capsule(742, 384, 742, 268, 2.6, 1.8), rgb("#221f30"))
    canvas.paint(capsule(742, 268, 724, 262, 1.8), rgb("#221f30"))
    canvas.glow(722, 268, 86, rgb("#ffdca0"), 0.5)
    canvas.paint(ellipse(722, 266, 6, 4), rgb("#fff1cf"))


def _garden(canvas: Canvas) -> None:
    canvas.paint(box(-20, 400, 1300, 740), rgb("#39493f"), rgb("#243328"), lit=0.55)
    rng = np.random.default_rng(3)
    for _ in range(420):
        y = 406 + 300 * rng.random() ** 1.5
        size = (y - 360) / 22
        x = rng.uniform(-10, 1290)
        shade = rgb("#4a5f49") if rng.random() < 0.6 else rgb("#1d2a22")
        canvas.paint(capsule(x, y, x + rng.uniform(-3, 3), y - size, size / 9, 0.3),
                     shade, lit=0.6, opacity=0.6)  # fmt: skip
    # Round shrubs beside the path, flowers in them.
    for x, y, r in ((512, 452, 30), (470, 474, 40), (780, 454, 31), (826, 480, 43),
                    (392, 520, 58), (905, 532, 62)):  # fmt: skip
        canvas.paint(ellipse(x, y + r * 0.75, r * 1.1, r * 0.22), rgb("#141d17"),
                     opacity=0.6, soft=8)  # fmt: skip
        canvas.paint(ellipse(x, y, r, r * 0.82), rgb("#46614a"), rgb("#1f3027"), lit=0.75, soft=2)
        for _ in range(int(r / 2.6)):
            angle, out = rng.uniform(0, 6.3), rng.uniform(0, 0.8) ** 0.7
            flower = rgb("#e8b6c6") if rng.random() < 0.6 else rgb("#f0e2c0")
            canvas.paint(ellipse(x + out * r * np.cos(angle), y + out * r * 0.75 * np.sin(angle),
                                 r / 14, r / 14), flower, lit=0.6, opacity=0.8)  # fmt: skip


def _path(canvas: Canvas) -> None:
    """Flagstones from the gate to the steps, in perspective."""
    canvas.paint(polygon((604, 404), (676, 404), (900, 730), (380, 730)), rgb("#6c6260"),
                 rgb("#544b4b"), lit=0.75)  # fmt: skip
    rows = [404.0]
    while rows[-1] < 730:
        rows.append(rows[-1] + 7 + (rows[-1] - 400) * 0.155)
    for index, (top, bottom) in enumerate(itertools.pairwise(rows)):
        left, right = (640 - 36 - (top - 404) * 0.687), (640 + 36 + (top - 404) * 0.687)
        canvas.paint(box(left, top - 0.6, right, top + 0.4 + (top - 400) * 0.008),
                     rgb("#3d3637"), lit=0.4, opacity=0.7)  # fmt: skip
        for part in (0.36, 0.7) if index % 2 else (0.22, 0.55, 0.84):
            x0 = left + (right - left) * part
            x1 = 640 + (x0 - 640) * (36 + (bottom - 404) * 0.687) / (36 + (top - 404) * 0.687)
            canvas.paint(capsule(x0, top, x1, bottom, 0.5 + (top - 400) * 0.004),
                         rgb("#3d3637"), lit=0.4, opacity=0.7)  # fmt: skip


def _fence(canvas: Canvas) -> None:
    """White pickets, and a gate that stands open."""
    white, shade = rgb("#b9b0bd"), rgb("#8a8293")
    for left, right in ((-10, 590), (690, 1290)):
        for y in (388, 408):
            canvas.paint(box(left, y, right, y + 5), shade, lit=0.35)
        for x in range(left + 8, right - 4, 19):
            canvas.paint(polygon((x - 5, 420), (x - 5, 380), (x, 373), (x + 5, 380), (x + 5, 420)),
                         white, shade, lit=0.38)  # fmt: skip
    for x in (590, 690):
        canvas.paint(box(x - 8, 362, x + 8, 426, 2), white, shade, lit=0.42)
        canvas.paint(ellipse(x, 358, 8, 7), white, lit=0.42)
    canvas.paint(polygon((698, 378), (724, 366), (724, 424), (698, 418)), shade, lit=0.3,
                 opacity=0.85)  # fmt: skip


def _porch(canvas: Canvas) -> None:
    wood, dark = rgb("#7d6a66"), rgb("#4f4348")
    # The floor's edge, one step below it, and the mat.
    canvas.paint(box(330, 640, 950, 672, 2), rgb("#5d5052"), rgb("#433a3f"), lit=0.9)
    canvas.paint(box(-10, 664, 1290, 740), rgb("#75625d"), rgb("#54464a"), lit=1.0)
    canvas.paint(box(-10, 662, 1290, 669), rgb("#8d7a72"), lit=1.0)
    for x in range(-520, 1900, 86):
        canvas.paint(capsule(640 + (x - 640) * 0.8, 669, x, 740, 1.0, 1.5), dark, lit=0.6)
    # Beam and ceiling.
    canvas.paint(box(-10, -10, 1290, 46), rgb("#3b3340"), rgb("#4a3f49"), lit=0.9)
    canvas.paint(box(-10, 44, 1290, 66), wood, dark, lit=0.95)
    canvas.paint(box(-10, 64, 1290, 70), rgb("#2b2531"), lit=0.5)
    for side, left in ((1, 0), (-1, 1216)):
        _railing(canvas, side, left)
        canvas.paint(box(left + 6, 60, left + 58, 740), wood, rgb("#655559"), lit=1.0)
        inner = (left + 44, left + 58) if side > 0 else (left + 6, left + 18)
        canvas.paint(box(inner[0], 60, inner[1], 740), dark, lit=0.8, opacity=0.5)
        for y in (84, 628):
            canvas.paint(box(left - 2, y, left + 66, y + 16, 3), wood, dark, lit=1.0)
    _flower_pot(canvas)


def _railing(canvas: Canvas, side: int, post: int) -> None:
    near, far = (post + 58, 322) if side > 0 else (958, post + 6)
    for x in range(near + 16, far - 6, 27):
        canvas.paint(box(x - 4, 540, x + 4, 668), rgb("#6f5e5d"), rgb("#54474b"), lit=0.95)
    canvas.paint(box(near, 526, far, 543, 4), rgb("#8b7872"), rgb("#6a5a5a"), lit=1.0)
    end = far - 6 if side > 0 else near - 4
    canvas.paint(box(end, 508, end + 20, 700, 2), rgb("#83706b"), rgb("#5f5053"), lit=1.0)
    canvas.paint(ellipse(end + 10, 502, 13, 10), rgb("#8b7872"), rgb("#6a5a5a"), lit=1.0)


def _flower_pot(canvas: Canvas) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        x, y = 1118 + rng.uniform(-40, 40), 486 - 62 * rng.random() ** 1.4
        canvas.paint(ellipse(x, y, 13, 8), rgb("#3f5a41"), rgb("#2c4233"), lit=0.95)
    for _ in range(20):
        x, y = 1118 + rng.uniform(-38, 38), 478 - 54 * rng.random()
        canvas.paint(ellipse(x, y, 8, 7), rgb("#b8434d"), rgb("#8c2f45"), lit=0.95)
        canvas.paint(ellipse(x - 2, y - 2, 3, 2.4), rgb("#d96d6b"), lit=0.95)
    canvas.paint(polygon((1076, 492), (1160, 492), (1148, 528), (1088, 528), radius=2),
                 rgb("#a35f45"), rgb("#7c4638"), lit=1.0)  # fmt: skip
    canvas.paint(box(1071, 484, 1165, 497, 4), rgb("#b36b4e"), rgb("#96573f"), lit=1.0)


def _lamp(canvas: Canvas) -> None:
    x, y = LAMP
    canvas.paint(box(x - 17, y - 24, x + 17, y + 26, 4), rgb("#39354a"), rgb("#4b4356"))
    canvas.paint(ellipse(x, y + 6, 5, 8), rgb("#8c8494"), opacity=0.7)
    _lamp_frame(canvas)


def _lamp_frame(canvas: Canvas) -> None:
    x, y = LAMP
    iron = rgb("#1d1a24")
    canvas.paint(capsule(x, 66, x, y - 40, 1.8), iron)
    canvas.paint(
        polygon((x - 24, y - 22), (x - 8, y - 40), (x + 8, y - 40), (x + 24, y - 22)), iron
    )
    for offset in (-17, 0, 17):
        canvas.paint(capsule(x + offset, y - 24, x + offset * 0.9, y + 26, 1.5), iron)
    canvas.paint(box(x - 19, y + 25, x + 19, y + 31, 2), iron)
    canvas.paint(ellipse(x, y + 35, 4, 4), iron)
