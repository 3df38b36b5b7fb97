"""A doorbell's household and gate, and phones that come through it as they should."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from device.core.access import LocalTime
from device.services.call_gate import Admitted, CallGate, NotAdmittedError
from device.services.household import Household
from protocol import jws
from protocol.audit import AuditWhat
from protocol.calls import OFFER_TYP, OfferStatement
from protocol.door import Phone
from protocol.household import Access
from protocol.identity import Identity
from protocol.link import CallAnswer, CallOffer, CallRefused
from protocol.pairing import encode
from tests.support.noting_ledger import NotingLedger
from tests.support.phone import LoopPhone

_FINGERPRINT = re.compile(r"a=fingerprint:sha-256 ([0-9A-F:]{95})")
A_MONDAY_MORNING = LocalTime(1_795_348_471_000, 0, 9 * 60, trusted=True)


class CallTaker(Protocol):
    async def answer(self, admitted: Admitted) -> CallAnswer | CallRefused: ...


class Entrance:
    """Pairs whoever a test sends, and lets in whom the gate lets in."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] | None = None) -> None:
        self.identity = Identity.generate()
        self.ledger = NotingLedger()
        self.now = A_MONDAY_MORNING
        self.household = Household(folder / "phones.json", lambda: self.now)
        self.owner = self.household.welcome(Identity.generate().public, "Owner").phone
        self.gate = CallGate(self.identity, self.household, monotonic or _monotonic, self.ledger)

    def told(self, what: AuditWhat) -> list[tuple[str, str]]:
        """Who and in which words, of one kind of row."""
        return [(row.who, row.detail) for row in self.ledger.rows if row.what == what]

    def pair(self, phone: LoopPhone, caller: Phone) -> str:
        """The phone's id, known under the name and with the rights of `caller`."""
        access = Access(rights=caller.rights)
        self.household.welcome(phone.identity.public, caller.name, access)
        return self.household.change(phone.identity.id, caller.name, access).phone.id

    def view_token(self) -> str:
        """The secret of a new token."""
        return self.household.mint("Kitchen screen", "view", None)[1]

    async def offer(
        self, phone: LoopPhone, call: str, caller: Phone | None, answers: str | None = None
    ) -> CallOffer:
        """A signed offer of the phone; without a `caller`, an unsigned one with a view token."""
        if caller is None:
            sdp = await phone.offer()
            return CallOffer(call=call, sdp=sdp, view_token=self.view_token(), answers=answers)
        challenge = self.gate.challenge(self.pair(phone, caller))
        signed = await phone.offer_for(self.identity.public, challenge, answers)
        return CallOffer(call=call, sdp=signed.sdp, signature=signed.signature, answers=answers)

    def signed(self, phone: LoopPhone, call: str, sdp: str) -> CallOffer:
        """Any SDP, signed by a paired phone as its own."""
        nonce = self.gate.challenge(phone.identity.id).nonce
        statement = OfferStatement(
            doorbell=self.identity.id, phone=phone.identity.id, session=a_nonce(),
            doorbell_nonce=nonce, phone_nonce=a_nonce(), sdp_hash=jws.hash_of(sdp),
            fingerprint=next(iter(_FINGERPRINT.findall(sdp)), "00:" * 31 + "00"),
        )  # fmt: skip
        signature = jws.seal(phone.identity, OFFER_TYP, statement)
        return CallOffer(call=call, sdp=sdp, signature=signature)

    async def call(self, calls: CallTaker, offer: CallOffer) -> CallAnswer | CallRefused:
        """What the doorbell's link makes of an offer."""
        try:
            return await calls.answer(self.gate.admit(offer))
        except NotAdmittedError as error:
            return CallRefused(call=offer.call, status=error.status, detail=str(error))

    async def connect(
        self, calls: CallTaker, phone: LoopPhone, call: str, caller: Phone | None,
        answers: str | None = None,
    ) -> None:  # fmt: skip
        """Call, and let the phone check and take the answer."""
        answer = await self.call(calls, await self.offer(phone, call, caller, answers))
        assert isinstance(answer, CallAnswer), answer.detail
        await phone.take(answer)


def a_nonce() -> str:
    """A fresh one."""
    return encode(secrets.token_bytes(16))


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
