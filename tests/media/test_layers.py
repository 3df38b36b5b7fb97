"""A viewer's switch between encodings, and the frames that are left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from media.frames import EncodedFrame
from media.hub import FrameHub
from media.layers import SAME_PICTURE_US, LayerName, LayerSwitch, Pace, Thinner
from tests.support.frames import FRAME_US, pictures


class Door:
    """Two hubs that a test fills by hand; time is that of the newest frame."""

    def __init__(self) -> None:
        self.now_us = 0
        self.asked: list[LayerName] = []
        self.used: dict[LayerName, int] = {"high": 0, "low": 0}
        self.hubs: dict[LayerName, FrameHub] = {
            "high": FrameHub(1.0, lambda: self.asked.append("high"), lambda: self.now_us),
            "low": FrameHub(0.0, lambda: self.asked.append("low"), lambda: self.now_us),
        }
        self.switched: list[LayerName] = []
        self.switch = LayerSwitch(
            self.hubs, self.using, lambda frame: self.switched.append(self.switch.layer)
        )

    @contextmanager
    def using(self, layer: LayerName) -> Iterator[None]:
        self.used[layer] += 1
        try:
            yield
        finally:
            self.used[layer] -= 1

    def publish(self, layer: LayerName, index: int, keyframe: bool = False) -> None:
        self.now_us = index * FRAME_US
        data = layer.encode() + b"%d" % index
        self.hubs[layer].publish(EncodedFrame("video", data, self.now_us, keyframe))

    async def taken(self) -> list[str]:
        """What the viewer gets now."""
        got: list[str] = []
        while True:
            try:
                frame = await asyncio.wait_for(anext(self.switch), 0.01)
            except TimeoutError:
                return got
            got.append(frame.data.decode())


@pytest.fixture
async def door() -> Door:
    door = Door()
    door.publish("high", 0, keyframe=True)
    assert await door.taken() == ["high0"]
    return door


async def test_the_layer_before_goes_on_until_a_keyframe_of_the_new_one(door: Door) -> None:
    door.switch.want("low")
    assert door.asked == ["low"]
    assert door.used == {"high": 1, "low": 1}
    door.publish("low", 1)
    door.publish("high", 2)
    assert await door.taken() == ["high2"]
    assert door.switch.layer == "high"
    door.publish("high", 3)
    door.publish("low", 3, keyframe=True)
    door.publish("low", 4)
    door.publish("high", 4)
    assert await door.taken() == ["low3", "low4"]
    assert door.switched == ["low"]
    assert door.used == {"high": 0, "low": 1}


async def test_a_cut_sends_nothing_more_of_the_layer_before(door: Door) -> None:
    door.switch.want("low", cut=True)
    door.publish("high", 1)
    assert await door.taken() == []
    door.publish("low", 2, keyframe=True)
    assert await door.taken() == ["low2"]


async def test_time_stamps_never_go_back(door: Door) -> None:
    door.publish("low", 1, keyframe=True)
    door.publish("high", 2)
    assert await door.taken() == ["high2"]
    door.switch.want("low")
    door.publish("low", 3)
    door.publish("high", 3)
    assert await door.taken() == ["high3"]
    assert "low" in door.asked
    door.publish("low", 4, keyframe=True)
    assert await door.taken() == ["low4"]


async def test_a_keyframe_of_the_picture_that_was_just_sent_is_taken_over(door: Door) -> None:
    door.switch.want("low")
    door.publish("high", 1)
    assert await door.taken() == ["high1"]
    door.publish("low", 1, keyframe=True)
    first = await asyncio.wait_for(anext(door.switch), 1)
    assert (first.data, first.at_us) == (b"low1", FRAME_US + SAME_PICTURE_US)
    door.publish("low", 2)
    assert await door.taken() == ["low2"]


async def test_a_wish_that_is_taken_back_leaves_the_layer_as_it_is(door: Door) -> None:
    door.switch.want("low")
    door.switch.want("high")
    door.publish("low", 1, keyframe=True)
    door.publish("high", 1)
    assert await door.taken() == ["high1"]
    assert door.used == {"high": 1, "low": 0}
    assert door.switched == []


async def test_a_wish_before_the_first_frame_is_where_it_begins() -> None:
    door = Door()
    door.switch.want("low")
    assert door.used == {"high": 0, "low": 0}
    door.publish("low", 0, keyframe=True)
    assert await door.taken() == ["low0"]
    assert door.used == {"high": 0, "low": 1}


async def test_the_viewer_asks_the_layer_that_it_gets(door: Door) -> None:
    door.now_us = 10_000_000
    door.switch.request_keyframe()
    door.switch.want("low")
    door.publish("low", 400, keyframe=True)
    await door.taken()
    door.now_us = 20_000_000
    door.asked.clear()
    door.switch.request_keyframe()
    assert door.asked == ["low"]


async def test_closing_leaves_the_hubs_and_ends_the_iteration(door: Door) -> None:
    door.switch.want("low")
    door.switch.close()
    door.switch.close()
    assert door.used == {"high": 0, "low": 0}
    assert [frame async for frame in door.switch] == []


@pytest.mark.parametrize(("pace", "kept"), [("full", 60), ("half", 2 * 16), ("keyframes", 2)])
def test_thinned_frames_are_the_end_of_their_groups(pace: Pace, kept: int) -> None:
    thinner = Thinner()
    thinner.pace = pace
    passed = [frame for frame in pictures(60) if thinner.passes(frame)]
    assert len(passed) == kept
    assert [frame.keyframe for frame in passed].count(True) == 2


def test_frames_after_a_left_out_one_wait_for_a_keyframe() -> None:
    thinner = Thinner()
    frames = pictures(60)
    thinner.pace = "keyframes"
    assert [thinner.passes(frame) for frame in frames[:3]] == [True, False, False]
    thinner.pace = "full"
    assert not any(thinner.passes(frame) for frame in frames[3:30])
    assert all(thinner.passes(frame) for frame in frames[30:])
