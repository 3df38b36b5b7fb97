"""A doorbell that pairs, a hand-turned clock, and phones that speak to it as the server carries."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from device.services.household import Household
from device.services.pairing import Pairing, Reply, key_hash
from protocol.identity import Identity, PublicKey
from protocol.pairing import (
    Invitation,
    PairChallenge,
    Paired,
    PairHello,
    PairProof,
    PairRefused,
    Transcript,
    encode,
)
from tests.support.noting_ledger import NotingLedger


class PairingHouse:
    """`now` is its monotonic clock; `lot` draws what a flood pushes out."""

    def __init__(self, folder: Path, name: str = "Front door") -> None:
        self.now = 0.0
        self.identity = Identity.generate()
        self.ledger = NotingLedger()
        self.household = Household(folder / "phones.json", ledger=self.ledger)
        self.pairing = Pairing(
            self.identity, name, self.household, lambda: self.now, self.ledger, random.Random(7)
        )

    def pair(
        self, invitation: Invitation, name: str = "Anna", key: Identity | None = None
    ) -> Paired | PairRefused:
        """The whole conversation of an honest phone."""
        phone = PairingPhone(invitation, name, key or Identity.generate())
        challenge = self.pairing.step(phone.hello())
        if isinstance(challenge, PairRefused):
            return challenge
        assert isinstance(challenge, PairChallenge)
        assert phone.believes(challenge)
        reply = self.pairing.step(phone.proof(challenge))
        assert isinstance(reply, Paired | PairRefused)
        return reply

    def guess(self, invitation: Invitation, name: str = "Mallory") -> Reply:
        """Somebody who knows all but the secret goes the whole way."""
        forger = PairingPhone(replace(invitation, secret=b"x" * 16), name)
        reply = self.pairing.step(forger.hello())
        return self.pairing.step(forger.proof(reply)) if isinstance(reply, PairChallenge) else reply

    def let_in(self, name: str) -> str:
        """Pair a phone; its id."""
        paired = self.pair(self.pairing.invite(), name)
        assert isinstance(paired, Paired)
        return paired.phone_id


@dataclass
class PairingPhone:
    """An honest phone that has scanned `invitation`."""

    invitation: Invitation
    name: str = "Anna"
    key: Identity = field(default_factory=Identity.generate)
    nonce: str = encode(b"n" * 16)

    def hello(self) -> PairHello:
        return PairHello(device_id=self.invitation.device_id, public_key=self.key.public.text,
                         nonce=self.nonce, name=self.name)  # fmt: skip

    def transcript(self, challenge: PairChallenge) -> Transcript:
        return Transcript(self.invitation.device_id, challenge.public_key, self.key.public.text,
                          challenge.nonce, self.nonce, self.name)  # fmt: skip

    def believes(self, challenge: PairChallenge) -> bool:
        """Whether it is the doorbell of the code: the key's hash, and the proof."""
        shown = key_hash(PublicKey.parse(challenge.public_key))
        proven = self.transcript(challenge).accepts(
            self.invitation.secret, "doorbell", challenge.proof
        )
        return shown == self.invitation.key_hash and proven

    def proof(self, challenge: PairChallenge) -> PairProof:
        proof = self.transcript(challenge).proof(self.invitation.secret, "phone")
        return PairProof(
            device_id=self.invitation.device_id, pairing=challenge.pairing, proof=proof
        )


def challenge_of(reply: Reply) -> PairChallenge:
    """The challenge that an open invitation gives to anybody."""
    assert isinstance(reply, PairChallenge)
    return reply


def reason_of(reply: Reply) -> str:
    """Why there was no pairing; the words are for a person."""
    assert isinstance(reply, PairRefused)
    assert reply.detail.endswith(".")
    return reply.reason
