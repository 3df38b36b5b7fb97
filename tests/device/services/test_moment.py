"""The picture of a moment: the right frame, at little cost."""

from __future__ import annotations

import asyncio
import io

import av
import numpy as np
import pytest

from device.services import moment
from device.services.moment import picture_at
from media import still, timecode
from media.frames import EncodedFrame
from media.hub import FrameHub, monotonic_us
from media.still import StillError
from tests.support.loop_camera import FRAME_US, encoded_stream


def number_in(jpeg: bytes) -> int | None:
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as file:
        picture = next(file.decode(video=0)).reformat(format="yuv420p")
    return timecode.read(picture.to_ndarray()[: picture.height].astype(np.uint8))


class Camera:
    """A hub; frames are coded by hand, from `start_us` on."""

    def __init__(self, start_us: int | None = None) -> None:
        self.start_us = monotonic_us() if start_us is None else start_us
        self.wishes = 0
        self.hub = FrameHub(want_keyframe=self._wish)
        self.frames = encoded_stream(40, 10, self.start_us)

    def _wish(self) -> None:
        self.wishes += 1

    def code(self, first: int, last: int) -> None:
        for frame in self.frames[first : last + 1]:
            self.hub.publish(frame)


@pytest.mark.parametrize("number", [0, 9, 10, 17, 24])
async def test_the_frame_of_a_moment_that_has_been(number: int) -> None:
    camera = Camera()
    camera.code(0, 25)
    at_us = camera.start_us + number * FRAME_US
    assert number_in(await picture_at(camera.hub, at_us)) == number
    assert number_in(await picture_at(camera.hub, at_us + FRAME_US - 1)) == number


async def test_waits_for_a_moment_to_come_and_for_the_frame_that_ends_it() -> None:
    camera = Camera()
    camera.code(0, 15)
    async with asyncio.TaskGroup() as group:
        picture = group.create_task(picture_at(camera.hub, camera.start_us + 22 * FRAME_US + 5))
        await asyncio.sleep(0)
        assert camera.wishes == 1
        camera.code(16, 22)
        await asyncio.sleep(0.05)
        assert not picture.done()
        # A keyframe right after the moment does not push the group before it away.
        camera.code(23, 30)
    assert number_in(picture.result()) == 22


async def test_decodes_only_from_the_last_keyframe_on(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera()
    camera.code(0, 39)
    decoded: list[int] = []

    async def counting(frames: list[EncodedFrame], at_us: int) -> bytes:
        decoded.append(len(frames))
        return await still.still(frames, at_us)

    monkeypatch.setattr(moment, "still", counting)
    await picture_at(camera.hub, camera.start_us + 32 * FRAME_US)
    assert decoded == [3]


async def test_a_stalled_camera_gives_its_last_picture() -> None:
    camera = Camera()
    camera.code(0, 7)
    at_us = camera.start_us + 30 * FRAME_US
    assert number_in(await picture_at(camera.hub, at_us, late_limit_s=-0.9)) == 7


async def test_a_camera_that_never_worked_gives_none() -> None:
    with pytest.raises(StillError, match="no keyframe"):
        await picture_at(FrameHub(), monotonic_us(), late_limit_s=0.05)
    hub = FrameHub()
    hub.close()
    with pytest.raises(StillError, match="no keyframe"):
        await picture_at(hub, monotonic_us())
