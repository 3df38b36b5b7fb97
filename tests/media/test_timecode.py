"""The time code: back and forth, through a real encoder, scaled, and where there is none."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given
from hypothesis import strategies as st

from media import timecode

NOW_MS = 1_795_000_123_456


def noisy_picture(width: int = 1280, height: int = 720) -> timecode.Luma:
    rng = np.random.default_rng(7)
    return rng.integers(16, 235, (height, width), dtype=np.uint8)


@given(st.integers(min_value=0, max_value=2**44 - 1))
def test_reads_what_was_drawn(unix_ms: int) -> None:
    luma = np.zeros((16, timecode.WIDTH_PX), dtype=np.uint8)
    timecode.draw(luma, unix_ms)
    assert timecode.read(luma) == unix_ms


@pytest.mark.parametrize("luma", [
    np.zeros((720, 1280), dtype=np.uint8),
    np.full((720, 1280), 235, dtype=np.uint8),
    noisy_picture(),
    np.zeros((8, 1280), dtype=np.uint8),
    np.zeros((720, 640), dtype=np.uint8),
])  # fmt: skip
def test_finds_nothing_where_nothing_is(luma: timecode.Luma) -> None:
    assert timecode.read(luma) is None


def test_a_damaged_bit_is_noticed() -> None:
    luma = noisy_picture()
    timecode.draw(luma, NOW_MS)
    luma[:16, 10 * 16 : 11 * 16] = 251 - luma[:16, 10 * 16 : 11 * 16]
    assert timecode.read(luma) is None


def test_survives_the_encoder_and_scaling() -> None:
    stamps = [NOW_MS + 33 * i for i in range(20)]
    pictures = encode_and_decode(stamps)
    assert [timecode.read(luma_of(picture)) for picture in pictures] == stamps
    small = luma_of(pictures[-1].reformat(width=640, height=360))
    assert timecode.read(small, drawn_width=1280) == stamps[-1]


@pytest.mark.parametrize("full_width", [1280, 1920, 900])
def test_a_small_picture_gets_the_code_of_a_scaled_one(full_width: int) -> None:
    luma = noisy_picture(640, 360)
    timecode.draw(luma, NOW_MS, full_width)
    assert timecode.read(luma, drawn_width=full_width) == NOW_MS
    beneath = -(-timecode.BLOCK_PX * 640 // full_width)
    assert (luma[beneath:] == noisy_picture(640, 360)[beneath:]).all()


@pytest.mark.parametrize("width", [320, 863])
def test_a_picture_that_is_too_narrow_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="864"):
        timecode.draw(np.zeros((480, width), dtype=np.uint8), NOW_MS)


@pytest.mark.parametrize("unix_ms", [-1, 2**44])
def test_a_time_out_of_range_is_refused(unix_ms: int) -> None:
    with pytest.raises(ValueError, match="44 bits"):
        timecode.draw(noisy_picture(), unix_ms)


def encode_and_decode(stamps: list[int]) -> list[av.VideoFrame]:
    """Through x264 at 1 Mbit/s, the lowest rate that a layer uses at this size."""
    encoder = av.CodecContext.create("libx264", "w")
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(encoder, VideoCodecContext)
    assert isinstance(decoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 1280, 720, "yuv420p"
    encoder.framerate, encoder.bit_rate = Fraction(30), 1_000_000
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    packets = [packet for stamp in stamps for packet in encoder.encode(stamped(stamp))]
    packets += encoder.encode(None)
    pictures = [picture for packet in packets for picture in decoder.decode(packet)]
    return pictures + decoder.decode(None)


def luma_of(picture: av.VideoFrame) -> timecode.Luma:
    return picture.to_ndarray()[: picture.height].astype(np.uint8)


def stamped(unix_ms: int) -> av.VideoFrame:
    planes = np.full((1080, 1280), 128, dtype=np.uint8)
    planes[:720] = noisy_picture() // 4 + 60
    timecode.draw(planes[:720], unix_ms)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")
