"""Who may do what in this household, now. Every change is on the disk before it counts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from device.core.access import (
    NO_TIME,
    LocalTime,
    as_it_is,
    is_before_end,
    is_lasting_admin,
    is_limited,
    rights_at,
)
from device.services import household_words as words
from device.services.files import write_whole
from device.services.household_book import (
    Book,
    KeptPhone,
    KeptToken,
    Passkey,
    phone_with,
    read_book,
)
from device.services.household_tokens import matching, minted
from device.services.ledger import Ledger
from protocol.audit import AuditWhat
from protocol.door import ALL_RIGHTS, Phone, Right
from protocol.household import Access, HouseRules, MintedToken, TokenKind
from protocol.identity import PublicKey
from protocol.link import PHONES_LIMIT, TOKENS_LIMIT, KnownPhone, Members, RecordToken

__all__ = ["PHONES_LIMIT", "Household", "Passkey"]

log = logging.getLogger(__name__)

# Every phone but the first, unless an admin chooses; it can be given more by one with `admin`.
GUEST_RIGHTS: tuple[Right, ...] = tuple(right for right in ALL_RIGHTS if right != "admin")
GUEST = Access(rights=GUEST_RIGHTS)
ADMIN = Access(rights=ALL_RIGHTS)
# What time alone changes is noticed in this time: half of the second that a revocation may take.
LOOK_EVERY_S = 0.5
# When a token was last used is written this often, to spare the disk.
USED_EVERY_MS = 3_600_000


class HouseholdError(RuntimeError):
    """The household cannot be changed so; the text is a sentence for the person who asked."""


class HouseholdFullError(HouseholdError):
    """Nothing further can be remembered."""


class UnknownMemberError(HouseholdError):
    """There is no such phone, token or passkey."""


class LastAdminError(HouseholdError):
    """Nobody could manage the household for good any more."""


class Household:
    """Phones, tokens, passkeys and rules. Changes raise HouseholdError, or OSError of the disk.

    `by` is the phone that asked for a change; without one it was somebody at the doorbell itself.
    """

    def __init__(
        self,
        path: Path,
        clock_local: Callable[[], LocalTime] = lambda: NO_TIME,
        ledger: Ledger | None = None,
    ) -> None:
        """StartError when the file is there but cannot be understood."""
        self._path = path
        self._clock_local = clock_local
        self._ledger = ledger
        self._book = read_book(path)
        self._watchers: list[Callable[[], None]] = []
        self._told = self._moment()

    @property
    def kept(self) -> tuple[KeptPhone, ...]:
        """The phones with all that is remembered of them."""
        return self._book.phones

    @property
    def phones(self) -> tuple[KnownPhone, ...]:
        """The phones with the rights that were given to them."""
        return tuple(kept.known for kept in self.kept)

    @property
    def tokens(self) -> tuple[MintedToken, ...]:
        return tuple(kept.token for kept in self._book.tokens)

    @property
    def rules(self) -> HouseRules:
        return self._book.rules

    @property
    def clock_trusted(self) -> bool:
        return self._clock_local().trusted

    def find(self, phone: str) -> KnownPhone | None:
        """The phone with that id, if it is paired, with the rights that were given to it."""
        kept = self._kept(phone)
        return kept.known if kept else None

    def effective(self, phone: str) -> Phone | None:
        """The phone with the rights that it has at this moment."""
        kept = self._kept(phone)
        return as_it_is(kept.phone, self._clock_local()) if kept else None

    def may(self, phone: str, right: Right) -> bool:
        """Whether that phone is paired and has that right at this moment."""
        found = self.effective(phone)
        return found is not None and right in found.rights

    def key(self, known: KnownPhone) -> PublicKey:
        """The key that the phone signs with."""
        return PublicKey.parse(known.public_key)

    def members(self) -> Members:
        """What the server has to know, as it is at this moment."""
        now = self._clock_local()
        phones = tuple(
            known.model_copy(update={"phone": as_it_is(known.phone, now)}) for known in self.phones
        )
        tokens = tuple(
            RecordToken(id=kept.token.id, hash=kept.hash, until_ms=kept.token.until_ms)
            for kept in self._book.tokens
            if kept.token.kind == "record" and is_before_end(kept.token.until_ms, now)
        )
        return Members(phones=phones, tokens=tokens, forgotten=self._book.forgotten)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call it after every change, also when time alone changes what somebody may do."""
        self._watchers.append(callback)

    async def run(self) -> NoReturn:
        """Notice within a second what time changes, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._moment() != self._told:
                log.info("time has changed what somebody may do")
                self._tell()

    # Phones

    def welcome(self, key: PublicKey, name: str, access: Access = GUEST) -> KnownPhone:
        """Remember a phone; one that comes again keeps its rights and may change its name.

        The first phone may do everything, whatever `access` is.
        """
        before = self._kept(key.id)
        if before is None and len(self.kept) >= PHONES_LIMIT:
            raise HouseholdFullError(f"{PHONES_LIMIT} phones are paired already. Remove one first.")
        now_ms = self._now_ms()
        if before is not None:
            phone, since_ms = before.phone.model_copy(update={"name": name}), before.since_ms
        else:
            phone, since_ms = phone_with(key.id, name, access if self.kept else ADMIN), now_ms
        kept = KeptPhone(phone=phone, public_key=key.text, since_ms=since_ms, changed_ms=now_ms,
                         passkey=before.passkey if before else None)  # fmt: skip
        others = tuple(other for other in self.kept if other.phone.id != key.id)
        forgotten = tuple(told for told in self._book.forgotten if told != key.id)
        self._keep(phones=(*others, kept), forgotten=forgotten)
        log.info("phone %s is paired", key.id)
        self._note("paired", key.id, words.paired(phone, again=before is not None))
        self._tell()
        return kept.known

    def change(self, phone: str, name: str, access: Access, by: str = "") -> KnownPhone:
        """Give a phone another name, other rights or other times."""
        before = self._known(phone)
        changed = before.model_copy(
            update={
                "phone": phone_with(phone, name, access),
                "changed_ms": self._now_ms(),
            }
        )
        phones = tuple(changed if kept is before else kept for kept in self.kept)
        self._check_admin_remains(phones)
        self._keep(phones=phones)
        log.info("phone %s is changed", phone)
        self._note("phone_changed", by, words.changed(before.phone, changed.phone))
        self._tell()
        return changed.known

    def remove(self, phone: str, by: str = "") -> None:
        """Take a phone out of the household; from now on it may do nothing."""
        gone = self._known(phone)
        phones = tuple(kept for kept in self.kept if kept is not gone)
        self._check_admin_remains(phones)
        who = self._name_of(by)
        self._keep(phones=phones)
        log.info("phone %s is removed", phone)
        self._note("phone_removed", by, words.removed(gone.phone), who)
        self._tell()

    def reset(self, seen: str = "") -> None:
        """Forget all phones, rights, passkeys, tokens and rules; the phones have yet to be told.

        `seen` names the file that asked for it.
        """
        gone = tuple(kept.phone.id for kept in reversed(self.kept))
        forgotten = tuple(dict.fromkeys((*gone, *self._book.forgotten)))[:PHONES_LIMIT]
        self._write(Book(forgotten=forgotten, reset_seen=seen or self._book.reset_seen))
        log.warning("the household is reset; %d phones were in it", len(gone))
        self._note("household_reset", "", words.reset(len(gone)))
        self._tell()

    @property
    def reset_seen(self) -> str:
        """The name of the file that asked for the last reset."""
        return self._book.reset_seen

    def farewells_told(self, phones: tuple[str, ...]) -> None:
        """These were told that they are out; nobody waits for them any more."""
        left = tuple(phone for phone in self._book.forgotten if phone not in phones)
        if left != self._book.forgotten:
            self._keep(forgotten=left)

    # Tokens and rules

    def mint(
        self, name: str, kind: TokenKind, until_ms: int | None, by: str = ""
    ) -> tuple[MintedToken, str]:
        """A token for other software and its secret, which is not kept."""
        if len(self._book.tokens) >= TOKENS_LIMIT:
            raise HouseholdFullError(f"There are {TOKENS_LIMIT} tokens already. Revoke one first.")
        kept, secret = minted(name, kind, self._now_ms(), until_ms)
        token = kept.token
        self._keep(tokens=(*self._book.tokens, kept))
        log.info("token %s is made", token.id)
        self._note("token_made", by, words.token_made(token))
        self._tell()
        return token, secret

    def revoke(self, token: str, by: str = "") -> None:
        """A token opens nothing any more."""
        gone = next((kept for kept in self._book.tokens if kept.token.id == token), None)
        if gone is None:
            raise UnknownMemberError("There is no such token. It may be revoked already.")
        self._keep(tokens=tuple(kept for kept in self._book.tokens if kept is not gone))
        log.info("token %s is revoked", token)
        self._note("token_revoked", by, words.token_revoked(gone.token))
        self._tell()

    def token_holder(self, secret: str) -> MintedToken | None:
        """The view token with that secret, while it holds."""
        now, found = self._clock_local(), matching(self._book.tokens, "view", secret)
        if found is None or not is_before_end(found.token.until_ms, now):
            return None
        return self._used(found, now).token

    def holds(self, token: str) -> bool:
        """Whether the token with that id is still good."""
        now = self._clock_local()
        return any(
            kept.token.id == token and is_before_end(kept.token.until_ms, now)
            for kept in self._book.tokens
        )

    def has_passed(self, until_ms: int | None) -> bool:
        """Whether an end is certainly over, so that it cannot be meant."""
        now = self._clock_local()
        return until_ms is not None and now.trusted and until_ms <= now.epoch_ms

    def set_rules(self, rules: HouseRules, by: str = "") -> None:
        """What admins decide for all."""
        if rules == self.rules:
            return
        self._keep(rules=rules)
        log.info("the household's rules are changed")
        self._note("policy_changed", by, words.rules(rules))
        self._tell()

    # Passkeys

    def passkey_of(self, phone: str) -> Passkey | None:
        """The passkey that confirms for this phone."""
        kept = self._kept(phone)
        return kept.passkey if kept else None

    def keep_passkey(self, phone: str, passkey: Passkey) -> None:
        """Remember a new passkey, or a known one's counter; only a new one is noted and told."""
        before = self._known(phone)
        self._replace(before, passkey)
        if before.passkey is None or before.passkey.credential != passkey.credential:
            log.info("phone %s has a passkey", phone)
            self._note("passkey_made", phone, "The phone made a passkey.")
            self._tell()

    def drop_passkey(self, phone: str, by: str = "") -> None:
        """The phone has no passkey any more and may make a new one."""
        before = self._known(phone)
        if before.passkey is None:
            raise UnknownMemberError("This phone has no passkey.")
        self._replace(before, None)
        log.info("phone %s has no passkey any more", phone)
        self._note("passkey_removed", by, words.passkey_removed(before.phone))
        self._tell()

    # Inside

    def _kept(self, phone: str) -> KeptPhone | None:
        return next((kept for kept in self.kept if kept.phone.id == phone), None)

    def _known(self, phone: str) -> KeptPhone:
        kept = self._kept(phone)
        if kept is None:
            raise UnknownMemberError("There is no such phone. It may be removed already.")
        return kept

    def _replace(self, before: KeptPhone, passkey: Passkey | None) -> None:
        after = before.model_copy(update={"passkey": passkey})
        self._keep(phones=tuple(after if kept is before else kept for kept in self.kept))

    def _check_admin_remains(self, phones: tuple[KeptPhone, ...]) -> None:
        """One phone manages the household without an end; what was never so may stay so."""
        had, has = (any(is_lasting_admin(k.phone) for k in some) for some in (self.kept, phones))
        if had and not has:
            raise LastAdminError(words.LAST_ADMIN)

    def _used(self, kept: KeptToken, now: LocalTime) -> KeptToken:
        """Note that a token is in use; a disk that does not take it is no reason to refuse."""
        last_ms = kept.token.used_ms
        if last_ms is not None and abs(now.epoch_ms - last_ms) < USED_EVERY_MS:
            return kept
        token = kept.token.model_copy(update={"used_ms": now.epoch_ms})
        used = kept.model_copy(update={"token": token})
        try:
            self._keep(tokens=tuple(used if k is kept else k for k in self._book.tokens))
        except OSError as error:
            log.warning("the use of token %s cannot be written down: %s", token.id, error)
            return kept
        return used

    def _moment(self) -> object:
        """All that depends on the time."""
        now = self._clock_local()
        phones = tuple(
            (kept.phone.id, rights_at(kept.phone, now))
            for kept in self.kept
            if is_limited(kept.phone)
        )
        tokens = tuple(
            kept.token.id for kept in self._book.tokens if is_before_end(kept.token.until_ms, now)
        )
        return now.trusted, phones, tokens

    def _now_ms(self) -> int:
        return self._clock_local().epoch_ms

    def _keep(self, **changes: object) -> None:
        self._write(self._book.model_copy(update=changes))

    def _write(self, book: Book) -> None:
        write_whole(self._path, book.model_dump_json(indent=2) + "\n")
        self._book = book

    def _name_of(self, phone: str) -> str:
        kept = self._kept(phone)
        return kept.phone.name if kept else ""

    def _note(self, what: AuditWhat, who: str, detail: str, name: str | None = None) -> None:
        if self._ledger is not None:
            called = self._name_of(who) if name is None else name
            self._ledger.note(what, who=who, name=called, detail=detail)

    def _tell(self) -> None:
        self._told = self._moment()
        for watcher in tuple(self._watchers):
            try:
                watcher()
            except Exception:
                # One who listens badly must not keep the others from hearing of a revocation.
                log.exception("somebody who watches the household failed")
