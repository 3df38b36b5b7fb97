"""Clips read back: what a player would find in them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av


@dataclass(frozen=True, slots=True)
class ReadClip:
    """Times are in seconds from the start of the file."""

    width: int
    height: int
    pictures: tuple[float, ...]
    sounds: tuple[float, ...]
    decoded: int

    @property
    def seconds(self) -> float:
        """From the first picture to the last."""
        return self.pictures[-1] - self.pictures[0] if self.pictures else 0.0


def read_clip(source: Path | bytes) -> ReadClip:
    """Demux a clip, and decode every picture of it."""
    file = str(source) if isinstance(source, Path) else io.BytesIO(source)
    pictures: list[float] = []
    sounds: list[float] = []
    decoded = 0
    with av.open(file, "r") as container:
        video = container.streams.video[0]
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            at = float(packet.pts * packet.time_base)
            (pictures if packet.stream.type == "video" else sounds).append(at)
            if packet.stream.type == "video":
                decoded += len(packet.decode())
        decoded += len(video.decode(None))
        width, height = video.width, video.height
    return ReadClip(width, height, tuple(pictures), tuple(sounds), decoded)
