"""Where phones manage the household: rights are checked here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol, assert_never

from device.core.access import is_limited
from device.core.bucket import Bucket
from device.core.pairing import VALID_S
from device.services.audit_rows import AuditError
from device.services.desk import Line, SoftwareDesk
from device.services.household import (
    Household,
    HouseholdError,
    HouseholdFullError,
    LastAdminError,
    UnknownMemberError,
)
from device.services.household_book import KeptPhone
from device.services.pairing import Pairing
from protocol.control import Done
from protocol.door import Phone
from protocol.household import (
    AuditPage,
    ChangePhone,
    ChangeRules,
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
    HouseholdView,
    InstallUpdate,
    Invite,
    Invited,
    MakePasskey,
    MakeToken,
    Member,
    ReadAudit,
    RemovePasskey,
    RemovePhone,
    RevokeToken,
    Show,
    ShowSoftware,
    TokenMade,
    WantPasskey,
    WithdrawInvitation,
)
from protocol.pairing import Invitation

log = logging.getLogger(__name__)

# Calls that begin or end, and codes that run out, change what is seen; nobody waits for that.
LOOK_EVERY_S = 1.0

# Changes of one phone. Fewer than the log writes down one by one, so that no single change hides
# among many; and of each phone for itself, so that none keeps another from removing it.
CHANGES_AT_ONCE = 20.0
CHANGES_PER_S = 0.3
# A peer that does not say what it takes takes 64 kB in one message (RFC 8841 section 6.1).
PAGE_LIMIT_BYTES = 60_000

Push = Callable[[HouseholdReply], None]
Change = ChangePhone | RemovePhone | WithdrawInvitation | RevokeToken | ChangeRules | RemovePasskey

_GONE = "This phone is not paired any more. Pair it again at the door."
_NOT_ADMIN = "Only a phone that manages the household may do this. Ask one of its owners."
_LIMITED = (
    "A phone whose own rights end or have hours may not decide who manages the household."
    " Ask one that manages it always."
)
_NO_UNLOCK = "Only a phone that may open the door needs a passkey. Ask one who manages the phones."
_TOO_MANY = "So many changes at once look like a mistake. Wait a minute and go on."
_OVER = "This end has passed already. Choose a later one."
_NO_UPDATES = "This doorbell is not updated from here. Update its package instead."
_DISK = "The doorbell could not write it down. Free its disk and try again."


class Rows(Protocol):
    """A part of the audit log; AuditPage says what each is."""

    @property
    def rows(self) -> tuple[str, ...]: ...
    @property
    def hash(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def head(self) -> str: ...


class AuditReader(Protocol):
    """Reads the audit log."""

    async def page(self, before: int, most: int) -> Rows:
        """Rows before `before`, newest first; 0 is the newest. AuditError."""


class PasskeyMaker(Protocol):
    """Makes passkeys. Whether the phone may have one is checked before; refusals are replies."""

    def options(self, line: Line, request: WantPasskey) -> HouseholdReply: ...
    async def make(self, line: Line, request: MakePasskey) -> HouseholdReply: ...


@dataclass(eq=False, slots=True)
class _Watcher:
    phone: str
    push: Push
    last: HouseholdView | None


class HouseholdCounter:
    """A HouseholdDesk. `calling()` are the phones in a call, `link_of` writes a pairing link."""

    def __init__(
        self,
        household: Household,
        pairing: Pairing,
        audit: AuditReader,
        passkeys: PasskeyMaker,
        calling: Callable[[], set[str]],
        link_of: Callable[[Invitation], str],
        software: SoftwareDesk | None = None,
    ) -> None:
        self._household = household
        self._pairing = pairing
        self._audit = audit
        self._passkeys = passkeys
        self._calling = calling
        self._link_of = link_of
        self._software = software
        self._watchers: list[_Watcher] = []
        self._changes: dict[str, Bucket] = {}
        household.watch(self.refresh)
        pairing.watch(self.refresh)

    async def manage(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        """Carry out one request of a phone; what cannot be done is a HouseholdRefused."""
        if (refusal := self._refusal(line, request)) is not None:
            return HouseholdRefused(id=request.id, reason="right", detail=refusal)
        if not self._has_patience(line.phone.id, request):
            return HouseholdRefused(id=request.id, reason="rate", detail=_TOO_MANY)
        try:
            return await self._carry_out(line, request)
        except HouseholdError as error:
            return _refused(request, error)
        except AuditError as error:
            return HouseholdRefused(id=request.id, reason="fault", detail=str(error))
        except OSError as error:
            log.error("the household's file cannot be written: %s", error)
            return HouseholdRefused(id=request.id, reason="fault", detail=_DISK)

    def watch(self, line: Line, push: Push) -> Callable[[], None]:
        """`push` the household at every change that this phone may see; call the result to stop."""
        phone = line.phone.id
        view = self._view(phone, 0)
        watcher = _Watcher(phone, push, _timeless(view) if view else None)
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop

    async def run(self) -> NoReturn:
        """Notice what changes without anybody's doing, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.refresh()

    def refresh(self) -> None:
        """Something may look different now: tell those who see it."""
        for watcher in tuple(self._watchers):
            view = self._view(watcher.phone, 0)
            if view is not None and _timeless(view) != watcher.last:
                watcher.last = _timeless(view)
                watcher.push(view)

    def _refusal(self, line: Line, request: HouseholdRequest) -> str | None:
        phone = line.phone.id
        if self._household.find(phone) is None:
            return _GONE
        if isinstance(request, Show):
            return None
        if isinstance(request, WantPasskey | MakePasskey):
            return None if self._household.may(phone, "unlock") else _NO_UNLOCK
        if not self._household.may(phone, "admin"):
            return _NOT_ADMIN
        return _LIMITED if self._is_above(phone, request) else None

    def _is_above(self, phone: str, request: HouseholdRequest) -> bool:
        """Whether an admin for a time would make itself, or another, one for good."""
        by = self._household.find(phone)
        if by is None or not is_limited(by.phone):
            return False
        match request:
            case Invite(access=access):
                return "admin" in access.rights
            case ChangePhone(phone=other, access=access):
                return "admin" in access.rights or self._manages(other)
            case RemovePhone(phone=other):
                return self._manages(other)
            case _:
                return False

    def _manages(self, phone: str) -> bool:
        known = self._household.find(phone)
        return known is not None and "admin" in known.phone.rights

    def _has_patience(self, phone: str, request: HouseholdRequest) -> bool:
        if isinstance(request, Show | ReadAudit | WantPasskey | MakePasskey | ShowSoftware):
            return True
        bucket = self._changes.setdefault(phone, Bucket(CHANGES_AT_ONCE, CHANGES_PER_S))
        return bucket.take(asyncio.get_running_loop().time())

    async def _carry_out(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        match request:
            case Show():
                return self._shown(line, request)
            case WantPasskey():
                return self._passkeys.options(line, request)
            case MakePasskey():
                return await self._passkeys.make(line, request)
            case Invite():
                return self._invite(line, request)
            case MakeToken():
                return self._mint(line, request)
            case ReadAudit():
                return await self._read(request)
            case ShowSoftware() | InstallUpdate():
                return await self._maintain(line, request)
            case _:
                self._change(line.phone, request)
                return self._shown(line, request)

    def _change(self, by: Phone, request: Change) -> None:
        household = self._household
        match request:
            case ChangePhone(phone=phone, name=name, access=access):
                household.change(phone, name, access, by.id)
            case RemovePhone(phone=phone):
                household.remove(phone, by.id)
            case WithdrawInvitation():
                self._pairing.withdraw(by.id)
            case RevokeToken(token=token):
                household.revoke(token, by.id)
            case ChangeRules(rules=rules):
                household.set_rules(rules, by.id)
            case RemovePasskey(phone=phone):
                household.drop_passkey(phone, by.id)
            case _:
                assert_never(request)

    def _invite(self, line: Line, request: Invite) -> HouseholdReply:
        if self._household.has_passed(request.access.until_ms):
            return HouseholdRefused(id=request.id, reason="malformed", detail=_OVER)
        invitation = self._pairing.invite(request.access, line.phone.id)
        return Invited(id=request.id, link=self._link_of(invitation), valid_s=VALID_S)

    def _mint(self, line: Line, request: MakeToken) -> HouseholdReply:
        if self._household.has_passed(request.until_ms):
            return HouseholdRefused(id=request.id, reason="malformed", detail=_OVER)
        token, secret = self._household.mint(
            request.name, request.kind, request.until_ms, line.phone.id
        )
        return TokenMade(id=request.id, token=token, secret=secret)

    async def _maintain(self, line: Line, request: ShowSoftware | InstallUpdate) -> HouseholdReply:
        if (software := self._software) is None:
            return HouseholdRefused(id=request.id, reason="update", detail=_NO_UPDATES)
        if isinstance(request, InstallUpdate):
            if refusal := software.install(request.version, line.phone.id, line.phone.name):
                return HouseholdRefused(id=request.id, reason="update", detail=refusal)
        elif request.look:
            await software.look()
        return software.view(request.id)

    async def _read(self, request: ReadAudit) -> HouseholdReply:
        """As many rows as a phone takes in one message; it asks for the next by itself."""
        most = request.most
        while True:
            found = await self._audit.page(request.before, most)
            page = AuditPage(
                id=request.id,
                rows=found.rows,
                hash=found.hash,
                before=found.before,
                head=found.head,
            )
            if most == 1 or len(page.model_dump_json()) <= PAGE_LIMIT_BYTES:
                return page
            most //= 2

    def _shown(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        """The household as this phone sees it; one that has just removed itself sees nothing."""
        return self._view(line.phone.id, request.id) or Done(id=request.id)

    def _view(self, phone: str, number: int) -> HouseholdView | None:
        household = self._household
        own = tuple(kept for kept in household.kept if kept.phone.id == phone)
        if not own:
            return None
        rules, clock = household.rules, household.clock_trusted
        if not household.may(phone, "admin"):
            return HouseholdView(id=number, members=self._members(own), rules=rules, clock=clock)
        return HouseholdView(
            id=number,
            members=self._members(household.kept),
            tokens=household.tokens,
            invitation=self._pairing.open_invitation(),
            rules=rules,
            clock=clock,
        )

    def _members(self, phones: tuple[KeptPhone, ...]) -> tuple[Member, ...]:
        calling = self._calling()
        return tuple(
            Member(
                phone=kept.phone,
                since_ms=kept.since_ms,
                passkey=kept.passkey is not None,
                calling=kept.phone.id in calling,
            )
            for kept in phones
        )


def _timeless(view: HouseholdView) -> HouseholdView:
    """Without the seconds that a code has left: they alone are no news."""
    if (found := view.invitation) is None:
        return view
    return view.model_copy(update={"invitation": found.model_copy(update={"left_s": 0.0})})


def _refused(request: HouseholdRequest, error: HouseholdError) -> HouseholdRefused:
    match error:
        case LastAdminError():
            return HouseholdRefused(id=request.id, reason="last_admin", detail=str(error))
        case HouseholdFullError():
            return HouseholdRefused(id=request.id, reason="full", detail=str(error))
        case UnknownMemberError() | _:
            return HouseholdRefused(id=request.id, reason="unknown", detail=str(error))
