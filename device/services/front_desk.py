"""The desk behind the calls: who may do what, and what becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol, assert_never

from device.core import actions as a
from device.core import events as e
from device.core.states import Person
from device.services.audit_rows import AuditError
from device.services.desk import Line
from device.services.doorbell import Doorbell
from device.services.household import Household
from device.services.unlock import UnlockDesk
from hardware.errors import HardwareError
from hardware.ports import Speaker
from protocol.audit import AuditHead, AuditLinks
from protocol.control import (
    AuditSince,
    Chime,
    ControlReply,
    ControlRequest,
    Denied,
    Done,
    HangUp,
    Light,
    Mute,
    Phases,
    Ping,
    QuickReply,
    Unlock,
    UnlockConfirm,
    Volume,
)
from protocol.door import Phone, Right

log = logging.getLogger(__name__)

_NAMES: dict[Right, str] = {
    "unlock": "unlock the door",
    "light": "switch the light",
    "chime": "sound the chime",
    "talk": "talk to the visitor",
    "view": "see the door",
}
# What every message that might open says somewhere.
_OPENS = b"unlock_confirm"
_GONE = "This phone is not paired with the doorbell any more. Pair it again."


class Chain(Protocol):
    """The audit log as phones check it."""

    def head(self) -> str:
        """Where it stands, signed; empty until it was read."""

    async def links(self, since: int) -> tuple[str, ...]:
        """Hashes of the rows after that one. AuditError."""


class FrontDesk:
    """Takes the phones' requests. Rights and keys are the household's, never the caller's word."""

    def __init__(
        self,
        doorbell: Doorbell,
        household: Household,
        unlocks: UnlockDesk,
        audit: Chain,
        speaker: Speaker,
    ) -> None:
        self._doorbell = doorbell
        self._household = household
        self._unlocks = unlocks
        self._audit = audit
        self._speaker = speaker

    def call_started(self, call: str, phone: Phone | None, answers: str | None) -> None:
        """Media flows; a phone that the household does not know is a mere viewer."""
        known = self._household.find(phone.id) if phone else None
        person = _person(known.phone) if known else None
        self._doorbell.put(e.CallStarted(call, person, answers))

    def hearing_changed(self, call: str, hears: bool) -> None:
        """The door's sound goes to a call, or does not any more."""
        self._doorbell.put(e.HearingChanged(call, hears))

    def call_ended(self, call: str) -> None:
        self._unlocks.forget(call)
        self._doorbell.put(e.CallEnded(call))

    def greeting(self, line: Line) -> tuple[ControlReply, ...]:
        """Where the audit log stands, so that the phone can check that it only grows."""
        head = self._audit.head()
        return (AuditHead(head=head),) if head else ()

    def unheard(self, line: Line, message: str | bytes) -> None:
        """An attempt to open is in the log even when it cannot be read."""
        raw = message.encode("utf-8", "replace") if isinstance(message, str) else message
        if _OPENS in raw:
            self._unlocks.refuse_unread(line)

    async def perform(self, line: Line, request: ControlRequest) -> ControlReply:
        """Phone, right, then the deed; the reply has the request's id.

        Opening has an order of its own, in which the right comes late.
        """
        if isinstance(request, Unlock):
            return self._unlocks.challenge(line, request)
        if isinstance(request, UnlockConfirm):
            return await self._unlocks.confirm(line, request)
        phone = self._household.effective(line.phone.id)
        if phone is None:
            return Denied(id=request.id, reason="right", detail=_GONE)
        right = _right(request)
        if right not in phone.rights:
            log.info("call %s: %s denied, the right is missing", line.call, request.type)
            detail = f"This phone may not {_NAMES[right]}. A phone with admin rights can allow it."
            return Denied(id=request.id, reason="right", detail=detail)
        if isinstance(request, Mute):
            self.hearing_changed(line.call, not request.on)
        return await self._do(_person(phone), request)

    async def _do(self, by: Person, request: Harmless) -> ControlReply:
        match request:
            case Light() | Chime() | QuickReply():
                return await self._ask(request, partial(e.Wanted, by=by, wish=wish_of(request)))
            case Volume(percent=percent):
                return self._volume(request, percent)
            case AuditSince():
                return await self._links(request)
            case Mute() | HangUp() | Ping() | Phases():
                # The call itself acts on these.
                return Done(id=request.id)
            case _:
                assert_never(request)

    async def _ask(self, request: Harmless, event: Callable[[int], e.Event]) -> ControlReply:
        match await self._doorbell.ask(event):
            case a.Grant():
                return Done(id=request.id)
            case a.Refuse(reason=reason, detail=detail):
                return Denied(id=request.id, reason=reason, detail=detail)

    def _volume(self, request: Volume, percent: int) -> ControlReply:
        try:
            self._speaker.set_volume(percent)
        except HardwareError as error:
            return Denied(id=request.id, reason="fault", detail=str(error)[:300])
        return Done(id=request.id)

    async def _links(self, request: AuditSince) -> ControlReply:
        try:
            rows = await self._audit.links(request.row)
        except AuditError as error:
            return Denied(id=request.id, reason="fault", detail=str(error)[:300])
        return AuditLinks(id=request.id, rows=rows)


def wish_of(request: Light | Chime | QuickReply) -> a.Wish:
    """What a request for something harmless means to the machine."""
    match request:
        case Light(on=on):
            return a.SwitchLight(on)
        case Chime():
            return a.RingChime()
        case QuickReply(reply=reply):
            return a.Speak(reply)


Harmless = Light | Chime | QuickReply | Volume | AuditSince | Mute | HangUp | Ping | Phases


def _person(phone: Phone) -> Person:
    return Person(phone.id, phone.name)


def _right(request: Harmless) -> Right:
    match request:
        case Light():
            return "light"
        case Chime():
            return "chime"
        case QuickReply() | Volume():
            return "talk"
        case Mute() | HangUp() | Ping() | Phases() | AuditSince():
            return "view"
