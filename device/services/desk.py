"""What calls need of the doorbell: someone who decides and carries out."""

from __future__ import annotations

from typing import Protocol

from protocol.control import ControlReply, ControlRequest
from protocol.door import Phone


class CallDesk(Protocol):
    """The doorbell behind the calls. Rights are checked here."""

    def call_started(self, call: str, phone: Phone | None, answers: str | None) -> None:
        """Media flows; `answers` is the visit that the phone answered."""

    def call_ended(self, call: str) -> None:
        """A call of which `call_started` told is over."""

    async def perform(self, call: str, phone: Phone, request: ControlRequest) -> ControlReply:
        """Carry out one request of a phone; the reply has the request's id."""
