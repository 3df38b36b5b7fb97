"""A gate whose time is turned by hand, real offers, and a phone that may sign anything."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from device.services.call_gate import Admitted, NotAdmittedError
from media.handshake import with_one_fingerprint
from protocol import jws
from protocol.calls import (
    OFFER_TYP,
    OfferStatement,
    fingerprint_of,
)
from protocol.household import Access
from protocol.identity import Identity
from protocol.link import CallOffer
from scripts.signed_call import SignedOffer
from tests.support.entrance import Entrance, a_nonce
from tests.support.hand_turned_time import VirtualClock

SAMPLES = Path(__file__).resolve().parents[2] / "protocol" / "samples"


def aiortc_offer(*kinds: str) -> str:
    """What a program with aiortc sends, its addresses included."""

    async def make() -> str:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        try:
            for kind in kinds:
                pc.addTransceiver(kind, direction="sendrecv")
            pc.createDataChannel("control")
            await pc.setLocalDescription(await pc.createOffer())
            return with_one_fingerprint(str(pc.localDescription.sdp))
        finally:
            await pc.close()

    return asyncio.run(make())


CHROMIUM = str(json.loads((SAMPLES / "signed_call.json").read_text("utf-8"))["offer"]["sdp"])
AIORTC = aiortc_offer("video", "audio")
DATA_ONLY = aiortc_offer()
KINDS = frozenset({"audio", "video", "application"})
REAL = pytest.mark.parametrize("sdp", [AIORTC, CHROMIUM], ids=["aiortc", "chromium"])


class Gate:
    """A gate whose time is turned by hand, and Anna's phone, which is paired."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.entrance = Entrance(folder, self.clock.now)
        self.household = self.entrance.household
        self.anna = self.paired("Anna", "view", "talk")

    def paired(self, name: str, *rights: Any) -> Identity:
        phone = Identity.generate()
        self.household.welcome(phone.public, name, Access(rights=rights))
        return phone

    def nonce(self, phone: Identity) -> str:
        return self.entrance.gate.challenge(phone.id).nonce

    def signed(
        self, sdp: str, phone: Identity | None = None, answers: str | None = None
    ) -> SignedOffer:
        phone = phone or self.anna
        doorbell = self.entrance.identity.public
        return SignedOffer.make(phone, doorbell, self.nonce(phone), sdp, answers)

    def statement(self, sdp: str, **changes: Any) -> dict[str, Any]:
        """What Anna's phone would state, with changes."""
        mine = OfferStatement(
            doorbell=self.entrance.identity.id, phone=self.anna.id, session=a_nonce(),
            doorbell_nonce=self.nonce(self.anna), phone_nonce=a_nonce(),
            fingerprint=fingerprint_of(sdp), sdp_hash=jws.hash_of(sdp),
        )  # fmt: skip
        return mine.model_dump() | changes

    def seal(self, statement: dict[str, Any], typ: str = OFFER_TYP) -> str:
        """Signed by Anna's phone, whatever it says."""
        return jws.seal_claims(self.anna, typ, json.dumps(statement).encode())

    def admit(self, sdp: str, signature: str | None, **more: str) -> Admitted:
        return self.entrance.gate.admit(offer_of(sdp, signature, **more))

    def refusal(self, sdp: str, signature: str | None, **more: str) -> str:
        """Why it is refused; that it is in the log, once."""
        before = len(self.entrance.told("call_refused"))
        with pytest.raises(NotAdmittedError) as refused:
            self.admit(sdp, signature, **more)
        told = self.entrance.told("call_refused")[before:]
        assert [detail for _, detail in told] == [str(refused.value)]
        assert 400 <= refused.value.status < 500
        return str(refused.value)


def offer_of(sdp: str, signature: str | None, **more: str) -> CallOffer:
    """Without the protocol's own checks, as if they had been forgotten."""
    fields = {"call": "call-0001", "sdp": sdp, "signature": signature} | more
    return CallOffer(call="call-0000", sdp="v=0").model_copy(update=fields)
