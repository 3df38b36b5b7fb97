"""What doorbell and keeper say to each other: one short line in each packet.

The doorbell says `pulse 4.0`, `beat` and `secure`; the keeper `open 4.0`, `locked`, `busy` (a
pulse runs, or another doorbell is served), `rest` (too many pulses) and `nonsense`.
"""

from __future__ import annotations

from typing import NamedTuple

# The longest line is a pulse; a packet with more bytes is nonsense.
LINE_LIMIT_BYTES = 32

BEAT, SECURE, LOCKED, BUSY, REST, NONSENSE = "beat", "secure", "locked", "busy", "rest", "nonsense"
_PULSE, _OPEN = "pulse ", "open "


class Pulse(NamedTuple):
    """The doorbell asks for so many seconds."""

    seconds: float


class Beat(NamedTuple):
    """The doorbell is alive."""


class Secure(NamedTuple):
    """The doorbell wants the door locked."""


Word = Pulse | Beat | Secure


def read(packet: bytes) -> Word | None:
    """What a doorbell says; None for what no doorbell says."""
    if len(packet) > LINE_LIMIT_BYTES or not packet.isascii():
        return None
    text = packet.decode("ascii")
    if text == BEAT:
        return Beat()
    if text == SECURE:
        return Secure()
    seconds = _seconds(text.removeprefix(_PULSE)) if text.startswith(_PULSE) else 0.0
    return Pulse(seconds) if seconds > 0 else None


def pulse(seconds: float) -> bytes:
    """The doorbell's request, in milliseconds' precision and never for no time."""
    return f"{_PULSE}{max(seconds, 0.001):.3f}".encode()


def opened(seconds: float) -> str:
    """The keeper's answer to a pulse: how long it will be, which may be less than asked."""
    return f"{_OPEN}{seconds:.3f}"


def is_opened(text: str) -> bool:
    """Whether the keeper says that the door is open."""
    return text.startswith(_OPEN)


def _seconds(text: str) -> float:
    """Digits with one point at most: no sign, exponent, `nan` or `inf`."""
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0
