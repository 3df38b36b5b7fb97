"""A call without picture or sound: a phone at the doorbell's desk, seen by no other phone."""

from __future__ import annotations

from aiortc import RTCDataChannel

from device.services.call_gate import Admitted
from device.services.call_household import CallHousehold
from device.services.call_path import CallPath
from device.services.desk import HouseholdDesk, Line
from media.peer import Peer
from protocol.door import Phone
from protocol.link import CallAnswer


class HouseholdCall:
    """A life like that of `Call`. It answers no ring and touches neither camera nor microphone."""

    def __init__(
        self, admitted: Admitted, phone: Phone, desk: HouseholdDesk, pc: Peer, connect_s: float
    ) -> None:
        self.id = admitted.call
        self.admitted = admitted
        self.path = CallPath(admitted, pc, connect_s)
        self.started = False
        self._phone = phone
        self._desk = desk
        self._household: CallHousehold | None = None

    async def answer(self) -> CallAnswer:
        """The answer to the phone's offer. Raises DescriptionError."""
        self.path.pc.on("datachannel", self._take_channel)
        answer, channel = await self.path.answer()
        self._household = CallHousehold(Line(self.id, self._phone, channel), self._desk)
        return answer

    async def run(self) -> None:
        """Connect, and stay until one side hangs up or the path is gone."""
        await self.path.run(self._serve)

    async def close(self) -> None:
        """Free everything. May be called twice."""
        if self._household is not None:
            self._household.close()
        await self.path.close()

    async def _serve(self) -> None:
        self.started = True
        if self._household is not None:
            await self._household.run()

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if self._household is not None and channel.label == "household":
            self._household.attach(channel)
        else:
            channel.close()
