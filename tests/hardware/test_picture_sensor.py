"""Motion in the picture as a sensor: alone, beside a PIR, and on the twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from hardware import either_sensor
from hardware.bridge import Bridge, now_us
from hardware.contracts import check_sensor
from hardware.either_sensor import EitherSensor, chosen
from hardware.errors import ClosedError, MissingError
from hardware.options import BoardOptions, PictureMotion
from hardware.picture_sensor import HOLD_US, LOOK_EVERY_US, PictureSensor
from hardware.planes import Plane
from hardware.ports import Edge
from hardware.twin.board import open_twin

WALL: Plane = np.full((90, 160), 100, np.uint8)
# The longest that a visitor of the twin may take to be seen, on a machine that is busy.
SEEN_TIMEOUT_S = 20.0


class Film:
    """Shows pictures to a sensor, as a camera's thread would, with the time that has to pass."""

    def __init__(self, sensor: PictureSensor) -> None:
        self.sensor = sensor
        self.at_us = now_us() - 1_000_000_000
        self.left = 0

    def shows(self, looks: int, *, someone: bool) -> None:
        for _ in range(looks):
            luma = WALL.copy()
            if someone:
                self.left = (self.left + 8) % 120
                luma[20:80, self.left : self.left + 30] = 30
            self.at_us += LOOK_EVERY_US
            if self.sensor.due(self.at_us):
                self.sensor.see(luma, self.at_us)

    def stimulate(self, active: bool) -> None:
        """Someone comes, after the wall was learned; or has gone long enough."""
        if active:
            self.shows(60, someone=False)
            self.shows(8, someone=True)
        else:
            self.shows(HOLD_US // LOOK_EVERY_US + 40, someone=False)


class HandSensor:
    """A sensor that the test moves by hand; it may be missing."""

    def __init__(self, *, missing: bool = False) -> None:
        self.missing, self.active_now = missing, False
        self.bridge: Bridge[Edge] | None = None
        self.taken = asyncio.Event()

    async def __aenter__(self) -> HandSensor:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self.bridge:
            self.bridge.close()

    @property
    def active(self) -> bool:
        if self.missing:
            raise MissingError("There is no such pin.")
        return self.active_now

    def edges(self) -> AsyncIterator[Edge]:
        if self.missing:
            raise MissingError("There is no such pin.")
        self.bridge = Bridge[Edge](limit=None)
        self.taken.set()
        return self.bridge

    def turn(self, active: bool) -> None:
        self.active_now = active
        if self.bridge:
            self.bridge.put(Edge(active, now_us()))


async def test_it_keeps_the_promises_of_a_sensor() -> None:
    sensor = PictureSensor(PictureMotion())
    await check_sensor(sensor, Film(sensor).stimulate)


@pytest.mark.parametrize("by", ["hand", "picture"])
async def test_both_together_keep_the_promises_of_a_sensor(by: str) -> None:
    hand, picture = HandSensor(), PictureSensor(PictureMotion())
    stimulate = hand.turn if by == "hand" else Film(picture).stimulate
    await check_sensor(EitherSensor([hand, picture]), stimulate)


def test_it_looks_ten_times_a_second_and_only_while_it_is_open() -> None:
    sensor = PictureSensor(PictureMotion())
    assert not sensor.due(now_us())
    sensor.see(WALL, 0)
    with pytest.raises(ClosedError):
        sensor.edges()


async def test_it_is_not_shown_more_than_it_looks_at() -> None:
    async with PictureSensor(PictureMotion()) as sensor:
        due = 0
        for at_us in range(10**9, 10**9 + 60 * 33_333, 33_333):
            if sensor.due(at_us):
                sensor.see(WALL, at_us)
                due += 1
        assert due == 20


async def test_who_stands_still_for_a_moment_is_still_there() -> None:
    async with PictureSensor(PictureMotion()) as sensor:
        film = Film(sensor)
        film.stimulate(True)
        film.shows(HOLD_US // LOOK_EVERY_US // 2, someone=False)
        assert sensor.active
        film.stimulate(False)
        assert not sensor.active


async def test_a_camera_that_ends_sees_nobody() -> None:
    async with PictureSensor(PictureMotion()) as sensor:
        edges = sensor.edges()
        Film(sensor).stimulate(True)
        sensor.blind()
        assert [(await anext(edges)).active for _ in range(2)] == [True, False]


async def test_either_is_active_while_any_is() -> None:
    one, two = HandSensor(), HandSensor()
    async with EitherSensor([one, two]) as both:
        edges = both.edges()
        one.turn(True)
        assert (await anext(edges)).active
        two.turn(True)
        one.turn(False)
        assert both.active
        two.turn(False)
        edge = await anext(edges)
        assert not edge.active
        assert not both.active


async def test_one_that_is_missing_costs_only_itself_and_may_come(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(either_sensor, "RETRY_S", 0.001)
    lost, works = HandSensor(missing=True), HandSensor()
    async with EitherSensor([lost, works]) as both:
        edges = both.edges()
        works.turn(True)
        assert (await anext(edges)).active
        works.turn(False)
        assert not (await anext(edges)).active
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            later = group.create_task(_next(edges))
            await asyncio.sleep(0.01)
            assert not both.active
            lost.missing = False
            await lost.taken.wait()
            lost.turn(True)
        assert later.result().active
    assert caplog.text.count("one motion sensor of several does not work") == 1


async def _next(edges: AsyncIterator[Edge]) -> Edge:
    return await anext(edges)


def test_the_settings_choose() -> None:
    pir, picture = HandSensor(), PictureSensor(PictureMotion())
    assert chosen("sensor", lambda: pir, picture) is pir
    assert chosen("picture", lambda: pir, picture) is picture
    assert isinstance(chosen("both", lambda: pir, picture), EitherSensor)


async def test_the_twin_sees_its_visitor_in_the_picture() -> None:
    options = BoardOptions(
        width=320, height=180, fps=15, motion="picture", sound="silence",
        picture_motion=PictureMotion(sensitivity=8),
    )  # fmt: skip
    async with asyncio.timeout(SEEN_TIMEOUT_S), open_twin(options) as board:
        edges, frames = board.motion.edges(), board.camera.frames()
        for _ in range(50):
            await anext(frames)
        assert not board.motion.active
        board.world.press()
        assert (await anext(edges)).active
        assert board.world.history_of("motion") == ()


async def test_the_loop_has_no_pictures_to_look_at() -> None:
    with pytest.raises(MissingError, match="no pictures that could be looked at"):
        open_twin(BoardOptions(camera="loop", motion="both"))
