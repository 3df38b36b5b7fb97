"""A doorbell's media and calls, without anything else of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from device.services.call import CallLimits
from device.services.calls import Calls
from device.services.door_media import DoorMedia
from protocol.control import Trace
from protocol.door import Phone
from protocol.link import CallAnswer, CallOffer
from tests.support.door import LOCKED, NotingDesk, eventually, media_board, running
from tests.support.loop_camera import ListSpeaker, LoopCamera
from tests.support.phone import LoopPhone


class House:
    """A doorbell's media and calls, running."""

    def __init__(self, limits: CallLimits | None = None) -> None:
        self.camera, self.speaker, self.desk = LoopCamera(), ListSpeaker(), NotingDesk()
        self.media = DoorMedia(media_board(self.camera, speaker=self.speaker))
        self.ended: list[str] = []
        self.traces: list[Trace] = []
        self.calls = Calls(
            self.media, self.desk, self.ended.append, LOCKED, limits=limits or CallLimits(),
            traced=self.traces.append,
        )  # fmt: skip

    async def connect(
        self, phone: LoopPhone, call: str = "call-0001", caller: Phone | None = None, **more: str
    ) -> None:
        answer = await self.calls.answer(
            CallOffer(call=call, sdp=await phone.offer(), phone=caller, **more)
        )
        assert isinstance(answer, CallAnswer)
        await phone.take_answer(answer.sdp)


@asynccontextmanager
async def a_house(limits: CallLimits | None = None) -> AsyncIterator[House]:
    house = House(limits)
    async with running(house.media.run, house.calls.run):
        await eventually(lambda: len(house.camera.encoded) > 10)
        yield house
    assert len(house.calls) == 0
