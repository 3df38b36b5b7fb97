"""The time of capture, written into a picture's first rows so that a program can read it back.

Blocks of 16 × 16 pixels from the top left corner: white, black, 44 bits of Unix milliseconds (most
significant first), 8 bits of checksum. Large enough to survive H.264 at 1 Mbit/s and scaling down.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Luma: TypeAlias = npt.NDArray[np.uint8]

BLOCK_PX = 16
STAMP_BITS = 44
CHECK_BITS = 8
BLOCKS = 2 + STAMP_BITS + CHECK_BITS
WIDTH_PX = BLOCKS * BLOCK_PX
# Black and white of limited range (ITU-R BT.709), so that no converter clips them.
BLACK = 16
WHITE = 235
# Between black and white; a codec moves a block's mean by a few steps only.
THRESHOLD = (BLACK + WHITE) / 2


def draw(luma: Luma, unix_ms: int, full_width: int | None = None) -> None:
    """Write `unix_ms` into the top of a picture's Y plane (rows × columns), in place.

    `full_width`: draw it as small as if it had been drawn at that width and scaled to this one.
    Raises ValueError for a picture narrower than 864 pixels and for a time that needs 45 bits.
    """
    full_width = full_width or luma.shape[1]
    scale = luma.shape[1] / full_width
    if full_width < WIDTH_PX or luma.shape[0] < BLOCK_PX * scale:
        raise ValueError(f"A time code needs a picture of {WIDTH_PX} × {BLOCK_PX} pixels or more.")
    if not 0 <= unix_ms < 1 << STAMP_BITS:
        raise ValueError(f"A time code holds {STAMP_BITS} bits of Unix milliseconds.")
    word = (0b10 << STAMP_BITS | unix_ms) << CHECK_BITS | _checksum(unix_ms)
    bits = np.array([word >> shift & 1 for shift in range(BLOCKS - 1, -1, -1)], dtype=bool)
    levels = np.where(bits, WHITE, BLACK).astype(np.uint8)
    columns = np.arange(int(WIDTH_PX * scale))
    luma[: round(BLOCK_PX * scale), : columns.size] = levels[
        np.minimum((columns + 0.5) / (BLOCK_PX * scale), BLOCKS - 1).astype(np.intp)
    ]


def read(luma: Luma, drawn_width: int | None = None) -> int | None:
    """The Unix milliseconds in a Y plane, or None when there is no valid time code.

    `drawn_width` is the width at which it was drawn, when the picture has been scaled since.
    """
    block = BLOCK_PX * luma.shape[1] / (drawn_width or luma.shape[1])
    if luma.shape[1] < int(block * BLOCKS) or luma.shape[0] < block or block < 2:
        return None
    word = 0
    for index in range(BLOCKS):
        word = word << 1 | int(_middle(luma, index * block, block).mean() > THRESHOLD)
    stamp = word >> CHECK_BITS & (1 << STAMP_BITS) - 1
    valid = word >> STAMP_BITS + CHECK_BITS == 0b10 and word & 0xFF == _checksum(stamp)
    return stamp if valid else None


def _middle(luma: Luma, left: float, block: float) -> Luma:
    # The edges of a block bleed into its neighbours when a picture is coded or scaled.
    near, far = (
        round(left + block / 4),
        max(round(left + block * 3 / 4), round(left + block / 4) + 1),
    )
    return luma[int(block / 4) : max(int(block * 3 / 4), int(block / 4) + 1), near:far]


def _checksum(unix_ms: int) -> int:
    return sum(unix_ms.to_bytes(6, "big")) % 256
