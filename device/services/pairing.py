"""The doorbell's side of pairing: it invites, proves, and lets a phone in."""

from __future__ import annotations

import logging
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from device.core.pairing import Reason, Secret
from device.services.household import Household, HouseholdFullError
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity, PublicKey
from protocol.pairing import (
    SECRET_BYTES,
    Invitation,
    PairChallenge,
    Paired,
    PairHello,
    PairingRequest,
    PairProof,
    PairRefused,
    Transcript,
    encode,
)

log = logging.getLogger(__name__)

NONCE_BYTES = 16
# Conversations that are begun and not ended; more than this is somebody playing.
OPEN_LIMIT = 16

Reply = PairChallenge | Paired | PairRefused

_SENTENCES: dict[Reason, str] = {
    "unknown": "This pairing is not known. Scan the code again.",
    "expired": "This code was valid for ten minutes and is over. Make a new one at the doorbell.",
    "used": "This code was used already. Make a new one at the doorbell.",
    "wrong": "The code does not fit. Scan it again.",
    "exhausted": "This code was tried wrongly too often. Make a new one at the doorbell.",
}


@dataclass(frozen=True, slots=True)
class _Begun:
    transcript: Transcript
    key: PublicKey


class Pairing:
    """One invitation at a time; a new one ends the old. `monotonic` is its clock."""

    def __init__(
        self,
        identity: Identity,
        name: str,
        household: Household,
        monotonic: Callable[[], float],
        on_paired: Callable[[], None] = lambda: None,
    ) -> None:
        self._identity = identity
        self._name = name
        self._household = household
        self._monotonic = monotonic
        self._on_paired = on_paired
        self._secret: Secret | None = None
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    def invite(self) -> Invitation:
        """A fresh invitation; whoever holds it can pair one phone."""
        value = secrets.token_bytes(SECRET_BYTES)
        self._secret = Secret(value, self._monotonic())
        self._begun.clear()
        log.info("a phone is invited")
        return Invitation(key_hash(self._identity.public), value, self._identity.id)

    def step(self, request: PairingRequest) -> Reply:
        """Answer one message of a phone. OSError of the disk becomes a refusal."""
        secret = self._secret
        if secret is None:
            return _refused("unknown")
        if (reason := secret.refusal(self._monotonic())) is not None:
            return _refused(reason)
        match request:
            case PairHello():
                return self._hear(request, secret)
            case PairProof():
                return self._let_in(request, secret)

    def _hear(self, hello: PairHello, secret: Secret) -> Reply:
        try:
            key = PublicKey.parse(hello.public_key)
        except RemoteProtocolError as error:
            return PairRefused(reason="wrong", detail=str(error))
        own, nonce = self._identity.public.text, encode(secrets.token_bytes(NONCE_BYTES))
        transcript = Transcript(
            self._identity.id, own, hello.public_key, nonce, hello.nonce, hello.name
        )
        pairing = secrets.token_urlsafe(12)
        self._begun[pairing] = _Begun(transcript, key)
        while len(self._begun) > OPEN_LIMIT:
            self._begun.popitem(last=False)
        proof = transcript.proof(secret.value, "doorbell")
        return PairChallenge(pairing=pairing, public_key=own, nonce=nonce, proof=proof)

    def _let_in(self, proof: PairProof, secret: Secret) -> Reply:
        begun = self._begun.pop(proof.pairing, None)
        if begun is None:
            return _refused("unknown")
        if not begun.transcript.accepts(secret.value, "phone", proof.proof):
            self._secret = secret.after_wrong_try()
            log.warning("a phone proved a wrong secret")
            return _refused("wrong")
        return self._remember(begun, secret)

    def _remember(self, begun: _Begun, secret: Secret) -> Reply:
        try:
            known = self._household.welcome(begun.key, begun.transcript.phone_name)
        except HouseholdFullError as error:
            return PairRefused(reason="unknown", detail=str(error))
        except OSError as error:
            log.error("the list of phones cannot be written: %s", error)
            detail = "The doorbell could not write the phone down. Free its disk and try again."
            return PairRefused(reason="unknown", detail=detail)
        self._secret = secret.after_use()
        self._begun.clear()
        self._on_paired()
        return Paired(
            phone_id=known.phone.id,
            name=known.phone.name,
            public_key=known.public_key,
            doorbell_name=self._name,
            rights=known.phone.rights,
        )


def key_hash(key: PublicKey) -> str:
    """SHA-256 of a key as it stands in the pairing link."""
    return urlsafe_b64encode(sha256(key.spki).digest()).rstrip(b"=").decode("ascii")


def _refused(reason: Reason) -> PairRefused:
    return PairRefused(reason=reason, detail=_SENTENCES[reason])
