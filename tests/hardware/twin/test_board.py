import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hardware.contracts import (
    check_board,
    check_camera,
    check_chime,
    check_indicator,
    check_light,
    check_lock,
    check_microphone,
    check_sensor,
    check_speaker,
)
from hardware.errors import ClosedError, StalledError
from hardware.options import BoardOptions, Pins, Wired
from hardware.twin.board import TwinBoard, open_twin
from hardware.twin.control import send

SMALL = BoardOptions(width=320, height=180, bitrate_bps=300_000)


@pytest.fixture
def twin() -> TwinBoard:
    return open_twin(SMALL)


def seen(twin: TwinBoard, part: str) -> Callable[[], bool]:
    return partial(twin.world.active, part)


async def test_board() -> None:
    await check_board(lambda: open_twin(SMALL))


async def test_camera(twin: TwinBoard) -> None:
    await check_camera(twin.camera)


async def test_microphone(twin: TwinBoard) -> None:
    await check_microphone(twin.microphone)


async def test_speaker(twin: TwinBoard) -> None:
    await check_speaker(twin.speaker)


async def test_button(twin: TwinBoard) -> None:
    await check_sensor(twin.button, lambda on: twin.world.press() if on else twin.world.release())
    twin.world.close()


async def test_motion(twin: TwinBoard) -> None:
    await check_sensor(twin.motion, lambda on: twin.world.walk_past() if on else twin.world.clear())
    twin.world.close()


async def test_lock(twin: TwinBoard) -> None:
    await check_lock(twin.lock, seen(twin, "lock"))


async def test_light(twin: TwinBoard) -> None:
    await check_light(twin.light, seen(twin, "light"))


async def test_chime(twin: TwinBoard) -> None:
    await check_chime(twin.chime, seen(twin, "chime"))


async def test_indicator(twin: TwinBoard) -> None:
    await check_indicator(twin.indicator)


async def test_the_world_remembers_what_the_parts_did(twin: TwinBoard) -> None:
    async with twin:
        twin.lock.pulse(5)
        twin.lock.secure()
        twin.light.switch(True)
    happened = [(happening.part, happening.active) for happening in twin.world.history]
    assert happened == [("lock", True), ("lock", False), ("light", True), ("light", False)]


async def test_it_is_driven_through_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "twin.sock"
    options = BoardOptions(width=320, height=180, control_socket=path)
    async with open_twin(options) as twin:
        edges = twin.button.edges()
        await asyncio.to_thread(send, path, "press")
        async with asyncio.timeout(2):
            assert [(await anext(edges)).active, (await anext(edges)).active] == [True, False]
    assert not path.is_socket()


async def test_a_stalled_camera_is_noticed() -> None:
    async with open_twin(SMALL, stall_timeout_s=0.5) as twin:
        frames = twin.camera.frames()
        assert (await anext(frames)).keyframe
        twin.world.stalled = True
        with pytest.raises(StalledError, match="shown nothing"):
            async for _ in frames:
                pass
        twin.world.stalled = False
        assert (await anext(twin.camera.frames())).keyframe


async def test_two_twins_in_one_process_do_not_touch_each_other() -> None:
    async with open_twin(SMALL) as one, open_twin(SMALL) as other:
        one.lock.pulse(5)
        assert other.lock.unlocked is False
        assert other.world.history == ()


async def test_a_board_that_was_never_opened(twin: TwinBoard) -> None:
    with pytest.raises(ClosedError):
        twin.camera.frames()
    await twin.close()


async def test_parts_may_be_wired_the_other_way_round() -> None:
    every: frozenset[Wired] = frozenset({"button", "motion", "lock", "light", "chime", "indicator"})
    pins = Pins(lock=6, inverted=every)
    async with open_twin(replace(SMALL, pins=pins)) as twin:
        assert not twin.button.active
        assert not twin.motion.active
        assert not twin.world.history
        edges = twin.button.edges()
        twin.world.press()
        assert (await anext(edges)).active
        twin.lock.pulse(5)
        assert twin.world.active("lock")
        assert not twin.world.factory.pin(pins.lock).state
