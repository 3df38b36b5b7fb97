"""The layers of the door's picture: filled while used, aimed, and bounded in their rate."""

from __future__ import annotations

import pytest

from device.services import door_layer
from device.services.door_picture import DoorPicture
from hardware.errors import MissingError, StalledError
from hardware.ports import Window
from media.hub import FrameHub
from protocol.door import Layer
from tests.support.door import eventually, media_board, running
from tests.support.loop_camera import CLOSE, LOW, VIDEO, LoopCamera

SMALL: tuple[Layer, ...] = ("low", "close")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_layer, "RETRY_FIRST_S", 0.02)


@pytest.fixture
def camera() -> LoopCamera:
    return LoopCamera()


@pytest.fixture
def picture(camera: LoopCamera) -> DoorPicture:
    return DoorPicture(media_board(camera), 1.0)


def newest_us(hub: FrameHub) -> int:
    return max((frame.at_us for frame in hub.pre_roll()), default=0)


def test_every_layer_has_a_hub_and_a_format(picture: DoorPicture) -> None:
    assert set(picture.hubs) == {"high", "low", "close"}
    assert picture.hubs["high"] is picture.high
    assert picture.formats == {"high": VIDEO, "low": LOW, "close": CLOSE}


async def test_small_layers_are_encoded_only_while_they_are_used(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    async with running(picture.film_small):
        with picture.using("low"), picture.using("low"):
            await eventually(lambda: newest_us(picture.hubs["low"]))
            assert (camera.low.taken, camera.close_up.taken) == (1, 0)
        await eventually(lambda: camera.low.taken == 0)
        assert camera.low.starts == 1


async def test_one_of_two_users_leaving_changes_nothing(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    async with running(picture.film_small):
        with picture.using("close"):
            with picture.using("close"):
                await eventually(lambda: newest_us(picture.hubs["close"]))
            seen_us = newest_us(picture.hubs["close"])
            await eventually(lambda: newest_us(picture.hubs["close"]) > seen_us)
        assert camera.close_up.starts == 1


async def test_whoever_comes_after_a_pause_gets_no_old_picture(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    hub = picture.hubs["low"]
    async with running(picture.film_small):
        with picture.using("low"):
            await eventually(lambda: len(hub.pre_roll()) > 2)
            # A wish that has just been met would let the next viewer start with this group.
            hub.request_keyframe()
            await eventually(lambda: hub.pre_roll()[0].keyframe)
        await eventually(lambda: camera.low.taken == 0)
        old_us = camera.low.encoded[-1].at_us
        with picture.using("low"), hub.watch() as viewer:
            first = await anext(viewer)
            assert first.keyframe
            assert first.at_us > old_us


async def test_a_viewer_who_stays_over_a_pause_goes_on_at_a_keyframe(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    async with running(picture.film_small):
        with picture.hubs["low"].watch() as viewer:
            with picture.using("low"):
                await anext(viewer)
            await eventually(lambda: camera.low.taken == 0)
            old_us = camera.low.encoded[-1].at_us
            with picture.using("low"):
                while (frame := await anext(viewer)).at_us <= old_us:
                    pass
                assert frame.keyframe


async def test_using_before_the_doorbell_runs_is_remembered(picture: DoorPicture) -> None:
    with picture.using("low"):
        async with running(picture.film_small):
            await eventually(lambda: newest_us(picture.hubs["low"]))


async def test_a_small_encoder_that_fails_is_tried_again(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    camera.low.failure = StalledError("The camera has shown nothing.")
    async with running(picture.film_small):
        with picture.using("low"), picture.using("close"):
            await eventually(lambda: camera.low.starts > 2)
            assert newest_us(picture.hubs["close"])
            camera.low.failure = None
            await eventually(lambda: newest_us(picture.hubs["low"]))


def test_the_newest_gesture_has_the_close_up(camera: LoopCamera, picture: DoorPicture) -> None:
    left, right = Window(2.0, 0.2, 0.5), Window(3.0, 0.8, 0.5)
    assert picture.aim("anna", left)
    assert picture.aim("ben", right)
    assert picture.aimed == right
    assert (picture.aimed_by("anna"), picture.aimed_by("ben")) == (False, True)
    picture.release("anna")
    assert picture.aimed_by("ben")
    picture.release("ben")
    picture.release("ben")
    assert not picture.aimed_by("ben")
    assert camera.close_up.windows == [left, right]


def test_a_camera_without_a_close_up_cannot_be_aimed(
    camera: LoopCamera, picture: DoorPicture
) -> None:
    camera.close_up.failure = MissingError("This camera has no close-up.")
    assert not picture.aim("anna", Window(2.0))
    assert picture.aimed == Window()
    assert not picture.aimed_by("anna")


@pytest.mark.parametrize(
    ("wanted", "rate"),
    [
        ({"anna": 180_000}, 180_000),
        ({"anna": 160_000, "ben": 190_000}, 190_000),
        ({"anna": 20_000}, 150_000),
    ],
)
def test_a_small_encoder_follows_the_highest_wish(
    camera: LoopCamera, picture: DoorPicture, wanted: dict[str, int], rate: int
) -> None:
    picture.plan_bitrate("low", wanted)
    picture.plan_bitrate("low", dict(wanted))
    assert camera.low.rates == [rate]
    picture.plan_bitrate("low", {})
    assert camera.low.rates == [rate, LOW.bitrate_bps]
    picture.plan_bitrate("low", {"anna": 9_000_000})
    assert camera.low.rates == [rate, LOW.bitrate_bps]


def test_no_wish_harms_the_recording(camera: LoopCamera, picture: DoorPicture) -> None:
    picture.plan_bitrate("high", {"anna": 100_000})
    assert camera.rates == []


def test_a_household_may_let_the_recording_shrink(camera: LoopCamera) -> None:
    picture = DoorPicture(media_board(camera), 1.0, {"high": 300_000})
    picture.plan_bitrate("high", {"anna": 100_000})
    assert camera.rates == [300_000]


async def test_the_end_reaches_the_viewers_of_every_layer(picture: DoorPicture) -> None:
    viewers = [picture.hubs[layer].watch() for layer in SMALL]
    picture.close()
    picture.close()
    for viewer in viewers:
        assert [frame async for frame in viewer] == []
