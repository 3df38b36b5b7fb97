"""A doorbell's media and calls, without anything else of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from device.services.call import CallLimits
from device.services.calls import Calls
from device.services.door_media import DoorMedia
from protocol.control import Trace
from protocol.door import Phone
from protocol.link import CallAnswer, CallOffer, CallRefused
from tests.support.door import (
    LOCKED,
    NotingCounter,
    NotingDesk,
    eventually,
    media_board,
    running,
)
from tests.support.entrance import Entrance
from tests.support.loop_camera import ListSpeaker, LoopCamera
from tests.support.phone import LoopPhone


class House:
    """A doorbell's media and calls, running; `folder` is for the household's file."""

    def __init__(self, folder: Path, limits: CallLimits | None = None) -> None:
        self.camera, self.speaker, self.desk = LoopCamera(), ListSpeaker(), NotingDesk()
        self.counter = NotingCounter()
        self.media = DoorMedia(media_board(self.camera, speaker=self.speaker))
        self.entrance = Entrance(folder)
        self.ended: list[str] = []
        self.traces: list[Trace] = []
        self.calls = Calls(
            self.media, self.desk, self.ended.append, LOCKED, gate=self.entrance.gate,
            household_desk=self.counter, limits=limits or CallLimits(),
            traced=self.traces.append,
        )  # fmt: skip
        self.entrance.household.watch(self.calls.review)

    async def connect(
        self, phone: LoopPhone, call: str = "call-0001", caller: Phone | None = None,
        answers: str | None = None,
    ) -> None:  # fmt: skip
        """`phone` calls under the name and with the rights of `caller`, or with a view token."""
        await self.entrance.connect(self.calls, phone, call, caller, answers)

    async def call(
        self, phone: LoopPhone, call: str = "call-0001", caller: Phone | None = None
    ) -> CallAnswer | CallRefused:
        """What the doorbell says, without the phone taking it."""
        return await self.offered(await self.entrance.offer(phone, call, caller))

    async def offered(self, offer: CallOffer) -> CallAnswer | CallRefused:
        """What the doorbell says to any offer."""
        return await self.entrance.call(self.calls, offer)


@asynccontextmanager
async def a_house(limits: CallLimits | None = None) -> AsyncIterator[House]:
    with TemporaryDirectory() as folder:
        house = House(Path(folder), limits)
        async with running(house.media.run, house.calls.run):
            await eventually(lambda: len(house.camera.encoded) > 10)
            yield house
    assert len(house.calls) == 0
