import asyncio
from collections.abc import AsyncIterator

import pytest

from hardware.camera_feed import WAITING_LIMIT_FRAMES, CameraFeed
from hardware.errors import HardwareError, StalledError
from media.frames import EncodedFrame


def frame(number: int, keyframe: bool = False) -> EncodedFrame:
    return EncodedFrame("video", b"", number, keyframe)


class Asked:
    """Counts the keyframes that a feed asks its camera for."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_a_taker_starts_at_a_keyframe_and_asks_for_it() -> None:
    asked = Asked()
    feed = CameraFeed(asked)
    feed.put(frame(0, keyframe=True))
    frames = feed.frames()
    assert asked.count == 1
    for number in range(1, 5):
        feed.put(frame(number, keyframe=number == 3))
    assert [(await anext(frames)).at_us for _ in range(2)] == [3, 4]


async def test_it_is_taken_until_its_taker_leaves() -> None:
    feed = CameraFeed(Asked())
    assert not feed.taken
    frames = feed.frames()
    assert feed.taken
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(frames)
    assert not feed.taken


async def test_a_taker_that_was_replaced_leaves_the_newer_one_alone() -> None:
    feed = CameraFeed(Asked())
    first, _second = feed.frames(), feed.frames()
    assert await _all(first) == []
    assert feed.taken


async def test_after_a_drop_it_goes_on_at_the_next_keyframe() -> None:
    asked = Asked()
    feed = CameraFeed(asked)
    frames = feed.frames()
    feed.put(frame(0, keyframe=True))
    assert (await anext(frames)).at_us == 0
    for number in range(1, WAITING_LIMIT_FRAMES + 3):
        feed.put(frame(number, keyframe=number == 40))
    assert (await anext(frames)).at_us == 40
    assert asked.count == 2


async def test_silence_is_a_stall() -> None:
    feed = CameraFeed(Asked(), stall_timeout_s=0.01)
    with pytest.raises(StalledError, match=r"shown nothing for 0\.01 s"):
        await anext(feed.frames())


async def test_a_failure_reaches_this_taker_and_the_next() -> None:
    feed = CameraFeed(Asked())
    frames = feed.frames()
    feed.fail(HardwareError("burnt"))
    with pytest.raises(HardwareError, match="burnt"):
        await anext(frames)
    with pytest.raises(HardwareError, match="burnt"):
        await anext(feed.frames())


async def test_a_second_taker_ends_the_first() -> None:
    feed = CameraFeed(Asked())
    first = feed.frames()
    async with asyncio.TaskGroup() as tasks:
        ended = tasks.create_task(_all(first))
        await asyncio.sleep(0)
        second = feed.frames()
    feed.put(frame(1, keyframe=True))
    assert ended.result() == []
    assert (await anext(second)).at_us == 1
    feed.finish()
    assert await _all(second) == []


async def _all(frames: AsyncIterator[EncodedFrame]) -> list[int]:
    return [item.at_us async for item in frames]
