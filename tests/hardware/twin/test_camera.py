"""What the three encodings of a drawn picture have to do with each other."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

import av
import numpy as np
import pytest

from hardware.planes import Plane
from hardware.ports import Window
from hardware.twin import streams
from hardware.twin.camera import SceneCamera
from hardware.twin.pictures import Picture
from hardware.x264 import H264Encoder
from media import timecode
from media.frames import EncodedFrame, VideoFormat

WIDE = VideoFormat(1280, 720, 30, 2_000_000)
LOW = VideoFormat(640, 360, 30, 350_000)
CLOSE = VideoFormat(640, 360, 30, 500_000)
FORMATS = (WIDE, LOW, CLOSE)
DARK, BRIGHT = 40, 200


class TwoHalves:
    """Dark on the left, bright on the right; counts how often it was drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, picture: Picture, now_s: float) -> None:
        self.drawn += 1
        picture.data[:] = 128
        picture.y[:, :640], picture.y[:, 640:] = DARK, BRIGHT

    def close(self) -> None:
        """Nothing is held."""


class CountingEncoder(H264Encoder):
    """Notes what it was asked to encode."""

    everyone: ClassVar[weakref.WeakSet[CountingEncoder]]
    coded: ClassVar[list[tuple[VideoFormat, int]]]

    def __init__(self, video: VideoFormat, keyframe_every: int | None = None) -> None:
        super().__init__(video, keyframe_every)
        self._noted = video
        self.everyone.add(self)

    def encode(self, frame: av.VideoFrame, at_us: int, keyframe: bool) -> EncodedFrame:
        self.coded.append((self._noted, at_us))
        return super().encode(frame, at_us, keyframe)

    @classmethod
    def alive(cls) -> set[VideoFormat]:
        return {encoder._noted for encoder in cls.everyone}


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> type[CountingEncoder]:
    CountingEncoder.everyone, CountingEncoder.coded = weakref.WeakSet(), []
    monkeypatch.setattr(streams, "H264Encoder", CountingEncoder)
    return CountingEncoder


def decoded(frame: EncodedFrame, height: int = 360) -> Plane:
    """The Y plane of a keyframe."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    (shown,) = [*decoder.decode(av.Packet(frame.data)), *decoder.decode(None)]
    return shown.to_ndarray()[:height].astype(np.uint8)


async def leave(frames: AsyncIterator[EncodedFrame]) -> None:
    """As a task does that is cancelled while it waits for the next frame."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            async for _ in frames:
                pass


async def pictures_later(whole: AsyncIterator[EncodedFrame], count: int = 4) -> list[EncodedFrame]:
    return [await anext(whole) for _ in range(count)]


async def test_only_what_is_taken_is_encoded(encoders: type[CountingEncoder]) -> None:
    async with SceneCamera(TwoHalves, FORMATS) as camera:
        whole = camera.frames()
        await pictures_later(whole)
        assert encoders.alive() == {WIDE}
        low = camera.low.frames()
        assert (await anext(low)).keyframe
        await pictures_later(whole)
        assert encoders.alive() == {WIDE, LOW}
        await leave(low)
        await pictures_later(whole)
        assert encoders.alive() == {WIDE}


async def test_a_picture_is_drawn_once_and_encoded_once_for_each(
    encoders: type[CountingEncoder],
) -> None:
    scene = TwoHalves()
    async with SceneCamera(lambda: scene, FORMATS) as camera:
        whole, low, close = camera.frames(), camera.low.frames(), camera.close_up.frames()
        await anext(low)
        await anext(close)
        await pictures_later(whole, 6)
    assert len(encoders.coded) == len(set(encoders.coded))
    times = {video: {at_us for v, at_us in encoders.coded if v == video} for video in FORMATS}
    assert len(times[WIDE]) == scene.drawn
    assert times[LOW] <= times[WIDE]
    assert times[CLOSE] <= times[WIDE]


async def test_keyframes_of_one_layer_are_no_matter_of_the_others() -> None:
    async with SceneCamera(TwoHalves, FORMATS) as camera:
        whole, low = camera.frames(), camera.low.frames()
        await anext(low)
        first = (await pictures_later(whole))[-1]
        camera.low.request_keyframe()
        asked = [await anext(low) for _ in range(6)]
        assert any(frame.keyframe for frame in asked)
        seen = await pictures_later(whole, 6)
        assert [f for f in seen if f.keyframe and f.at_us > first.at_us] == []


async def test_the_close_up_follows_its_aim_and_stays_inside() -> None:
    async with SceneCamera(TwoHalves, FORMATS) as camera:
        for x, level in ((0.0, DARK), (1.0, BRIGHT)):
            camera.close_up.aim(Window(zoom=2.0, x=x, y=0.5))
            # The picture that was being drawn may have the aim before.
            await pictures_later(camera.frames(), 2)
            close = camera.close_up.frames()
            luma = decoded(await anext(close))
            await leave(close)
            assert luma[100:].mean() == pytest.approx(level, abs=3)
            assert luma[100:].std() < 3


async def test_every_encoding_carries_the_time_code() -> None:
    async with SceneCamera(TwoHalves, FORMATS) as camera:
        camera.close_up.aim(Window(zoom=4.0, x=0.1, y=0.0))
        low, close = camera.low.frames(), camera.close_up.frames()
        small, near = await anext(low), await anext(close)
    read = [timecode.read(decoded(frame), drawn_width=1280) for frame in (small, near)]
    assert None not in read
    # Beneath its own code the close-up shows the porch and not the code of the whole picture.
    assert decoded(near)[12:60].std() < 3


async def test_a_rate_that_is_raised_again_begins_with_a_keyframe() -> None:
    async with SceneCamera(TwoHalves, FORMATS) as camera:
        low = camera.low.frames()
        await anext(low)
        camera.low.set_bitrate(600_000)
        raised = [await anext(low) for _ in range(5)]
        assert any(frame.keyframe for frame in raised)
        assert not raised[0].keyframe or not raised[1].keyframe


@pytest.mark.parametrize(
    ("window", "box"),
    [
        (Window(), (0, 0, 1280, 720)),
        (Window(zoom=0.1), (0, 0, 1280, 720)),
        (Window(zoom=2, x=0.5, y=0.5), (320, 180, 640, 360)),
        (Window(zoom=4, x=1.0, y=1.0), (960, 540, 320, 180)),
        (Window(zoom=99, x=-1.0, y=2.0), (0, 630, 160, 90)),
    ],
)
def test_a_part_of_a_picture(window: Window, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    picture = Picture(1280, 720)
    picture.y[:] = (np.arange(1280) // 8)[None, :]
    picture.u[:] = (np.arange(360) // 2)[:, None]
    part = picture.part(window)
    assert part.y.shape == (height, width)
    assert (part.y[0, 0], part.u[0, 0]) == (left // 8, top // 4)
