"""Passkeys that confirm an opening: a person, verified by the phone, agrees to this one command.

WebAuthn level 2. The library that checks signatures is loaded at first use, on another thread:
it takes longer than a frame of the picture, and most households never need it.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import ipaddress
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from device.services.desk import Line
from device.services.household import Household, HouseholdError
from device.services.household_book import Passkey
from protocol.control import Done, PasskeyAssertion
from protocol.household import HouseholdRefused, MakePasskey, PasskeyOptions, WantPasskey
from protocol.pairing import decode, encode

log = logging.getLogger(__name__)

CHALLENGE_BYTES = 32
# Somebody looks for the finger that the phone knows, or types its code.
MAKING_VALID_S = 300.0
# One for each call; more calls than these there are not.
MAKING_LIMIT = 32
USER_CONTEXT = "doorstep-passkey-user-1"

_OTHER_PAGE = "Open the app at the doorbell's own address, {}, and make the passkey there."
_NUMBER = "A passkey needs a page with a name; {} is a number. Give the server a name first."
_HAS_ONE = "This phone has a passkey already. A phone with admin rights can remove it."
_NOT_ASKED = "This passkey was not asked for, or took too long. Try again."
_UNFIT = (
    "The passkey does not fit this doorbell. Make it again, with screen lock or fingerprint on."
)
_NONE = "This phone has no passkey for this doorbell. Make one in its settings."
_REFUSED = "The passkey did not confirm this opening. Slide again, and use the phone's own passkey."
_DISK = "The doorbell could not write the passkey down. Free its disk and try again."


class PasskeyError(Exception):
    """Why a passkey does not count; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class _Making:
    phone: str
    challenge: bytes
    origin: str
    rp_id: str
    until_s: float


class Passkeys:
    """Registers one passkey for a phone and checks what it confirms.

    `page` is the origin of the doorbell's own app; beside it localhost counts, where nobody else
    can be. Whether a phone may have a passkey is checked before.
    """

    def __init__(
        self, household: Household, doorbell: str, page: str, monotonic: Callable[[], float]
    ) -> None:
        self._household = household
        self._doorbell = doorbell
        self._page = page
        self._monotonic = monotonic
        self._making: dict[str, _Making] = {}

    def options(self, line: Line, request: WantPasskey) -> PasskeyOptions | HouseholdRefused:
        """What `navigator.credentials.create` needs; the challenge is for this call."""
        try:
            rp_id = self._rp_id(request.origin)
            self._check_free(line.phone.id)
        except PasskeyError as error:
            return HouseholdRefused(id=request.id, reason="passkey", detail=str(error))
        making = _Making(
            line.phone.id, secrets.token_bytes(CHALLENGE_BYTES), request.origin, rp_id,
            self._monotonic() + MAKING_VALID_S,
        )  # fmt: skip
        self._making.pop(line.call, None)
        self._making[line.call] = making
        while len(self._making) > MAKING_LIMIT:
            del self._making[next(iter(self._making))]
        return PasskeyOptions(
            id=request.id,
            challenge=encode(making.challenge),
            rp_id=rp_id,
            user=self._user(line.phone.id),
            name=line.phone.name,
        )

    async def make(self, line: Line, request: MakePasskey) -> Done | HouseholdRefused:
        """Keep the passkey that the phone has made."""
        making = self._making.pop(line.call, None)
        await _load()
        try:
            self._check_free(line.phone.id)
            self._keep(line.phone.id, _registered(self._asked(line, making), request))
        except PasskeyError as error:
            log.warning("phone %s: its passkey is refused", line.phone.id)
            return HouseholdRefused(id=request.id, reason="passkey", detail=str(error))
        return Done(id=request.id)

    async def verify(self, phone: str, command: str, assertion: PasskeyAssertion) -> None:
        """Whether the phone's person agreed to this command. PasskeyError when not."""
        await _load()
        passkey = self._household.passkey_of(phone)
        if passkey is None:
            raise PasskeyError(_NONE)
        if not secrets.compare_digest(passkey.credential, assertion.credential):
            raise PasskeyError(_REFUSED)
        count = _confirmed(passkey, hashlib.sha256(command.encode()).digest(), assertion)
        if count != passkey.sign_count:
            self._keep(phone, passkey.model_copy(update={"sign_count": count}))

    def _asked(self, line: Line, making: _Making | None) -> _Making:
        if making is None or making.phone != line.phone.id or self._monotonic() >= making.until_s:
            raise PasskeyError(_NOT_ASKED)
        return making

    def _rp_id(self, origin: str) -> str:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if origin != self._page and not (parts.scheme == "http" and host == "localhost"):
            raise PasskeyError(_OTHER_PAGE.format(self._page)[:300])
        if _is_number(host):
            raise PasskeyError(_NUMBER.format(host))
        return host

    def _check_free(self, phone: str) -> None:
        if self._household.passkey_of(phone) is not None:
            raise PasskeyError(_HAS_ONE)

    def _user(self, phone: str) -> str:
        """The same for the same phone and door, and of no use to anybody else."""
        text = "\n".join((USER_CONTEXT, self._doorbell, phone))
        return encode(hashlib.sha256(text.encode()).digest())

    def _keep(self, phone: str, passkey: Passkey) -> None:
        try:
            self._household.keep_passkey(phone, passkey)
        except HouseholdError as error:
            raise PasskeyError(str(error)) from error
        except OSError as error:
            log.error("the passkey cannot be written down: %s", error)
            raise PasskeyError(_DISK) from error


def _registered(making: _Making, request: MakePasskey) -> Passkey:
    from device.services import webauthn_check

    try:
        made = webauthn_check.registration(
            decode(request.credential),
            decode(request.client_data),
            decode(request.attestation),
            challenge=making.challenge,
            rp_id=making.rp_id,
            origin=making.origin,
        )
    except ValueError as error:
        raise PasskeyError(_UNFIT) from error
    return Passkey(
        credential=encode(made.credential),
        public_key=encode(made.public_key),
        sign_count=made.sign_count,
        rp_id=making.rp_id,
        origin=making.origin,
    )


def _confirmed(passkey: Passkey, challenge: bytes, assertion: PasskeyAssertion) -> int:
    from device.services import webauthn_check

    try:
        return webauthn_check.assertion(
            decode(assertion.credential),
            decode(assertion.client_data),
            decode(assertion.authenticator_data),
            decode(assertion.signature),
            challenge=challenge,
            rp_id=passkey.rp_id,
            origin=passkey.origin,
            public_key=decode(passkey.public_key),
            sign_count=passkey.sign_count,
        )
    except ValueError as error:
        raise PasskeyError(_REFUSED) from error


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _load() -> None:
    await asyncio.to_thread(importlib.import_module, "device.services.webauthn_check")
