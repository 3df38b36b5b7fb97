"""Just enough of H.264 to look at what a camera yields (ITU-T H.264, Annex B and 7.3)."""

from __future__ import annotations

import re

_START_CODE = re.compile(rb"\x00\x00\x01")
# Table 7-6: the slice type modulo 5.
_SLICE_NAMES = "PBISX"
_SLICE_UNITS = (1, 5)
_SPS = 7


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an access unit, without their start codes."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    return [data[start:end].rstrip(b"\x00") for start, end in zip(starts, ends, strict=True)]


def nal_types(data: bytes) -> list[int]:
    """Their types (Table 7-1): 1 slice, 5 IDR slice, 6 SEI, 7 SPS, 8 PPS."""
    return [unit[0] & 0x1F for unit in nal_units(data)]


def profile(data: bytes) -> tuple[int, int, int]:
    """profile_idc, constraint flags and level_idc of the first SPS; ValueError without one."""
    for unit in nal_units(data):
        if unit[0] & 0x1F == _SPS:
            return unit[1], unit[2], unit[3]
    raise ValueError("There is no SPS in this access unit.")


def slice_types(data: bytes) -> str:
    """One letter for each slice: P, B or I."""
    return "".join(
        _SLICE_NAMES[_second_ue(unit[1:9]) % 5]
        for unit in nal_units(data)
        if unit[0] & 0x1F in _SLICE_UNITS
    )


def _second_ue(head: bytes) -> int:
    """The second Exp-Golomb number (9.1): slice_type, after first_mb_in_slice."""
    bits = "".join(f"{byte:08b}" for byte in head)
    at = value = 0
    for _ in range(2):
        zeros = bits.index("1", at) - at
        value = int(bits[at + zeros : at + 2 * zeros + 1], 2) - 1
        at += 2 * zeros + 1
    return value
