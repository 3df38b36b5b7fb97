"""How the Pi's board joins camera, motion and infra-red light."""

import asyncio
from typing import Literal

import pytest

from hardware.either_sensor import EitherSensor
from hardware.options import BoardOptions, PictureMotion, Pins
from hardware.patient_parts import PatientSensor
from hardware.picture_sensor import PictureSensor
from hardware.planes import Plane
from hardware.registry import open_board
from tests.support.small_picamera2 import Bench, install

# A wall is learned for two seconds before anybody counts.
SEEN_TIMEOUT_S = 20.0


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return install(monkeypatch)


def board_with(
    motion: Literal["sensor", "picture", "both"], infrared: int | None = None
) -> BoardOptions:
    return BoardOptions(
        width=320, height=180, motion=motion, pins=Pins(infrared=infrared),
        picture_motion=PictureMotion(8),
    )  # fmt: skip


def test_motion_comes_from_where_the_settings_say(bench: Bench) -> None:
    assert isinstance(open_board("pi", board_with("sensor")).motion, PatientSensor)
    assert isinstance(open_board("pi", board_with("picture")).motion, PictureSensor)
    assert isinstance(open_board("pi", board_with("both")).motion, EitherSensor)


async def test_who_walks_before_the_camera_moves_the_sensor(bench: Bench) -> None:
    walks = False

    def paint(luma: Plane, number: int) -> None:
        luma[:] = 100
        if walks and luma.shape[0] < 180:
            left = number * 4 % 130
            luma[20:80, left : left + 24] = 30

    bench.paint = paint
    board = open_board("pi", board_with("picture"))
    async with asyncio.timeout(SEEN_TIMEOUT_S), board.motion, board.camera:
        edges, frames = board.motion.edges(), board.camera.frames()
        for _ in range(80):
            await anext(frames)
        assert not board.motion.active
        walks = True
        edge = await anext(edges)
        assert edge.active


async def test_a_lost_chip_of_pins_costs_the_infrared_light_only(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    board = open_board("pi", board_with("picture", infrared=25))
    async with board.camera:
        assert (await anext(board.camera.frames())).keyframe
    assert "no infra-red light" in caplog.text
