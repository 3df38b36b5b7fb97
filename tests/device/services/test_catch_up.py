"""Sending old frames: faster than they came, side by side, and again after a loss."""

from __future__ import annotations

import asyncio

from device.services.catch_up import CatchUp, Rewindable
from media.frames import EncodedFrame
from media.hub import FrameHub
from tests.support.frames import pictures

FAST_BPS = 1e12


def sounds(count: int, start_us: int = 0) -> list[EncodedFrame]:
    return [EncodedFrame("audio", b"x", start_us + n * 20_000, True) for n in range(count)]


def recorded(frames: list[EncodedFrame], finished: bool = True) -> Rewindable:
    hub = FrameHub(60.0, clock=lambda: 0)
    for frame in frames:
        hub.publish(frame)
    subscription = hub.record()
    if finished:
        subscription.finish()
    return Rewindable(subscription)


async def test_sound_stays_beside_its_pictures() -> None:
    flow = CatchUp(recorded(pictures(90)), recorded(sounds(150)), 0, FAST_BPS)
    sent: list[EncodedFrame] = []

    async def send_pictures() -> None:
        async for frame in flow.pictures():
            sent.append(frame)
            await asyncio.sleep(0)

    async def send_sounds() -> None:
        sent.extend([frame async for frame in flow.sounds()])

    async with asyncio.TaskGroup() as group:
        group.create_task(send_sounds())
        group.create_task(send_pictures())
    await flow.over()
    assert len(sent) == 240
    shown_us = 0
    for frame in sent[:200]:
        if frame.kind == "video":
            shown_us = frame.at_us
        else:
            assert frame.at_us <= shown_us + 340_000


async def test_sound_from_before_the_first_picture_is_left_out() -> None:
    flow = CatchUp(recorded([]), recorded(sounds(10)), 100_000, FAST_BPS)
    assert [frame.at_us async for frame in flow.sounds()] == [
        100_000, 120_000, 140_000, 160_000, 180_000,
    ]  # fmt: skip


async def test_sound_does_not_wait_for_a_camera_that_has_stopped() -> None:
    flow = CatchUp(recorded([], finished=False), recorded(sounds(500)), 0, FAST_BPS)
    assert len([frame async for frame in flow.sounds()]) == 500


async def test_frames_are_spread_over_time() -> None:
    big = [EncodedFrame("video", bytes(940), n, n == 0) for n in range(11)]
    flow = CatchUp(recorded(big), recorded([]), 0, rate_bps=80_000)
    loop = asyncio.get_running_loop()
    started = loop.time()
    # A thousand bytes with what surrounds them take a tenth of a second at this rate.
    arrivals = []
    async for _ in flow.pictures():
        arrivals.append(loop.time() - started)
        if len(arrivals) == 3:
            break
    assert arrivals[0] < 0.05
    assert arrivals[2] > 0.19


async def test_rewinding_gives_the_last_seconds_again_and_loses_nothing() -> None:
    stream = pictures(600)
    frames = recorded(stream)
    taken = [await frames.take() for _ in range(450)]
    assert taken == stream[:450]
    peeked = await frames.first()
    frames.rewind()
    again = [await frames.take() for _ in range(480)]
    assert again[0].keyframe
    assert again == stream[120:]
    assert peeked == stream[450]
    assert stream[449].at_us - again[0].at_us >= 10_000_000
