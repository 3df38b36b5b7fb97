"""Small real H.264 and Opus streams for tests, encoded once and kept for the whole run."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import av
import numpy as np

from media.frames import SOUND_FRAME_MS, SOUND_FRAME_SAMPLES, SOUND_RATE_HZ, EncodedFrame

FPS = 30
VIDEO_CLOCK = Fraction(1, 90_000)


@cache
def pictures(
    count: int, *, width: int = 320, height: int = 180, group: int = 30, noise: int = 0
) -> tuple[bytes, ...]:
    """Access units of constrained baseline, a keyframe every `group` pictures.

    `noise` makes pictures larger: its value is the amplitude of the grain.
    """
    encoder = av.CodecContext.create("libx264", "w")
    if not isinstance(encoder, av.VideoCodecContext):
        raise TypeError("libx264 is a video encoder")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = VIDEO_CLOCK, Fraction(FPS)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"keyint={group}:min-keyint={group}:scenecut=0:repeat-headers=1:annexb=1",
    }
    coded: list[bytes] = []
    grain = np.random.default_rng(7)
    for number in range(count):
        luma = np.full((height * 3 // 2, width), 128, np.uint8)
        luma[:height] = (np.arange(width)[None, :] + number * 4) % 200 + 20
        if noise:
            luma[:height] += grain.integers(0, noise, (height, width), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(luma, format="yuv420p")
        frame.pts, frame.time_base = number * 90_000 // FPS, VIDEO_CLOCK
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    coded += [bytes(packet) for packet in encoder.encode(None)]
    return tuple(coded)


@cache
def sounds(count: int) -> tuple[bytes, ...]:
    """Opus packets of 20 ms: a quiet tone, mono."""
    encoder = av.CodecContext.create("libopus", "w")
    if not isinstance(encoder, av.AudioCodecContext):
        raise TypeError("libopus is an audio encoder")
    encoder.sample_rate, encoder.layout, encoder.format = SOUND_RATE_HZ, "mono", "s16"
    coded: list[bytes] = []
    for number in range(count + 2):
        at = np.arange(SOUND_FRAME_SAMPLES) + number * SOUND_FRAME_SAMPLES
        tone = (np.sin(at * 2 * np.pi * 440 / SOUND_RATE_HZ) * 3000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE_HZ, number * SOUND_FRAME_SAMPLES
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(coded[:count])


def visit_frames(seconds: float, *, starts_us: int = 0, group: int = 30) -> list[EncodedFrame]:
    """Pictures and sound of a visit in the order of their capture."""
    shots = pictures(round(seconds * FPS), group=group)
    frames = [
        EncodedFrame("video", data, starts_us + number * 1_000_000 // FPS, number % group == 0)
        for number, data in enumerate(shots)
    ]
    frames += [
        EncodedFrame("audio", data, starts_us + number * SOUND_FRAME_MS * 1000, True)
        for number, data in enumerate(sounds(round(seconds * 1000 / SOUND_FRAME_MS)))
    ]
    return sorted(frames, key=lambda frame: (frame.at_us, frame.kind == "audio"))
