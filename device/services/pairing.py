"""The doorbell's side of pairing: it invites, proves, and lets a phone in.

Anybody may say hello through the server, and only the code tells friend from stranger. So hellos
cost little, are forgotten by lot when there are too many, and a code dies of a few wrong proofs:
whoever carries the messages can keep a pairing from happening, and cannot make one happen.
"""

from __future__ import annotations

import logging
import random
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from device.core.pairing import VALID_S, WRONG_TRIES, Reason, Secret
from device.services.household import GUEST, Household, HouseholdFullError
from device.services.household_words import access as in_short
from device.services.ledger import Ledger
from protocol.errors import RemoteProtocolError
from protocol.household import Access, OpenInvitation
from protocol.identity import Identity, PublicKey
from protocol.link import KnownPhone
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
# Conversations that are begun and not ended, a kilobyte each. Until so many hellos come between a
# phone's hello and its proof, none is forgotten; each one more forgets it with a chance of 1 in
# this many. Were it always the oldest, a flood could aim.
OPEN_LIMIT = 256

Reply = PairChallenge | Paired | PairRefused

_SENTENCES: dict[Reason, str] = {
    "unknown": "No code is open for this. Scan it again, or have a new one made at the doorbell.",
    "expired": "This code was valid for ten minutes and is over. Make a new one at the doorbell.",
    "used": "This code was used already. Make a new one at the doorbell.",
    "wrong": "The code does not fit. Scan it again.",
    "exhausted": "This code was tried wrongly too often. Make a new one at the doorbell.",
}


@dataclass(frozen=True, slots=True)
class _Open:
    """An invitation that was made; `by` is the phone that made it."""

    secret: Secret
    access: Access
    by: str


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
        ledger: Ledger | None = None,
        lot: random.Random | None = None,
    ) -> None:
        self._identity = identity
        self._name = name
        self._household = household
        self._monotonic = monotonic
        self._ledger = ledger
        self._lot = lot or random.SystemRandom()
        self._open: _Open | None = None
        self._begun: dict[str, _Begun] = {}
        self._noted: set[Reason] = set()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, callback: Callable[[], None]) -> None:
        """Call it when the invitation is made, withdrawn, tried wrongly or used."""
        self._watchers.append(callback)

    def invite(self, access: Access = GUEST, by: str = "") -> Invitation:
        """A fresh invitation; whoever holds it can pair one phone, and the first is admin.

        It holds only as long as the phone that made it may manage the household.
        """
        value = secrets.token_bytes(SECRET_BYTES)
        self._begin(_Open(Secret(value, self._monotonic()), access, by))
        log.info("a phone is invited")
        self._note("invited", by, f"A code for one phone was made: {in_short(access)}.")
        self._tell()
        return Invitation(key_hash(self._identity.public), value, self._identity.id)

    def withdraw(self, by: str = "") -> None:
        """The open invitation, if there is one, lets nobody in any more."""
        if self.open_invitation() is not None:
            log.info("the invitation is withdrawn")
            self._note("invitation_withdrawn", by, "The code lets nobody in any more.")
        self._begin(None)
        self._tell()

    def open_invitation(self) -> OpenInvitation | None:
        """What still lets somebody in, without its secret."""
        if self._refusal() is not None or (found := self._open) is None:
            return None
        return OpenInvitation(
            access=found.access,
            left_s=found.secret.made_at + VALID_S - self._monotonic(),
            tries_left=WRONG_TRIES - found.secret.wrong,
        )

    def step(self, request: PairingRequest) -> Reply:
        """Answer one message of a phone. OSError of the disk becomes a refusal."""
        found, reason = self._open, self._refusal()
        if found is None or reason is not None or request.device_id != self._identity.id:
            return self._refuse(reason or "unknown")
        match request:
            case PairHello():
                return self._hear(request, found.secret)
            case PairProof():
                return self._let_in(request, found)

    def _refusal(self) -> Reason | None:
        """Why nobody is let in now, or nothing."""
        if (found := self._open) is None:
            return "unknown"
        if found.by and not self._household.may(found.by, "admin"):
            return "unknown"
        return found.secret.refusal(self._monotonic())

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
        if len(self._begun) >= OPEN_LIMIT:
            del self._begun[self._lot.choice(tuple(self._begun))]
        self._begun[pairing] = _Begun(transcript, key)
        proof = transcript.proof(secret.value, "doorbell")
        return PairChallenge(pairing=pairing, public_key=own, nonce=nonce, proof=proof)

    def _let_in(self, proof: PairProof, found: _Open) -> Reply:
        begun = self._begun.pop(proof.pairing, None)
        if begun is None:
            return self._refuse("unknown")
        if not begun.transcript.accepts(found.secret.value, "phone", proof.proof):
            self._open = replace(found, secret=found.secret.after_wrong_try())
            log.warning("a phone proved a wrong secret")
            self._note("pairing_refused", begun.key.id, _SENTENCES["wrong"])
            self._tell()
            return _refused("wrong")
        return self._remember(begun, found)

    def _remember(self, begun: _Begun, found: _Open) -> Reply:
        try:
            known = self._household.welcome(begun.key, begun.transcript.phone_name, found.access)
        except HouseholdFullError as error:
            return PairRefused(reason="unknown", detail=str(error))
        except OSError as error:
            log.error("the list of phones cannot be written: %s", error)
            detail = "The doorbell could not write the phone down. Free its disk and try again."
            return PairRefused(reason="unknown", detail=detail)
        self._open = replace(found, secret=found.secret.after_use())
        self._begun.clear()
        self._tell()
        return _paired(known, self._name)

    def _begin(self, opened: _Open | None) -> None:
        self._open = opened
        self._begun.clear()
        self._noted.clear()

    def _refuse(self, reason: Reason) -> PairRefused:
        """Noted once for each code and reason: a stranger must not fill the log."""
        if reason not in self._noted:
            self._noted.add(reason)
            self._note("pairing_refused", "", _SENTENCES[reason])
        return _refused(reason)

    def _note(
        self,
        what: Literal["invited", "invitation_withdrawn", "pairing_refused"],
        who: str,
        detail: str,
    ) -> None:
        if self._ledger is not None:
            known = self._household.find(who)
            self._ledger.note(what, who=who, name=known.phone.name if known else "", detail=detail)

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()


def key_hash(key: PublicKey) -> str:
    """SHA-256 of a key as it stands in the pairing link."""
    return urlsafe_b64encode(sha256(key.spki).digest()).rstrip(b"=").decode("ascii")


def _paired(known: KnownPhone, doorbell_name: str) -> Paired:
    return Paired(
        phone_id=known.phone.id,
        name=known.phone.name,
        public_key=known.public_key,
        doorbell_name=doorbell_name,
        rights=known.phone.rights,
        until_ms=known.phone.until_ms,
        windows=known.phone.windows,
    )


def _refused(reason: Reason) -> PairRefused:
    return PairRefused(reason=reason, detail=_SENTENCES[reason])
