"""Offers of other encoders, put so that they can be answered.

Below us H.264 is agreed on only in constrained baseline and packetization mode 1, because that is
what it can decode. A recorder decodes nothing: any profile will do, and the single units of mode
0 are read by whoever reads mode 1 (RFC 6184 sections 5.2 and 6.2). So such an offer is answered
as if it had named what is understood, and the answer names what was offered.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from media import h264

# What every encoder of ours names.
_UNDERSTOOD = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
# Baseline and constrained baseline, at any level (RFC 6184 section 8.1, table 5).
_PLAIN_PROFILES = re.compile(r"42[0-9a-f]0[0-9a-f]{2}", re.IGNORECASE)
_H264 = re.compile(r"a=rtpmap:(\d+) H264/90000", re.IGNORECASE)
_FMTP = "a=fmtp:{} "


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as it can be answered, and what else it says about the streams."""

    sdp: str
    parameter_sets: bytes = b""
    """Of the pictures, when they are said beforehand (sprop-parameter-sets); Annex B form."""
    stereo: bool = False
    _named: tuple[str, str] | None = None

    def answered(self, sdp: str) -> str:
        """The answer with the encoder's own parameters in it."""
        if self._named is None:
            return sdp
        number, given = self._named
        mark = _FMTP.format(number)
        lines = [mark + given if line.startswith(mark) else line for line in sdp.splitlines()]
        return "\r\n".join(line for line in lines if line != mark) + "\r\n"


def understood(sdp: str) -> Offer:
    """The offer in terms that can be agreed on. Nonsense is left for whoever answers it."""
    lines = [line for line in sdp.splitlines() if not _is_nameless(line)]
    numbers = [found[1] for line in lines if (found := _H264.fullmatch(line.strip()))]
    given = {number: _parameters(lines, number) for number in numbers}
    chosen = _best(given)
    named: tuple[str, str] | None = None
    if chosen is not None and not _is_plain(given[chosen]):
        named = (chosen, _said(given[chosen]))
        lines = _put(lines, chosen)
    sets = given[chosen].get("sprop-parameter-sets", "") if chosen is not None else ""
    stereo = any("sprop-stereo=1" in line for line in lines if line.startswith("a=fmtp:"))
    return Offer("\r\n".join(lines) + "\r\n", _units_of(sets), stereo, named)


def _is_nameless(line: str) -> bool:
    # Looking such a candidate's name up takes up to a second, on the encoder's own network only.
    # The encoder reaches us without it.
    return line.startswith("a=candidate:") and ".local " in line


def _parameters(lines: list[str], number: str) -> dict[str, str]:
    mark = _FMTP.format(number)
    text = next((line[len(mark) :] for line in lines if line.startswith(mark)), "")
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name.lower(): value for name, _, value in pairs if name}


def _best(given: dict[str, dict[str, str]]) -> str | None:
    """What is understood as it is, then what is in mode 1, then what is first."""
    for wanted in (_is_plain, _in_mode_1, bool, lambda _: True):
        for number, parameters in given.items():
            if wanted(parameters):
                return number
    return None


def _in_mode_1(parameters: dict[str, str]) -> bool:
    return parameters.get("packetization-mode") == "1"


def _is_plain(parameters: dict[str, str]) -> bool:
    profile = parameters.get("profile-level-id", "42e01f")
    return _in_mode_1(parameters) and _PLAIN_PROFILES.fullmatch(profile) is not None


def _said(parameters: dict[str, str]) -> str:
    names = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
    return ";".join(f"{name}={parameters[name]}" for name in names if name in parameters)


def _put(lines: list[str], number: str) -> list[str]:
    """The lines with parameters for `number` that are understood."""
    mark = _FMTP.format(number)
    result: list[str] = []
    for line in lines:
        if line.startswith(mark):
            continue
        result.append(line)
        found = _H264.fullmatch(line.strip())
        if found and found[1] == number:
            result.append(mark + _UNDERSTOOD)
    return result


def _units_of(text: str) -> bytes:
    """Parameter sets as RFC 6184 section 8.1 writes them; empty when they are not that."""
    try:
        found = [base64.b64decode(part, validate=True) for part in text.split(",") if part]
    except (binascii.Error, ValueError):
        return b""
    return h264.set_units(b"".join(h264.START_CODE + unit for unit in found if unit))
