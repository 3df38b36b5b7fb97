"""A sender of finished frames in this process: what a doorbell's upload looks like from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from aiortc import RTCPeerConnection

from media.frames import EncodedFrame, Kind
from media.outgoing import PassthroughTrack, send_passthrough

# Fifteen times faster than real time, and slow enough that no socket's buffer overflows.
PACE_S = 0.002


async def only(
    kind: Kind, frames: Iterable[EncodedFrame], ready: asyncio.Event, pace_s: float = PACE_S
) -> AsyncIterator[EncodedFrame]:
    """The frames of one kind, once `ready`, then nothing more without an end."""
    await ready.wait()
    for frame in frames:
        if frame.kind == kind:
            yield frame
            await asyncio.sleep(pace_s)
    await asyncio.Event().wait()


def add_tracks(
    pc: RTCPeerConnection,
    frames: list[EncodedFrame],
    ready: asyncio.Event,
    want_keyframe: Callable[[], None] | None = None,
    pace_s: float = PACE_S,
) -> None:
    """Send these frames by their capture times; the first picture's is RTP time stamp 0."""
    origin_us = next(frame.at_us for frame in frames if frame.kind == "video")
    kinds: list[Kind] = ["video", "audio"]
    for kind in kinds:
        if any(frame.kind == kind for frame in frames):
            track = PassthroughTrack(kind, only(kind, frames, ready, pace_s), origin_us)
            send_passthrough(pc, track, want_keyframe, exact=True)
