"""The phone's side of a signed call, as the app has it: sign the offer, believe only the answer.

For phones without a screen: benchmarks, tests and attacks.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from protocol import jws
from protocol.calls import (
    ANSWER_TYP,
    OFFER_TYP,
    AnswerStatement,
    OfferStatement,
    channel_of,
    fingerprint_of,
)
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity, PublicKey
from protocol.pairing import encode

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class SignedOffer:
    """An offer and its JWS; `checked` says whether an answer belongs to it."""

    doorbell: PublicKey
    sdp: str
    signature: str
    statement: OfferStatement

    @classmethod
    def make(
        cls, phone: Identity, doorbell: PublicKey, nonce: str, sdp: str, answers: str | None = None
    ) -> SignedOffer:
        """Sign `sdp` with the doorbell's nonce; `answers` is the visit that it answers."""
        statement = OfferStatement(
            doorbell=doorbell.id,
            phone=phone.id,
            session=encode(secrets.token_bytes(NONCE_BYTES)),
            doorbell_nonce=nonce,
            phone_nonce=encode(secrets.token_bytes(NONCE_BYTES)),
            fingerprint=fingerprint_of(sdp),
            sdp_hash=jws.hash_of(sdp),
            answers=answers,
        )
        return cls(doorbell, sdp, jws.seal(phone, OFFER_TYP, statement), statement)

    def checked(self, sdp: str, signature: str | None) -> str:
        """The channel of the call; RemoteProtocolError when the answer is not the doorbell's."""
        said = jws.unseal(signature or "", ANSWER_TYP, self.doorbell, AnswerStatement)
        mine = self.statement
        expected = AnswerStatement(
            **mine.model_dump(include={"doorbell", "phone", "session", "doorbell_nonce",
                                       "phone_nonce"}),
            fingerprint=fingerprint_of(sdp),
            sdp_hash=jws.hash_of(sdp),
            offer_hash=jws.hash_of(self.signature),
        )  # fmt: skip
        if said != expected:
            raise RemoteProtocolError("The answer belongs to another offer.")
        if "a=setup:active" not in sdp:
            raise RemoteProtocolError("The doorbell does not open the handshake.")
        return channel_of(said.fingerprint, mine.fingerprint, mine.session)
