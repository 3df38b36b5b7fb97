"""The desk behind the calls: who may do what, and what becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import assert_never

from device.core import actions as a
from device.core import events as e
from device.core.states import Person
from device.services.doorbell import Doorbell
from device.services.household import Household
from device.services.unlock import CHALLENGE_VALID_S, Challenges
from hardware.errors import HardwareError
from hardware.ports import Speaker
from protocol.control import (
    Challenge,
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
from protocol.link import KnownPhone

log = logging.getLogger(__name__)

_NAMES: dict[Right, str] = {
    "unlock": "unlock the door",
    "light": "switch the light",
    "chime": "sound the chime",
    "talk": "talk to the visitor",
    "view": "see the door",
}


class FrontDesk:
    """Takes the phones' requests. Rights and keys are the household's, never the caller's word."""

    def __init__(
        self, doorbell: Doorbell, household: Household, challenges: Challenges, speaker: Speaker
    ) -> None:
        self._doorbell = doorbell
        self._household = household
        self._challenges = challenges
        self._speaker = speaker

    def call_started(self, call: str, phone: Phone | None, answers: str | None) -> None:
        """Media flows; a phone that the household does not know is a mere viewer."""
        known = self._household.find(phone.id) if phone else None
        person = _person(known.phone) if known else None
        self._doorbell.put(e.CallStarted(call, person, answers))

    def call_ended(self, call: str) -> None:
        self._challenges.forget(call)
        self._doorbell.put(e.CallEnded(call))

    async def perform(self, call: str, phone: Phone, request: ControlRequest) -> ControlReply:
        """Phone, right, then the deed; the reply has the request's id."""
        known = self._household.find(phone.id)
        if known is None:
            detail = "This phone is not paired with the doorbell any more. Pair it again."
            return Denied(id=request.id, reason="right", detail=detail)
        right = _right(request)
        if right not in known.phone.rights:
            log.info("call %s: %s denied, the right is missing", call, request.type)
            detail = f"This phone may not {_NAMES[right]}. A phone with admin rights can allow it."
            return Denied(id=request.id, reason="right", detail=detail)
        return await self._do(call, known, request)

    async def _do(self, call: str, known: KnownPhone, request: ControlRequest) -> ControlReply:
        match request:
            case Unlock():
                return self._challenge(call, known, request)
            case UnlockConfirm():
                return await self._unlock(call, known, request)
            case Light() | Chime() | QuickReply():
                by, wish = _person(known.phone), wish_of(request)
                return await self._ask(request, partial(e.Wanted, by=by, wish=wish))
            case Volume(percent=percent):
                return self._volume(request, percent)
            case Mute() | HangUp() | Ping() | Phases():
                # The call itself acts on these.
                return Done(id=request.id)
            case _:
                assert_never(request)

    def _challenge(self, call: str, known: KnownPhone, request: Unlock) -> ControlReply:
        challenge = self._challenges.issue(call, known.phone.id)
        return Challenge(
            id=request.id,
            challenge=challenge,
            valid_s=CHALLENGE_VALID_S,
            pulse_s=self._doorbell.pulse_s,
        )

    async def _unlock(self, call: str, known: KnownPhone, request: UnlockConfirm) -> ControlReply:
        refusal = self._challenges.redeem(
            call, known.phone.id, self._household.key(known), request.challenge, request.signature
        )
        if refusal is not None:
            log.warning("call %s: unlocking refused", call)
            return Denied(id=request.id, reason="challenge", detail=refusal)
        return await self._ask(request, partial(e.UnlockWanted, by=_person(known.phone)))

    async def _ask(self, request: ControlRequest, event: Callable[[int], e.Event]) -> ControlReply:
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


def wish_of(request: Light | Chime | QuickReply) -> a.Wish:
    """What a request for something harmless means to the machine."""
    match request:
        case Light(on=on):
            return a.SwitchLight(on)
        case Chime():
            return a.RingChime()
        case QuickReply(reply=reply):
            return a.Speak(reply)


def _person(phone: Phone) -> Person:
    return Person(phone.id, phone.name)


def _right(request: ControlRequest) -> Right:
    match request:
        case Unlock() | UnlockConfirm():
            return "unlock"
        case Light():
            return "light"
        case Chime():
            return "chime"
        case QuickReply() | Volume():
            return "talk"
        case Mute() | HangUp() | Ping() | Phases():
            return "view"
