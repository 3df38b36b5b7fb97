"""A small alphabet of its own for the clock in the picture: 5 × 7 dots, capitals and digits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardware.planes import Plane

GLYPH_COLUMNS, GLYPH_ROWS = 5, 7
WHITE_Y, SHADOW_Y = 228, 28

# Each glyph is seven rows of five dots, a row a letter of base 32 (0-9, a-v), the left dot first.
_GLYPHS = {
    "0": "ehjlphe", "1": "4c4444e", "2": "eh1248v", "3": "v2421he", "4": "26aiv22",
    "5": "vgu11he", "6": "68guhhe", "7": "v124888", "8": "ehhehhe", "9": "ehhf12c",
    "A": "ehhvhhh", "B": "uhhuhhu", "C": "ehggghe", "D": "sihhhis", "E": "vgguggv",
    "F": "vggsggg", "G": "ehgnhhf", "H": "hhhvhhh", "I": "e44444e", "J": "72222ic",
    "K": "hikokih", "L": "ggggggv", "M": "hrllhhh", "N": "hhpljhh", "O": "ehhhhhe",
    "P": "uhhuggg", "Q": "ehhhlid", "R": "uhhukih", "S": "fgge11u", "T": "v444444",
    "U": "hhhhhhe", "V": "hhhhha4", "W": "hhhllra", "X": "hha4ahh", "Y": "hha4444",
    "Z": "v1248gv", ":": "0cc0cc0", ".": "00000cc", "-": "000v000", " ": "0000000",
}  # fmt: skip


def _dots(rows: str) -> npt.NDArray[np.bool_]:
    values = [int(row, 32) for row in rows]
    return np.array([[value >> bit & 1 for bit in (4, 3, 2, 1, 0)] for value in values], bool)


class Lettering:
    """Writes lines of text into a luma plane, `size` pixels a dot, with a shadow."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._glyphs = {
            letter: np.kron(np.pad(_dots(rows), ((0, 0), (0, 1))), np.ones((size, size), bool))
            for letter, rows in _GLYPHS.items()
        }
        self._line = ("", np.zeros((0, 0), bool))

    def write(self, luma: Plane, x: int, y: int, text: str) -> None:
        """Put `text` with its upper left corner at (x, y); what does not fit is cut."""
        if text != self._line[0]:
            glyphs = [self._glyphs.get(letter, self._glyphs[" "]) for letter in text]
            self._line = (text, np.hstack(glyphs))
        dots = self._line[1]
        for offset, value in ((self._size // 2 + 1, SHADOW_Y), (0, WHITE_Y)):
            area = luma[y + offset : y + offset + dots.shape[0], x + offset :]
            area = area[:, : dots.shape[1]]
            area[dots[: area.shape[0], : area.shape[1]]] = value
