from collections.abc import Iterator
from pathlib import Path

import gpiozero
import numpy as np
import pytest

from hardware.errors import MissingError
from hardware.options import Pins
from hardware.twin.visitor import WALK_S, Doing
from hardware.twin.world import GREETING_DELAY_S, PATIENCE_S, PRESS_HOLD_S, World
from tests.support.hand_turned_time import VirtualTimers


@pytest.fixture
def timers() -> VirtualTimers:
    return VirtualTimers()


@pytest.fixture
def world(timers: VirtualTimers) -> Iterator[World]:
    greeting = np.full(480, 1000, np.int16)
    world = World(greeting=greeting, now=timers.clock.now, start_timer=timers.start)
    pins = Pins()
    with (
        gpiozero.Button(pins.button, pin_factory=world.factory),
        gpiozero.DigitalInputDevice(pins.motion, pin_factory=world.factory),
    ):
        yield world
    world.close()


def story(world: World) -> list[tuple[str, bool]]:
    return [(happening.part, happening.active) for happening in world.history]


def test_a_press_is_a_press_and_a_release(world: World, timers: VirtualTimers) -> None:
    world.press()
    assert story(world) == [("button", True)]
    timers.advance(PRESS_HOLD_S)
    assert story(world) == [("button", True), ("button", False)]
    assert not world.active("button")


def test_the_visitor_who_rang_stands_there_and_gives_up(
    world: World, timers: VirtualTimers
) -> None:
    world.press()
    timers.advance(5)
    pose = world.pose()
    assert pose is not None
    assert pose.near == 1
    timers.advance(PATIENCE_S + WALK_S)
    assert world.pose() is None


def test_walking_past_moves_the_motion_sensor_until_they_are_gone(
    world: World, timers: VirtualTimers
) -> None:
    world.walk_past()
    assert world.active("motion")
    timers.advance(1)
    pose = world.pose()
    assert pose is not None
    assert pose.doing is Doing.COMING
    timers.advance(60)
    assert story(world) == [("motion", True), ("motion", False)]


def test_a_press_during_a_walk_keeps_them_here(world: World, timers: VirtualTimers) -> None:
    world.walk_past()
    timers.advance(2)
    world.press()
    timers.advance(30)
    assert world.active("motion")
    world.leave()
    timers.advance(WALK_S + 0.1)
    assert not world.active("motion")
    assert world.pose() is None


def test_clearing_ends_everything_at_once(world: World) -> None:
    world.walk_past()
    world.clear()
    assert not world.active("motion")
    assert world.pose() is None
    world.leave()


def test_the_visitor_greets_after_the_press(world: World, timers: VirtualTimers) -> None:
    world.press()
    now_s = timers.clock.now()
    assert world.voice.at(now_s, 960) is None
    spoken = world.voice.at(now_s + GREETING_DELAY_S, 960)
    assert spoken is not None
    assert spoken.tolist() == [1000] * 480 + [0] * 480


def test_happenings_have_monotonic_times(world: World, timers: VirtualTimers) -> None:
    world.press()
    timers.advance(1)
    world.press()
    times = [happening.at_us for happening in world.history_of("button")]
    assert len(times) == 3
    assert times == sorted(times)


def test_speaking_a_file_that_is_not_there(world: World) -> None:
    with pytest.raises(MissingError, match=r"There is no file words\.wav"):
        world.speak(Path("words.wav"))


def test_speaking_a_file_that_is_no_sound(world: World) -> None:
    with pytest.raises(MissingError, match=r"test_world\.py cannot be read as sound"):
        world.speak(Path(__file__))
