"""A phone that calls without picture or sound, to manage the household."""

from __future__ import annotations

from typing import Any, Self

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection

from protocol.household import HOUSEHOLD_REPLY, HouseholdReply, HouseholdRequest, Show
from tests.support.door import eventually
from tests.support.phone import LoopPhone


class DeskPhone(LoopPhone):
    """`asked` is everything that the doorbell said on the channel `household`.

    Channels `before` that one are opened first, as `others`.
    """

    def __init__(self, *before: str) -> None:
        super().__init__(heartbeat=False)
        self.asked: list[HouseholdReply] = []
        self.watching = self.pc
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.others = [self.channel_for(label) for label in before]
        self.household = self.channel_for("household")
        self.household.on("message", self._learn)

    def channel_for(self, label: str) -> RTCDataChannel:
        return self.pc.createDataChannel(label)

    async def __aenter__(self) -> Self:
        await self.watching.close()
        return await super().__aenter__()

    async def show(self, number: int) -> HouseholdReply:
        """The household, as this phone may see it."""
        return await self.manage(Show(id=number))

    async def manage(self, request: HouseholdRequest) -> HouseholdReply:
        """The doorbell's reply to one request."""
        await eventually(lambda: self.household.readyState == "open")
        self.household.send(request.model_dump_json())
        await self.until(lambda: any(reply.id == request.id for reply in self.asked))
        return next(reply for reply in self.asked if reply.id == request.id)

    def _learn(self, text: Any) -> None:
        self.asked.append(HOUSEHOLD_REPLY.validate_json(text))
        self._news.set()
