"""The frame hub: what every taker gets, whatever the order of events."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.frames import EncodedFrame
from media.hub import FrameHub
from media.subscription import Subscription
from tests.support.frames import FRAME_US, picture, pictures


class Camera:
    """Time that stands still until it is moved, and a count of keyframe requests."""

    def __init__(self) -> None:
        self.now_us = 0
        self.asked = 0

    def clock(self) -> int:
        return self.now_us

    def want(self) -> None:
        self.asked += 1

    def hub(self, pre_roll_s: float = 10.0) -> FrameHub:
        return FrameHub(pre_roll_s, self.want, self.clock)

    def feed(self, hub: FrameHub, frames: list[EncodedFrame]) -> None:
        for frame in frames:
            self.now_us = frame.at_us
            hub.publish(frame)


@pytest.fixture
def camera() -> Camera:
    return Camera()


def waiting(taker: Subscription) -> list[EncodedFrame]:
    frames = []
    while (frame := taker.poll()) is not None:
        frames.append(frame)
    return frames


def test_the_pre_roll_spans_its_time_and_starts_at_a_keyframe(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(1000, group=45))
    held = hub.pre_roll()
    assert held[0].keyframe
    assert 10_000_000 <= held[-1].at_us - held[0].at_us < 10_000_000 + 45 * FRAME_US
    assert held == pictures(1000, group=45)[-len(held) :]


def test_the_latest_group_is_the_last_keyframe_and_what_followed(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(65))
    assert hub.latest_group() == pictures(65)[60:]


@given(
    keys=st.lists(st.booleans(), max_size=120),
    joins=st.integers(min_value=0, max_value=120),
    pulls=st.lists(st.integers(min_value=0, max_value=5), max_size=120),
    span_s=st.floats(min_value=0.0, max_value=3.0),
)
def test_a_recording_loses_and_doubles_nothing(
    keys: list[bool], joins: int, pulls: list[int], span_s: float
) -> None:
    hub = FrameHub(span_s, clock=lambda: 0)
    stream = [picture(index, key) for index, key in enumerate(keys)]
    for frame in stream[:joins]:
        hub.publish(frame)
    taken: list[EncodedFrame] = []
    with hub.record() as taker:
        for step, frame in enumerate(stream[joins:]):
            hub.publish(frame)
            for _ in range(pulls[step] if step < len(pulls) else 0):
                taken.extend(filter(None, [taker.poll()]))
        taken.extend(waiting(taker))
        assert (taker.gaps, taker.dropped) == (0, 0)
    assert taken == stream[len(stream) - len(taken) :]
    assert all(frame.keyframe for frame in taken[:1])
    if any(keys):
        assert taken


@given(
    keys=st.lists(st.booleans(), min_size=1, max_size=200),
    pulls=st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=200),
    limit=st.integers(min_value=1, max_value=20),
    live=st.booleans(),
)
def test_every_part_that_a_slow_taker_gets_starts_at_a_keyframe(
    keys: list[bool], pulls: list[int], limit: int, live: bool
) -> None:
    hub = FrameHub(clock=lambda: 10**9)
    taker = hub.watch() if live else hub.record(limit)
    stream = [picture(index * 10, key) for index, key in enumerate(keys)]
    taken: list[EncodedFrame] = []
    for step, frame in enumerate(stream):
        hub.publish(frame)
        for _ in range(pulls[step % len(pulls)]):
            taken.extend(filter(None, [taker.poll()]))
    taken.extend(waiting(taker))
    places = [stream.index(frame) for frame in taken]
    assert places == sorted(set(places))
    jumps = [b for a, b in zip([-1, *places], places, strict=False) if b != a + 1]
    assert all(stream[place].keyframe for place in jumps)
    assert all(frame.keyframe for frame in taken[:1])
    first = keys.index(True) if any(keys) else len(keys)
    if taker.gaps == 0:
        assert places == list(range(first, len(stream)))
    else:
        assert taker.dropped >= taker.gaps
        assert len(taken) + taker.dropped == len(stream) - first


def test_a_full_recording_is_a_counted_gap(camera: Camera) -> None:
    hub = camera.hub()
    with hub.record(limit_frames=40) as taker:
        camera.feed(hub, pictures(50))
        assert (taker.gaps, taker.dropped) == (1, 10)
        first = waiting(taker)
        camera.feed(hub, pictures(70)[50:])
        assert (taker.gaps, taker.dropped) == (1, 20)
        assert first + waiting(taker) == pictures(40) + pictures(70)[60:]


def test_a_viewer_asks_for_a_keyframe_and_starts_with_it(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(20))
    with hub.watch() as taker:
        assert camera.asked == 1
        camera.feed(hub, [picture(20), picture(21, keyframe=True), picture(22)])
        assert waiting(taker) == [picture(21, keyframe=True), picture(22)]
        assert taker.dropped == 0


def test_a_young_keyframe_serves_the_next_viewer(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(33))
    with hub.watch() as taker:
        assert camera.asked == 0
        assert waiting(taker) == pictures(33)[30:]


def test_a_second_viewer_shortly_after_the_first_does_not_wait(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(20))
    answer = [picture(20, keyframe=True), *(picture(index) for index in range(21, 30))]
    with hub.watch(), hub.watch() as second:
        assert camera.asked == 1
        camera.feed(hub, answer)
        with hub.watch() as third:
            assert camera.asked == 1
            assert waiting(third) == waiting(second) == answer


def test_wishes_are_coalesced_and_never_forgotten(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(3))
    hub.request_keyframe()
    camera.feed(hub, [picture(3, keyframe=True)])
    for index in range(4, 15):
        hub.request_keyframe()
        camera.feed(hub, [picture(index)])
    assert camera.asked == 1
    camera.feed(hub, [picture(index) for index in range(15, 20)])
    assert camera.asked == 2
    camera.feed(hub, [picture(20, keyframe=True), *(picture(index) for index in range(21, 90))])
    assert camera.asked == 2


def test_a_camera_that_overhears_a_wish_is_asked_again(camera: Camera) -> None:
    hub = camera.hub()
    hub.request_keyframe()
    camera.feed(hub, [picture(index) for index in range(65)])
    assert camera.asked == 5


def test_a_slow_viewer_jumps_to_the_next_keyframe(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, [picture(0, keyframe=True)])
    with hub.watch() as taker:
        camera.feed(hub, [picture(index) for index in range(1, 40)])
        assert waiting(taker) == []
        assert camera.asked == 1
        camera.feed(hub, [picture(40, keyframe=True)])
        assert waiting(taker) == [picture(40, keyframe=True)]
        assert (taker.gaps, taker.dropped) == (1, 40)


async def test_a_taker_waits_for_the_next_frame(camera: Camera) -> None:
    hub = camera.hub()
    with hub.record() as taker:
        async with asyncio.TaskGroup() as group:
            next_frame = group.create_task(anext(taker))
            await asyncio.sleep(0)
            hub.publish(picture(0, keyframe=True))
        assert next_frame.result() == picture(0, keyframe=True)


async def test_closing_the_hub_ends_every_taker_after_what_waits(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(3))
    recording, viewer = hub.record(), hub.watch()
    hub.close()
    hub.close()
    hub.publish(picture(3))
    assert [frame async for frame in recording] == pictures(3)
    assert [frame async for frame in viewer] == pictures(3)
    assert [frame async for frame in hub.watch()] == []


async def test_a_closed_subscription_gives_nothing_more(camera: Camera) -> None:
    hub = camera.hub()
    with hub.record() as taker:
        camera.feed(hub, pictures(3))
    taker.close()
    assert [frame async for frame in taker] == []


def test_after_a_pause_nobody_starts_with_what_was_before(camera: Camera) -> None:
    hub = camera.hub()
    camera.feed(hub, pictures(5))
    hub.request_keyframe()
    camera.feed(hub, [picture(5, keyframe=True)])
    stays = hub.watch()
    # The keyframe is young and its wish is met: without the pause it would be handed on.
    hub.pause()
    comes, asked = hub.watch(), camera.asked
    assert (hub.pre_roll(), waiting(comes)) == ([], [])
    assert asked == 2
    late = [picture(6), picture(7, keyframe=True), picture(8)]
    camera.feed(hub, late)
    assert waiting(comes) == late[1:]
    assert [frame.at_us for frame in waiting(stays)][-1] == late[-1].at_us
