"""Whether someone moves in the picture: a background of the door that learns, and what differs.

The picture is seen as a coarse grid of mean brightnesses, which evens out a sensor's noise. Every
cell knows how it looks when nobody is there and how much it is used to stir, so leaves that sway
all day count less than a wall that never moves. What changes everywhere at once is light, not a
person. No input or output, and no clock: times come with the pictures.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from hardware.options import PictureMotion
from hardware.planes import Plane

Grid = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Cells each way: a person at the gate of a garden is still one, at the door some hundred.
COLUMNS, ROWS = 64, 36
# Pixels that are looked at in each cell, each way: enough to even out the grain of a dark picture.
SAMPLES = 3
# A cell's picture of the background follows at this pace where nothing moves,
BACKGROUND_S = 4.0
# and at this one where something does: a parked bicycle is part of the door after a minute or two.
ABSORPTION_S = 40.0
# How much a cell stirs is learned at this pace, so that one visitor does not make it blind.
UNREST_S = 25.0
# A change counts that is so many times what the cell is used to.
UNREST_FACTOR = 3.5
# Nobody moves unseen behind leaves however much they stir: levels of brightness, of 255.
UNREST_LIMIT = 12.0
# The first pictures only teach: a camera's exposure settles meanwhile.
LEARNING_S = 2.0
# Where so much of the picture has changed at once, a light went on or the sun came out.
FLASH_SHARE = 0.5
# After that the picture is learned afresh, for so long.
FLASH_S = 1.0
# Of so many looks in a row, so many have to find something: a gust or a bird passes.
RECENT_LOOKS, LOOKS_NEEDED = 5, 4
# A person is taller than one cell: a changed cell counts with so many changed ones around it.
NEIGHBOURS_NEEDED = 3
# At sensitivity 1 and at 10: the share of the picture that has to change, and by how many levels.
SHARES = (0.025, 0.003)
LEVELS = (18.0, 6.0)


class MotionDetector:
    """Shown one luma plane after the other, of any size, it says whether someone moves."""

    def __init__(self, wanted: PictureMotion) -> None:
        self._mask = zone_mask(wanted.zones)
        step = (max(1, min(10, wanted.sensitivity)) - 1) / 9
        self._cells_needed = max(2.0, COLUMNS * ROWS * _between(SHARES, step))
        self._least_level = _between(LEVELS, step)
        self._background: Grid | None = None
        self._unrest = np.zeros((ROWS, COLUMNS), np.float32)
        self._recent: deque[bool] = deque(maxlen=RECENT_LOOKS)
        self._seen_us = 0
        self._learns_until_us = 0

    def see(self, luma: Plane, at_us: int) -> bool:
        """Whether someone moves, as far as this picture and the last few tell."""
        grid = coarse(luma)
        if self._background is None:
            self._learn_afresh(grid, at_us, LEARNING_S)
            return False
        passed_s = min(1.0, max(0.0, (at_us - self._seen_us) / 1e6))
        self._seen_us = at_us
        change = np.abs(_relit(grid, self._background) - self._background)
        changed = change > np.maximum(self._least_level, UNREST_FACTOR * self._unrest)
        if at_us < self._learns_until_us:
            changed[:] = False
        elif changed.mean() > FLASH_SHARE:
            self._learn_afresh(grid, at_us, FLASH_S)
            return False
        self._learn(grid, change, changed, passed_s)
        self._recent.append(bool(_solid(changed & self._mask).sum() >= self._cells_needed))
        return sum(self._recent) >= LOOKS_NEEDED

    def _learn(self, grid: Grid, change: Grid, changed: Mask, passed_s: float) -> None:
        if self._background is None:
            return
        learning = self._seen_us < self._learns_until_us
        quick = min(1.0, passed_s / (LEARNING_S / 4 if learning else BACKGROUND_S))
        slow = min(1.0, passed_s / ABSORPTION_S)
        pace = np.where(changed, np.float32(slow), np.float32(quick))
        self._background += (grid - self._background) * pace
        stir = np.minimum(change, np.float32(UNREST_LIMIT))
        self._unrest += (stir - self._unrest) * np.float32(min(1.0, passed_s / UNREST_S))

    def _learn_afresh(self, grid: Grid, at_us: int, for_s: float) -> None:
        self._background = grid.copy()
        self._recent.clear()
        self._seen_us, self._learns_until_us = at_us, at_us + round(for_s * 1e6)


def coarse(luma: Plane) -> Grid:
    """The picture as a grid of mean brightnesses."""
    height, width = luma.shape
    tall, wide = max(1, height // (ROWS * SAMPLES)), max(1, width // (COLUMNS * SAMPLES))
    seen = luma[::tall, ::wide]
    return _reduced(_reduced(seen.astype(np.float32), ROWS).T, COLUMNS).T


def zone_mask(zones: tuple[tuple[float, float, float, float], ...]) -> Mask:
    """The cells whose middle lies in one of the zones; all without zones."""
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    across, down = (np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS
    for x, y, width, height in zones or ((0.0, 0.0, 1.0, 1.0),):
        inside_x, inside_y = (across >= x) & (across < x + width), (down >= y) & (down < y + height)
        mask |= inside_y[:, None] & inside_x[None, :]
    return mask


def _reduced(seen: Grid, count: int) -> Grid:
    """Rows averaged into `count` groups, which differ by one row at most."""
    edges = np.arange(count) * seen.shape[0] // count
    sizes = np.diff(np.append(edges, seen.shape[0]))
    return np.asarray(np.add.reduceat(seen, edges, axis=0) / sizes[:, None], np.float32)


def _relit(grid: Grid, background: Grid) -> Grid:
    """The picture as it would be in the background's light: exposure and clouds taken out."""
    ratio = np.median((grid + 1) / (background + 1))
    return np.asarray((grid + 1) / np.float32(ratio) - 1, np.float32)


def _solid(changed: Mask) -> Mask:
    """Changed cells that have enough changed ones around them."""
    padded = np.pad(changed, 1).astype(np.int8)
    around = sum(
        padded[1 + down : 1 + down + ROWS, 1 + across : 1 + across + COLUMNS]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
        if (down, across) != (0, 0)
    )
    return np.asarray(changed & (around >= NEIGHBOURS_NEEDED), np.bool_)


def _between(ends: tuple[float, float], step: float) -> float:
    """Evenly in ratios from the first end (0) to the second (1)."""
    return float(ends[0] * (ends[1] / ends[0]) ** step)
