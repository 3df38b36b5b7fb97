"""What a server does between a doorbell's link and its phones, led by a test."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

from device.services.admin import ask
from protocol.identity import PublicKey
from protocol.link import (
    CallAnswer,
    CallOffer,
    ChallengeGiven,
    ChallengeWanted,
    Members,
    PairReply,
    PairStep,
)
from protocol.pairing import Invitation, PairChallenge, Paired, PairingRequest
from tests.support.link_server import Line
from tests.support.pairing_house import PairingPhone
from tests.support.phone import LoopPhone

Heard = TypeVar("Heard")


class Carrier:
    """Carries pairings and calls; `members` is what the doorbell last told of its household."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.members: set[str] = set()

    async def hear(self, kind: type[Heard]) -> Heard:
        """The next message of that kind; who belongs to the household is kept."""
        while True:
            message = await self.line.hear()
            if isinstance(message, Members):
                self.members = {known.phone.id for known in message.phones}
            if isinstance(message, kind):
                return message

    async def pair(self, phone: LoopPhone, state: Path) -> PublicKey:
        """The doorbell's key, as the phone has learnt it."""
        link = str((await asyncio.to_thread(ask, state, "pair"))["link"])
        pairing = PairingPhone(Invitation.parse(link.partition("#")[2]), "Anna", phone.identity)
        challenge = await self._step(pairing.hello())
        assert isinstance(challenge, PairChallenge)
        assert pairing.believes(challenge)
        assert isinstance(await self._step(pairing.proof(challenge)), Paired)
        return PublicKey.parse(challenge.public_key)

    async def offer(self, phone: LoopPhone, doorbell: PublicKey, call: str) -> CallOffer:
        """The phone's offer, signed with a nonce that the doorbell gave."""
        await self.line.say(ChallengeWanted(ask=1, phone=phone.identity.id))
        given = await self.hear(ChallengeGiven)
        signed = await phone.offer_for(doorbell, given.challenge)
        return CallOffer(call=call, sdp=signed.sdp, signature=signed.signature)

    async def call(self, phone: LoopPhone, doorbell: PublicKey, call: str) -> None:
        """A call that the doorbell has taken; media and data flow soon."""
        await self.line.say(await self.offer(phone, doorbell, call))
        await phone.take(await self.hear(CallAnswer))

    async def _step(self, message: PairingRequest) -> object:
        await self.line.say(PairStep(step=1, message=message))
        return (await self.hear(PairReply)).reply
