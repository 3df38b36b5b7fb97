"""The still picture of an instant, by the time code that is in it."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from media import timecode
from media.frames import EncodedFrame
from media.still import StillError, jpeg_at, still
from tests.support.loop_camera import FRAME_US, encoded_stream


def number_in(jpeg: bytes) -> int | None:
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as file:
        picture = next(file.decode(video=0)).reformat(format="yuv420p")
    return timecode.read(picture.to_ndarray()[: picture.height].astype(np.uint8))


@pytest.mark.parametrize(("at_us", "number"), [
    (-1, 0),
    (0, 0),
    (7 * FRAME_US, 7),
    (8 * FRAME_US - 1, 7),
    (10 * FRAME_US, 10),
    (14 * FRAME_US + 1, 14),
    (10**12, 24),
])  # fmt: skip
def test_shows_the_picture_of_that_instant(at_us: int, number: int) -> None:
    assert number_in(jpeg_at(encoded_stream(25, 10), at_us)) == number


def test_begins_at_the_first_keyframe() -> None:
    assert number_in(jpeg_at(encoded_stream(25, 10)[3:], 4 * FRAME_US)) == 10


async def test_works_beside_the_loop() -> None:
    assert number_in(await still(encoded_stream(25, 10), FRAME_US)) == 1


@pytest.mark.parametrize("frames", [
    (),
    encoded_stream(25, 10)[3:9],
    (EncodedFrame("video", b"\0\0\1\x65 no picture", 0, keyframe=True),),
])  # fmt: skip
def test_says_when_there_is_no_picture(frames: tuple[EncodedFrame, ...]) -> None:
    with pytest.raises(StillError):
        jpeg_at(frames, 0)
