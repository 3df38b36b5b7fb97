"""The QR code on a console, read as a phone's camera reads it."""

from __future__ import annotations

import re

import numpy as np
import zxingcpp

# What a terminal draws light, upper half and lower half of a letter.
HALVES = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
PIXELS_EACH = 8


def read_code(console: str) -> str:
    """The text of the last code; an error when there is none or it cannot be read."""
    blocks = re.findall(r"(?:^[█▀▄ ]{20,}\r?\n)+", console, re.M)
    lines = [line.rstrip("\r") for line in blocks[-1].splitlines()]
    width = max(map(len, lines))
    rows = [
        [HALVES[letter][half] for letter in line.ljust(width)] for line in lines for half in (0, 1)
    ]
    picture = np.kron(np.array(rows, np.uint8), np.ones((PIXELS_EACH, PIXELS_EACH), np.uint8))
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)
