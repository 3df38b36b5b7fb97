"""Whole calls between the doorbell's services and phones, over an emulated network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device.services.calls import Calls
from device.services.door_media import DoorMedia
from protocol.door import Phone
from tests.support.door import (
    LOCKED,
    NotingCounter,
    NotingDesk,
    a_phone,
    eventually,
    media_board,
    running,
)
from tests.support.entrance import Entrance
from tests.support.link_emulator import Conditions, EmulatedNetwork
from tests.support.loop_camera import CLOSE, VIDEO, LoopCamera
from tests.support.telling_phone import TellingPhone

LONG_S = 60.0


class House:
    """A doorbell's pictures and calls, running."""

    def __init__(self, folder: Path) -> None:
        self.camera = LoopCamera(group=60)
        self.media = DoorMedia(media_board(self.camera))
        self.entrance = Entrance(folder)
        self.calls = Calls(
            self.media, NotingDesk(), lambda call: None, LOCKED, gate=self.entrance.gate,
            household_desk=NotingCounter(),
        )  # fmt: skip

    async def connect(self, phone: TellingPhone, call: str, caller: Phone | None) -> None:
        await self.entrance.connect(self.calls, phone, call, caller)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    async with running(house.media.run, house.calls.run):
        await eventually(lambda: len(house.camera.encoded) > 10)
        yield house


async def test_a_blackout_takes_the_large_picture_from_a_phone_and_not_from_the_recorder(
    house: House,
) -> None:
    network = EmulatedNetwork(seed=1, up=Conditions(delay_ms=10), down=Conditions(delay_ms=10))
    with house.media.video.record() as recorded:
        async with network, TellingPhone(network) as phone:
            await house.connect(phone, "call-0001", a_phone())
            await phone.until(lambda: len(phone.pictures) > 30 and phone.states)
            network.blackout(2.0)
            await eventually(lambda: phone.layers[-1] == ("low", "network"), LONG_S)
            assert house.camera.low.taken == 1
            await eventually(lambda: phone.layers[-1] == ("high", "recovered"), LONG_S)
        assert phone.layers == [("high", "start"), ("low", "network"), ("high", "recovered")]
        await eventually(lambda: house.camera.low.taken == 0)
        kept = list(iter(recorded.poll, None))
    assert kept == house.camera.encoded[: len(kept)]
    assert recorded.gaps == 0
    assert house.camera.rates == []


async def test_whoever_looks_closer_gets_the_close_up_and_knows_from_which_picture_on(
    house: House,
) -> None:
    network = EmulatedNetwork(seed=2, down=Conditions(delay_ms=40, jitter_ms=30))
    async with network, TellingPhone(network) as phone:
        await house.connect(phone, "call-0001", a_phone())
        await phone.until(lambda: len(phone.pictures) > 10 and phone.layers)
        phone.look(4.0, 0.25, 0.75)
        await eventually(lambda: phone.pictures[-1][1] == CLOSE.height, LONG_S)
        await eventually(lambda: phone.layers[-1] == ("close", "close_up"), LONG_S)
        await eventually(lambda: phone.shown, LONG_S)
        near = phone.shown[0]
        assert (near.x, near.y) == (0.25, 0.75)
        phone.look(1.0)
        await eventually(lambda: phone.layers[-1][0] == "high", LONG_S)
        await eventually(lambda: phone.shown[-1].zoom == 1, LONG_S)
        await eventually(lambda: phone.pictures[-1][1] == VIDEO.height, LONG_S)
        far = phone.shown[-1]
        small = [time for time, height in phone.pictures if height == CLOSE.height]
        large_again = next(t for t, h in phone.pictures if h == VIDEO.height and t > small[-1])
        assert near.from_rtp is not None
        assert far.from_rtp is not None
        # The phone counts its pictures' times from an origin of its own.
        assert (far.from_rtp - near.from_rtp) % 2**32 == large_again - small[0]
    await eventually(lambda: house.camera.close_up.taken == 0)
