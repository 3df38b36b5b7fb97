"""The values that travel: an encoded frame, and a short piece of plain sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SOUND_RATE_HZ = 48_000
SOUND_FRAME_MS = 20
SOUND_FRAME_SAMPLES = SOUND_RATE_HZ * SOUND_FRAME_MS // 1000

Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One H.264 access unit (Annex B; SPS and PPS on every keyframe) or one Opus packet of 20 ms.

    `at_us` is the capture time on the monotonic clock (`time.monotonic_ns() // 1000`), the same
    clock for pictures and sound. Every Opus packet counts as a keyframe.
    """

    kind: Kind
    data: bytes
    at_us: int
    keyframe: bool


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """20 ms of sound: 960 samples, signed 16 bit little endian, mono, 48 kHz."""

    samples: bytes
    at_us: int


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a camera's encoder yields: constrained baseline H.264, no B-frames."""

    width: int
    height: int
    fps: int
    bitrate_bps: int
