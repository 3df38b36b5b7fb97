"""Opening the door for a phone: what has to be true first, in the order in which it is checked.

Whatever goes wrong on the way, an error, a full disk, a call that ends, the door stays locked;
and whatever was tried is in the audit log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import partial

from device.core.attempts import Attempts
from device.core.states import Person
from device.services.challenges import CHALLENGE_VALID_S, Challenges, Issued
from device.services.desk import Line
from device.services.household import Household
from device.services.ledger import Ledger
from device.services.opening import Opener, RefusedError
from device.services.passkeys import PasskeyError, Passkeys
from protocol import jws
from protocol.audit import AuditWhat
from protocol.control import (
    COMMAND_TYP,
    RECEIPT_TYP,
    Challenge,
    Denied,
    Done,
    PasskeyAsk,
    Unlock,
    UnlockCommand,
    UnlockConfirm,
    Unlocked,
    UnlockReceipt,
)
from protocol.errors import RemoteProtocolError
from protocol.identity import Identity
from protocol.link import KnownPhone

log = logging.getLogger(__name__)

# What the household's automation is called where a phone's name would stand.
AUTOMATION = Person("automation", "Home automation")
AUTOMATION_REQUEST = 1

_GONE = "This phone is not paired with the doorbell any more. Pair it again."
_UNREADABLE = "The phone's command cannot be read. Reload the app and slide again."
_OTHER_PHONE = "The command was signed by another phone than the one in this call. Slide again."
_UNSIGNED = "The phone's signature does not fit. Pair this phone again."
_ELSEWHERE = "The command was made for another door or another call. Slide to unlock again."
_USED = "This unlocking was not asked for or was used already. Slide to unlock again."
_LATE = "That took too long. Slide to unlock again."
_NO_PASSKEY = "Opening needs a passkey, and this phone has none. Make one in its settings."
_UNCONFIRMED = "Opening needs this phone's passkey. Slide again and confirm with it."
_BROKEN_OFF = "The opening was broken off before the passkey was checked."
_NO_RIGHT = "This phone may not unlock the door. A phone with admin rights can allow it."
_NO_BROKER = "Opening over MQTT is off. A phone with admin rights can turn it on."


class UnlockDesk:
    """Challenges phones and opens for those that prove everything.

    `monotonic` is the clock of challenges and limits; `wall` (seconds since 1970) only stands in
    receipts.
    """

    def __init__(
        self,
        identity: Identity,
        household: Household,
        audit: Ledger,
        opener: Opener,
        passkeys: Passkeys,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._identity = identity
        self._household = household
        self._audit = audit
        self._opener = opener
        self._passkeys = passkeys
        self._wall = wall
        self._challenges = Challenges(monotonic)
        self._attempts = Attempts(monotonic)

    def challenge(self, line: Line, request: Unlock) -> Challenge | Denied:
        """What to sign. Whoever could not open anyway hears it now."""
        try:
            known = self._paired(line)
            self._check_right(known)
            self._check_rate(known.phone.id)
            passkey = self._passkey_ask(known)
        except RefusedError as refusal:
            return self._refuse(line, request.id, refusal)
        return Challenge(
            id=request.id,
            challenge=self._challenges.issue(line.call, known.phone.id),
            valid_s=CHALLENGE_VALID_S,
            pulse_s=self._opener.pulse_s,
            passkey=passkey,
        )

    async def confirm(self, line: Line, request: UnlockConfirm) -> Unlocked | Denied:
        """Open for a command that proves everything. The order of these lines is the security."""
        evidence = ""
        try:
            issued = self._challenges.take(line.call)  # spent, whatever comes
            claimed = _signer(request.command)  # size, and whether it can be read
            known = self._phone(line, claimed)
            command = self._signed(known, request.command)
            evidence = request.command
            self._check_channel(line, known, command)
            self._check_challenge(known, command, issued)
            await self._check_passkey(known, request)
            self._check_right(known)
            self._check_rate(known.phone.id)
            row = await self._open(known, evidence)  # row, pulse, result
        except RefusedError as refusal:
            return self._refuse(line, request.id, refusal, evidence)
        return Unlocked(id=request.id, receipt=self._receipt(known, request.command, row))

    async def open_for_automation(self, evidence: str) -> Done | Denied:
        """Open for the household's own software, if an admin allows that. The ids say nothing."""
        try:
            self._check_automation()
            self._check_rate(AUTOMATION.id)
            self._attempts.admit(AUTOMATION.id)
            await self._opener.open(AUTOMATION, evidence, self._check_automation)
        except RefusedError as refusal:
            if not refusal.noted:
                self._note("unlock_refused", AUTOMATION, str(refusal), evidence)
            return Denied(id=0, reason=refusal.reason, detail=str(refusal)[:300])
        return Done(id=AUTOMATION_REQUEST)

    def refuse_unread(self, line: Line) -> None:
        """A confirmation that was not understood, or one of too many at once."""
        self._challenges.take(line.call)
        self._refuse(line, 0, RefusedError("malformed", _UNREADABLE, bad=True))

    def forget(self, call: str) -> None:
        """The call is over; its challenge with it."""
        self._challenges.take(call)

    # The checks, in their order.

    def _phone(self, line: Line, claimed: str) -> KnownPhone:
        known = self._paired(line)
        if claimed != known.phone.id:
            raise RefusedError("challenge", _OTHER_PHONE, bad=True)
        return known

    def _paired(self, line: Line) -> KnownPhone:
        known = self._household.find(line.phone.id)
        if known is None:
            raise RefusedError("right", _GONE)
        return known

    def _signed(self, known: KnownPhone, command: str) -> UnlockCommand:
        try:
            return jws.unseal(command, COMMAND_TYP, self._household.key(known), UnlockCommand)
        except RemoteProtocolError as error:
            raise RefusedError("challenge", _UNSIGNED, bad=True) from error

    def _check_channel(self, line: Line, known: KnownPhone, command: UnlockCommand) -> None:
        said = (command.doorbell, command.phone, command.channel)
        if said != (self._identity.id, known.phone.id, line.channel):
            raise RefusedError("challenge", _ELSEWHERE, bad=True)

    def _check_challenge(
        self, known: KnownPhone, command: UnlockCommand, issued: Issued | None
    ) -> None:
        if (
            issued is None
            or issued.phone != known.phone.id
            or not secrets.compare_digest(issued.challenge, command.challenge)
        ):
            raise RefusedError("challenge", _USED, bad=True)
        if self._challenges.is_stale(issued):
            raise RefusedError("challenge", _LATE)

    async def _check_passkey(self, known: KnownPhone, request: UnlockConfirm) -> None:
        if not self._household.rules.unlock_passkey:
            return
        if request.passkey is None:
            raise RefusedError("passkey", _UNCONFIRMED)
        try:
            await self._passkeys.verify(known.phone.id, request.command, request.passkey)
        except PasskeyError as error:
            raise RefusedError("passkey", str(error), bad=True) from error
        except BaseException:
            by = Person(known.phone.id, known.phone.name)
            self._note("unlock_refused", by, _BROKEN_OFF, request.command)
            raise

    def _check_right(self, known: KnownPhone) -> None:
        if not self._household.may(known.phone.id, "unlock"):
            raise RefusedError("right", _NO_RIGHT)

    def _check_rate(self, who: str) -> None:
        wait_s = self._attempts.wait_s(who)
        if wait_s > 0:
            detail = f"Too many tries to open the door. Wait {max(1, round(wait_s))} s."
            raise RefusedError("rate", detail)

    def _check_automation(self) -> None:
        if not self._household.rules.unlock_mqtt:
            raise RefusedError("right", _NO_BROKER)

    # The deed, and the words.

    async def _open(self, known: KnownPhone, evidence: str) -> int:
        """Audit row on the disk, bounded pulse, result; whose right is gone by then stays out."""
        phone = known.phone
        self._attempts.admit(phone.id)
        still_may = partial(self._check_right, known)
        return await self._opener.open(Person(phone.id, phone.name), evidence, still_may)

    def _passkey_ask(self, known: KnownPhone) -> PasskeyAsk | None:
        if not self._household.rules.unlock_passkey:
            return None
        passkey = self._household.passkey_of(known.phone.id)
        if passkey is None:
            raise RefusedError("passkey", _NO_PASSKEY)
        return PasskeyAsk(rp_id=passkey.rp_id, credentials=(passkey.credential,))

    def _receipt(self, known: KnownPhone, command: str, row: int) -> str:
        receipt = UnlockReceipt(
            doorbell=self._identity.id,
            phone=known.phone.id,
            command_hash=jws.hash_of(command),
            at_ms=max(0, round(self._wall() * 1000)),
            pulse_s=self._opener.pulse_s,
            row=row,
        )
        return jws.seal(self._identity, RECEIPT_TYP, receipt)

    def _refuse(
        self, line: Line, request: int, refusal: RefusedError, evidence: str = ""
    ) -> Denied:
        log.warning("call %s: unlocking refused, %s", line.call, refusal.reason)
        if refusal.bad:
            self._attempts.bad(line.phone.id)
        if not refusal.noted:
            by = Person(line.phone.id, line.phone.name)
            self._note("unlock_refused", by, str(refusal), evidence)
        return Denied(id=request, reason=refusal.reason, detail=str(refusal)[:300])

    def _note(self, what: AuditWhat, by: Person, detail: str, evidence: str = "") -> None:
        self._audit.note(what, who=by.id, name=by.name, detail=detail, evidence=evidence)


def _signer(command: str) -> str:
    try:
        return jws.signer_of(command, COMMAND_TYP)
    except RemoteProtocolError as error:
        raise RefusedError("malformed", _UNREADABLE, bad=True) from error
