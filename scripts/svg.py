"""Boxes, arrows and words as SVG: just enough for a drawing of states."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

LETTER_WIDTH = 6.3
LINE_HEIGHT = 17
PADDING = 14
# A label breaks before its guard or effect when it is longer than this.
LABEL_LETTERS = 26
# Points along a curve; enough to find where it leaves a box to the pixel.
SAMPLES = 400

PAPER, INK, SOFT, EDGE, FILL = "#fdfcf9", "#23211d", "#6b665c", "#a8791f", "#fff6e0"
STYLE = f"""text{{font-family:system-ui,sans-serif;font-size:12px;fill:{INK}}}
.title{{font-size:16px;font-weight:600}} .heading{{font-size:20px;font-weight:600}}
.label{{paint-order:stroke;stroke:{PAPER};stroke-width:5px;stroke-linejoin:round}}
.soft{{fill:{SOFT}}}"""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A state: its centre, its name, and what it does without leaving."""

    x: int
    y: int
    title: str
    lines: list[str]

    @property
    def width(self) -> float:
        longest = max((len(line) for line in self.lines), default=0) * LETTER_WIDTH
        return max(120.0, longest + 2 * PADDING)

    @property
    def height(self) -> float:
        return 2 * PADDING + 16 + LINE_HEIGHT * len(self.lines)

    def holds(self, point: Point) -> bool:
        return (
            abs(point[0] - self.x) <= self.width / 2 and abs(point[1] - self.y) <= self.height / 2
        )


class Figure:
    """Collects shapes; `text()` is the file."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts: list[str] = []
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
            f"<style>{STYLE}</style>\n"
            f'<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M0 0 10 5 0 10z" fill="{EDGE}"/></marker>'
            f'</defs>\n<rect width="{width}" height="{height}" rx="12" fill="{PAPER}"/>'
        )
        self._labels: list[str] = []

    def heading(self, x: int, y: int, words: str) -> None:
        self._labels.append(_words(x, y, words, "heading", "start"))

    def remark(self, x: int, y: int, words: str) -> None:
        self._labels.append(_words(x, y, words, "soft", "start"))

    def box(self, box: Box) -> None:
        left, top = box.x - box.width / 2, box.y - box.height / 2
        self._parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" '
            f'height="{box.height:.1f}" rx="10" fill="{FILL}" stroke="{EDGE}" stroke-width="1.5"/>'
        )
        self._parts.append(_words(box.x, top + PADDING + 12, box.title, "title"))
        for row, line in enumerate(box.lines, 1):
            y = top + PADDING + 14 + LINE_HEIGHT * row
            self._parts.append(_words(box.x, y, line, "soft"))

    def arrow(self, start: Box, end: Box, lines: list[str], bow: float, words_at: float) -> None:
        """A curve that bows to the right of its way, with its words so far along."""
        curve = _curve((start.x, start.y), (end.x, end.y), bow)
        free = [point for point in curve if not start.holds(point) and not end.holds(point)]
        points = free[:: max(1, len(free) // 24)] + free[-1:]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{EDGE}" stroke-width="1.5" '
            f'marker-end="url(#head)"/>'
        )
        x, y = free[int(len(free) * words_at)]
        rows = [row for line in lines for row in _broken(line)]
        for number, row in enumerate(rows):
            offset = (number - (len(rows) - 1) / 2) * 14
            self._labels.append(_words(x, y + 4 + offset, row, "label"))

    def text(self) -> str:
        return "\n".join([self._head, *self._parts, *self._labels, "</svg>", ""])


def _curve(start: Point, end: Point, bow: float) -> list[Point]:
    (x0, y0), (x1, y1) = start, end
    length = math.dist(start, end)
    # Right of the way is (-dy, dx) where y grows downwards; twice, as a curve goes half way.
    cx = (x0 + x1) / 2 - (y1 - y0) / length * bow * length * 2
    cy = (y0 + y1) / 2 + (x1 - x0) / length * bow * length * 2
    points = []
    for number in range(SAMPLES + 1):
        t = number / SAMPLES
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        points.append((a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1))
    return points


def _broken(line: str) -> list[str]:
    if len(line) <= LABEL_LETTERS:
        return [line]
    for mark in (" / ", " ["):
        if mark in line:
            before, after = line.split(mark, 1)
            return [*_broken(before), mark.lstrip() + after]
    return [line]


def _words(x: float, y: float, words: str, style: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )
