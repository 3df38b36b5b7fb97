"""Who may call: a phone that has signed its offer, or other software with a view token.

What the server says about a caller does not count. Everything is checked before a connection is
touched, so whoever is refused here has cost no more than a signature.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from device.services.call_nonces import CallNonces
from device.services.household import Household
from device.services.ledger import Ledger
from media.handshake import lets_us_begin, with_one_fingerprint
from media.peer import DescriptionError, read_offer
from protocol import jws
from protocol.audit import AuditWhat
from protocol.base import SDP_LIMIT_BYTES
from protocol.calls import (
    ANSWER_TYP,
    NONCE_VALID_S,
    OFFER_TYP,
    AnswerStatement,
    CallChallenge,
    OfferStatement,
    channel_of,
    fingerprint_of,
)
from protocol.door import Phone
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity
from protocol.link import CallOffer, KnownPhone

log = logging.getLogger(__name__)

_UNSIGNED = "The call is not signed. Reload the app and call again, or pair this phone."
_UNFIT = "The call's signature does not fit. Reload the app and call again, or pair the phone anew."
_UNKNOWN = "This phone is not paired with the doorbell any more. Pair it again."
_ELSEWHERE = "The call was signed for another doorbell. Open this one in the app and call again."
_NONCE = "The call was signed too long ago, or came twice. Call again."
_CHANGED = (
    "The call was changed on its way to the doorbell. Call again; if that does not help, tell"
    " whoever runs the server."
)
_FINGERPRINT = "The call must have one sha-256 fingerprint, the signed one. Use a current browser."
_ROLE = "The doorbell has to begin the handshake (a=setup:actpass). Use a current browser."
_NO_VIEW = "This phone may not see the door. A phone that administers the household can allow it."
_TOKEN = "This view token is not known, is over or was revoked. Ask an admin for a new one."
_NOTHING = "A view token shows picture and sound, and the offer asks for neither."
_TOO_LARGE = f"The SDP offer is longer than {SDP_LIMIT_BYTES} bytes."
_NO_TEXT = "The SDP offer is not a text."
DATA_ONLY = frozenset({"application"})

Seal = Callable[[str], tuple[str | None, str]]


class NotAdmittedError(Exception):
    """The call is refused; `status` is for HTTP, the text one sentence for the caller."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call whose caller is known: `phone` with the rights of now, or a `token`'s id.

    `fingerprint` is of the only certificate that it may show. `seal(answer)` signs the answer and
    names the channel; a token's caller gets neither.
    """

    call: str
    sdp: str = field(repr=False)
    kinds: frozenset[str]
    fingerprint: str
    phone: Phone | None = None
    token: str = ""
    token_name: str = ""
    answers: str | None = None
    seal: Seal = field(default=lambda answer: (None, ""), repr=False)

    @property
    def who(self) -> str:
        """The id that the log knows the caller by."""
        return self.phone.id if self.phone is not None else self.token

    @property
    def name(self) -> str:
        """What the household calls the caller."""
        return self.phone.name if self.phone is not None else self.token_name

    @property
    def data_only(self) -> bool:
        """Whether it wants neither picture nor sound."""
        return self.kinds == DATA_ONLY


class CallGate:
    """Hands out nonces and checks offers. `monotonic` is the clock that nonces run out by."""

    def __init__(
        self,
        identity: Identity,
        household: Household,
        monotonic: Callable[[], float],
        ledger: Ledger,
    ) -> None:
        self._identity = identity
        self._household = household
        self._ledger = ledger
        self._nonces = CallNonces(monotonic)

    def challenge(self, phone: str) -> CallChallenge:
        """A nonce for one offer of this phone; a stranger's is good for nothing."""
        known = self._household.find(phone) is not None
        nonce = self._nonces.issue(phone) if known else secrets.token_urlsafe(16)
        return CallChallenge(nonce=nonce, valid_s=NONCE_VALID_S)

    def admit(self, offer: CallOffer) -> Admitted:
        """Who calls. NotAdmittedError says why nobody may; that is in the log then, too."""
        claimed = _Claimed()
        try:
            if offer.signature is not None:
                return self._admit_phone(offer, offer.signature, claimed)
            return self._admit_token(offer, offer.view_token)
        except NotAdmittedError as error:
            log.info("call %s: not admitted: %s", offer.call, error)
            self._ledger.note(
                "call_refused", who=claimed.who, name=claimed.name, detail=str(error)[:300]
            )
            raise

    def stands(self, admitted: Admitted) -> bool:
        """Whether the caller would still be admitted, by the rights of now."""
        if admitted.phone is None:
            return self._household.holds(admitted.token)
        phone = self._household.effective(admitted.phone.id)
        return phone is not None and (admitted.data_only or "view" in phone.rights)

    def may_talk(self, admitted: Admitted) -> bool:
        """Whether the caller is to be heard, by the rights of now."""
        return admitted.phone is not None and self._household.may(admitted.phone.id, "talk")

    def manages(self, admitted: Admitted) -> bool:
        """Whether the caller is an admin of the household now."""
        return admitted.phone is not None and self._household.may(admitted.phone.id, "admin")

    def note(self, what: AuditWhat, admitted: Admitted, detail: str) -> None:
        """Put it into the log; `detail` is a sentence."""
        self._ledger.note(what, who=admitted.who, name=admitted.name, detail=detail)

    def _admit_phone(self, offer: CallOffer, signature: str, claimed: _Claimed) -> Admitted:
        _check_size(offer.sdp)
        known, statement = self._signed(signature)
        claimed.who, claimed.name = known.phone.id, known.phone.name
        self._check_freshness(statement)
        phone = self._household.effective(known.phone.id)
        if phone is None:
            raise NotAdmittedError(403, _UNKNOWN)
        if jws.hash_of(offer.sdp) != statement.sdp_hash or offer.answers != statement.answers:
            raise NotAdmittedError(403, _CHANGED)
        kinds, fingerprint = _read_sdp(offer.sdp)
        if fingerprint != statement.fingerprint:
            raise NotAdmittedError(403, _FINGERPRINT)
        if kinds != DATA_ONLY and "view" not in phone.rights:
            raise NotAdmittedError(403, _NO_VIEW)
        return Admitted(
            offer.call, offer.sdp, kinds, fingerprint, phone=phone, answers=statement.answers,
            seal=_Seal(self._identity, statement, jws.hash_of(signature)),
        )  # fmt: skip

    def _signed(self, signature: str) -> tuple[KnownPhone, OfferStatement]:
        """The household's phone that signed, and what it stated for this doorbell."""
        try:
            known = self._household.find(jws.signer_of(signature, OFFER_TYP))
            if known is None:
                raise NotAdmittedError(403, _UNKNOWN)
            key = self._household.key(known)
            statement = jws.unseal(signature, OFFER_TYP, key, OfferStatement)
        except RemoteProtocolError as error:
            raise NotAdmittedError(403, _UNFIT) from error
        if statement.doorbell != self._identity.id:
            raise NotAdmittedError(403, _ELSEWHERE)
        if statement.phone != known.phone.id:
            raise NotAdmittedError(403, _UNFIT)
        return known, statement

    def _check_freshness(self, statement: OfferStatement) -> None:
        if not self._nonces.spend(statement.phone, statement.doorbell_nonce):
            raise NotAdmittedError(403, _NONCE)
        if not self._nonces.begin(statement.phone, statement.session):
            raise NotAdmittedError(403, _NONCE)

    def _admit_token(self, offer: CallOffer, secret: str | None) -> Admitted:
        _check_size(offer.sdp)
        if secret is None:
            raise NotAdmittedError(403, _UNSIGNED)
        token = self._household.token_holder(secret)
        if token is None:
            raise NotAdmittedError(403, _TOKEN)
        # Nothing is signed here, so a program may name further hashes of its certificate.
        sdp = with_one_fingerprint(offer.sdp)
        kinds, fingerprint = _read_sdp(sdp)
        if kinds == DATA_ONLY:
            raise NotAdmittedError(403, _NOTHING)
        return Admitted(offer.call, sdp, kinds, fingerprint, token=token.id,
                        token_name=token.name)  # fmt: skip


@dataclass(slots=True)
class _Claimed:
    """Who has proved to be calling, so far."""

    who: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Seal:
    """Signs the answer to one offer."""

    identity: Identity
    offer: OfferStatement
    offer_hash: str

    def __call__(self, answer: str) -> tuple[str, str]:
        own, offer = fingerprint_of(answer), self.offer
        statement = AnswerStatement(
            doorbell=offer.doorbell, phone=offer.phone, session=offer.session,
            doorbell_nonce=offer.doorbell_nonce, phone_nonce=offer.phone_nonce,
            fingerprint=own, sdp_hash=jws.hash_of(answer), offer_hash=self.offer_hash,
        )  # fmt: skip
        signature = jws.seal(self.identity, ANSWER_TYP, statement)
        return signature, channel_of(own, offer.fingerprint, offer.session)


def _check_size(sdp: str) -> None:
    try:
        size = len(sdp.encode())
    except UnicodeEncodeError as error:
        raise NotAdmittedError(400, _NO_TEXT) from error
    if size > SDP_LIMIT_BYTES:
        raise NotAdmittedError(413, _TOO_LARGE)


def _read_sdp(sdp: str) -> tuple[frozenset[str], str]:
    """The kinds of the sections and the one fingerprint; all bundled, all letting us begin."""
    try:
        offer = read_offer(sdp)
        fingerprint = fingerprint_of(sdp)
    except DescriptionError as error:
        raise NotAdmittedError(400, str(error)) from error
    except RemoteProtocolError as error:
        raise NotAdmittedError(403, _FINGERPRINT) from error
    if not lets_us_begin(offer):
        raise NotAdmittedError(403, _ROLE)
    return frozenset(media.kind for media in offer.media), fingerprint
