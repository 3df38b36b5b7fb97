"""Facts of H.264 bytes: units, keyframes, parameter sets, picture size. Nothing is decoded.

Pictures travel in Annex B form: every unit after a start code (ITU-T H.264 annex B).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

START_CODE = b"\x00\x00\x00\x01"
_SHORT_START_CODE = b"\x00\x00\x01"

SLICE = 1
IDR_SLICE = 5
SEI = 6
SPS = 7
PPS = 8
DELIMITER = 9

# What may come before a picture's first slice; encoders write four or five units.
LEADING_KINDS = frozenset({SEI, SPS, PPS, DELIMITER, 13, 15})
LEADING_UNITS_LIMIT = 64

# Profiles whose SPS says more before the picture's size (ITU-T H.264 section 7.3.2.1.1).
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})


class H264Error(ValueError):
    """The bytes are not H.264 as the sender promised."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder must know before the first picture; both units without start codes."""

    sps: bytes
    pps: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels; raises H264Error."""
        return picture_size(self.sps)


def units(data: bytes) -> Iterator[bytes]:
    """The NAL units of an access unit in Annex B form, without their start codes."""
    start = data.find(_SHORT_START_CODE)
    while start >= 0:
        start += 3
        end = data.find(_SHORT_START_CODE, start)
        # Zeros before a start code are part of it; a unit never ends with one.
        unit = data[start : end if end >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit
        start = end


def kind(unit: bytes) -> int:
    """The nal_unit_type."""
    return unit[0] & 0x1F


def is_keyframe(data: bytes) -> bool:
    """Whether an access unit is an IDR picture. Looks no further than its first slice."""
    return _first_slice_type(data) == IDR_SLICE


def is_whole(data: bytes) -> bool:
    """Whether an access unit starts as one: with a start code, its first slice at the top.

    False for what is left of a picture whose first packets were lost.
    """
    if not data.startswith((START_CODE, _SHORT_START_CODE)):
        return False
    at = _first_slice_at(data)
    # first_mb_in_slice is 0, which Exp-Golomb writes as a single 1.
    return 0 <= at < len(data) - 1 and bool(data[at + 1] & 0x80)


def is_prelude(data: bytes) -> bool:
    """Whether these are units that belong before a picture, and no picture."""
    if not data.startswith((START_CODE, _SHORT_START_CODE)) or _first_slice_at(data) >= 0:
        return False
    leading = list(islice(units(data), LEADING_UNITS_LIMIT))
    return 0 < len(leading) < LEADING_UNITS_LIMIT and all(
        kind(unit) in LEADING_KINDS for unit in leading
    )


def set_units(data: bytes) -> bytes:
    """All parameter sets of an access unit, in Annex B form; empty when an SPS or PPS is missing.

    Looks no further than the first slice.
    """
    found: list[bytes] = []
    for unit in islice(units(data), LEADING_UNITS_LIMIT):
        if kind(unit) in (SLICE, IDR_SLICE):
            break
        if kind(unit) in (SPS, PPS):
            found.append(unit)
    if {kind(unit) for unit in found} != {SPS, PPS}:
        return b""
    return b"".join(START_CODE + unit for unit in found)


def parameter_sets(data: bytes) -> ParameterSets | None:
    """The first SPS and PPS of an access unit, or None when one is missing."""
    sps = pps = None
    for unit in islice(units(data), LEADING_UNITS_LIMIT):
        if kind(unit) == SPS and sps is None:
            sps = unit
        elif kind(unit) == PPS and pps is None:
            pps = unit
        elif kind(unit) in (SLICE, IDR_SLICE):
            break
    return ParameterSets(sps, pps) if sps and pps else None


def picture_size(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels, cropping applied (ITU-T H.264 section 7.3.2.1.1)."""
    if len(sps) < 5 or kind(sps) != SPS:
        raise H264Error("This is not a sequence parameter set.")
    bits = _Bits(sps[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = _chroma_format(bits) if profile in _HIGH_PROFILES else 1
    _skip_order_count(bits)
    bits.golomb()
    bits.take(1)
    columns, rows = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    width, height = columns * 16, rows * 16 * (2 - frames_only)
    if bits.take(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width, height = width - (left + right) * unit_x, height - (top + bottom) * unit_y
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise H264Error("The sequence parameter set names an impossible picture size.")
    return width, height


def _first_slice_type(data: bytes) -> int:
    at = _first_slice_at(data)
    return data[at] & 0x1F if at >= 0 else 0


def _first_slice_at(data: bytes) -> int:
    """Where the first slice is; -1 when there is none behind a sane number of other units."""
    at = data.find(_SHORT_START_CODE)
    for _ in range(LEADING_UNITS_LIMIT):
        if not 0 <= at < len(data) - 3:
            break
        if data[at + 3] & 0x1F in (SLICE, IDR_SLICE):
            return at + 3
        at = data.find(_SHORT_START_CODE, at + 3)
    return -1


def _chroma_format(bits: _Bits) -> int:
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    scale = 8
    for _ in range(size):
        scale = (scale + bits.signed_golomb()) % 256
        if scale == 0:
            return


def _skip_order_count(bits: _Bits) -> None:
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed_golomb()


class _Bits:
    """Reads a bit string from its most significant end; H264Error past its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise H264Error("The parameter set is cut short.")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number (ITU-T H.264 section 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise H264Error("The parameter set holds an impossible number.")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        number = self.golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)
