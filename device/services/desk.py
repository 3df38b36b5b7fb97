"""What calls need of the doorbell: someone who decides and carries out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from protocol.control import ControlReply, ControlRequest
from protocol.door import Phone
from protocol.household import HouseholdReply, HouseholdRequest
from protocol.updates import SoftwareView


@dataclass(frozen=True, slots=True)
class Line:
    """A call whose phone has proved who it is; `channel` names the DTLS association it speaks on.

    `phone` is as it was when the call began: rights are asked of the household each time.
    """

    call: str
    phone: Phone
    channel: str


class CallDesk(Protocol):
    """The doorbell behind the calls. Rights are checked here."""

    def call_started(self, call: str, phone: Phone | None, answers: str | None) -> None:
        """Media flows; `answers` is the visit that the phone answered."""

    def hearing_changed(self, call: str, hears: bool) -> None:
        """The door's sound goes to a call, or does not any more."""

    def call_ended(self, call: str) -> None:
        """A call of which `call_started` told is over."""

    def greeting(self, line: Line) -> tuple[ControlReply, ...]:
        """What a phone is told when its control channel opens."""

    def unheard(self, line: Line, message: str | bytes) -> None:
        """A message that is not handed on: it is not in the protocol, or one of too many."""

    async def perform(self, line: Line, request: ControlRequest) -> ControlReply:
        """Carry out one request of a phone; the reply has the request's id."""


class SoftwareDesk(Protocol):
    """The doorbell's own software. Rights are checked before."""

    def view(self, number: int = 0) -> SoftwareView:
        """How it stands, as the reply to request `number`."""

    async def look(self) -> None:
        """Ask where updates come from."""

    def install(self, version: str, who: str, name: str) -> str:
        """Want the offered version, for this phone; why that cannot be, or nothing."""


class HouseholdDesk(Protocol):
    """Manages the household for its admins. Rights are checked here."""

    async def manage(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        """Carry out one request of a phone; the reply has the request's id."""

    def watch(self, line: Line, push: Callable[[HouseholdReply], None]) -> Callable[[], None]:
        """`push` the household at every change that this phone may see; call the result to stop."""
