"""Managing the household over a call: who may, what it does, and what others hear of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device.core.access import LocalTime
from device.core.pairing import VALID_S
from device.services.audit_flood import Flood
from device.services.audit_rows import AuditError
from device.services.desk import Line
from device.services.household import Household, Passkey
from device.services.household_desk import (
    CHANGES_AT_ONCE,
    CHANGES_PER_S,
    PAGE_LIMIT_BYTES,
    HouseholdCounter,
)
from device.services.pairing import Pairing
from protocol.control import Done
from protocol.door import ALL_RIGHTS, Window
from protocol.household import (
    Access,
    AuditPage,
    ChangePhone,
    ChangeRules,
    HouseholdRefused,
    HouseholdReply,
    HouseholdRequest,
    HouseholdView,
    HouseRules,
    Invite,
    Invited,
    MakePasskey,
    MakeToken,
    PasskeyOptions,
    ReadAudit,
    RemovePasskey,
    RemovePhone,
    RevokeToken,
    Show,
    TokenMade,
    WantPasskey,
    WithdrawInvitation,
)
from protocol.identity import Identity
from tests.support.noting_ledger import NotingLedger
from tests.support.virtual_time import run_virtual

NOW = LocalTime(1_803_859_200_000, 0, 0, trusted=True)
GUEST = Access(rights=("view", "unlock"))
CLEANER = Access(rights=("view",), windows=(Window(days=(0,), start=480, end=600),))
ORIGIN = "https://door.example"
PASSKEY = Passkey(credential="AAAA", public_key="BBBB", rp_id="door.example", origin=ORIGIN)


@dataclass(frozen=True)
class Rows:
    rows: tuple[str, ...] = ("{}",)
    hash: str = "h" * 43
    before: str = "b" * 43
    head: str = "a.b.c"


class Log:
    """An audit log of one row, unless its disk fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.error: AuditError | None = None
        self.rows = Rows().rows

    async def page(self, before: int, most: int) -> Rows:
        self.asked.append((before, most))
        if self.error is not None:
            raise self.error
        return Rows(self.rows[:most])


class Maker:
    """Makes the same passkey for everybody."""

    def __init__(self, household: Household) -> None:
        self._household = household

    def options(self, line: Line, request: WantPasskey) -> HouseholdReply:
        return PasskeyOptions(id=request.id, challenge="AAAA", rp_id="door.example", user="BBBB",
                              name=line.phone.name)  # fmt: skip

    async def make(self, line: Line, request: MakePasskey) -> HouseholdReply:
        self._household.keep_passkey(line.phone.id, PASSKEY)
        return Done(id=request.id)


@dataclass
class House:
    folder: Path
    now: float = 0.0
    ledger: NotingLedger = field(default_factory=NotingLedger)
    log: Log = field(default_factory=Log)
    calling: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.household = Household(self.folder / "phones.json", lambda: NOW, self.ledger)
        self.pairing = Pairing(
            Identity.generate(), "Front door", self.household, lambda: self.now, self.ledger
        )
        self.counter = HouseholdCounter(
            self.household, self.pairing, self.log, Maker(self.household), lambda: self.calling,
            lambda found: f"https://door.example/#{found.fragment()}",
        )  # fmt: skip
        self.anna = self.pair("Anna", GUEST)
        self.ben = self.pair("Ben", GUEST)
        self.ledger.rows.clear()

    def pair(self, name: str, access: Access) -> Line:
        known = self.household.welcome(Identity.generate().public, name, access)
        return Line(f"call-of-{name}", known.phone, "c" * 43)

    async def ask(self, line: Line, request: HouseholdRequest) -> HouseholdReply:
        reply = await self.counter.manage(line, request)
        assert reply.id == request.id
        return reply

    async def refusal(self, line: Line, request: HouseholdRequest) -> str:
        """Why it was refused; nothing has changed by it."""
        before = (self.folder / "phones.json").read_text()
        reply = await self.ask(line, request)
        assert isinstance(reply, HouseholdRefused)
        assert reply.detail.endswith(".")
        assert (self.folder / "phones.json").read_text() == before
        assert self.ledger.rows == []
        return reply.reason


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def managing(house: House) -> list[HouseholdRequest]:
    """Everything that only an admin may ask."""
    token, _ = house.household.mint("Tablet", "view", None)
    phone, anna = house.ben.phone.id, house.anna.phone.id
    house.ledger.rows.clear()
    return [
        ChangePhone(id=1, phone=phone, name="Ben", access=Access(rights=ALL_RIGHTS)),
        RemovePhone(id=2, phone=anna),
        RemovePhone(id=3, phone=phone),
        Invite(id=4, access=Access(rights=ALL_RIGHTS)),
        WithdrawInvitation(id=5),
        MakeToken(id=6, name="Mine", kind="view"),
        RevokeToken(id=7, token=token.id),
        ChangeRules(id=8, rules=HouseRules(unlock_mqtt=True)),
        ReadAudit(id=9),
        RemovePasskey(id=10, phone=phone),
    ]


@pytest.mark.parametrize("number", range(10))
async def test_only_an_admin_manages(house: House, number: int) -> None:
    assert await house.refusal(house.ben, managing(house)[number]) == "right"
    assert house.pairing.open_invitation() is None
    assert house.log.asked == []


@pytest.mark.parametrize("number", range(10))
async def test_who_was_admin_when_the_call_began_is_none_any_more(
    house: House, number: int
) -> None:
    """Rights are those of this moment, whatever the line remembers."""
    house.household.change(house.ben.phone.id, "Ben", Access(rights=ALL_RIGHTS))
    request = managing(house)[number]
    ended = Access(rights=ALL_RIGHTS, until_ms=NOW.epoch_ms)
    ben = house.household.find(house.ben.phone.id)
    assert ben is not None
    house.household.change(ben.phone.id, "Ben", ended)
    house.ledger.rows.clear()
    assert await house.refusal(Line("call", ben.phone, "c" * 43), request) == "right"


async def test_a_phone_that_is_out_sees_nothing(house: House) -> None:
    house.household.remove(house.ben.phone.id)
    house.ledger.rows.clear()
    for request in (Show(id=1), WantPasskey(id=2, origin=ORIGIN), *managing(house)):
        assert await house.refusal(house.ben, request) == "right"


async def test_an_admin_sees_everybody_and_a_guest_itself(house: House) -> None:
    house.household.mint("Tablet", "view", None)
    house.household.keep_passkey(house.ben.phone.id, PASSKEY)
    house.pairing.invite(CLEANER, by=house.anna.phone.id)
    house.calling = {house.ben.phone.id}
    seen = await house.ask(house.anna, Show(id=3))
    assert isinstance(seen, HouseholdView)
    assert [m.phone.name for m in seen.members] == ["Anna", "Ben"]
    assert [m.passkey for m in seen.members] == [False, True]
    assert [m.calling for m in seen.members] == [False, True]
    assert [m.since_ms for m in seen.members] == [NOW.epoch_ms] * 2
    assert [token.name for token in seen.tokens] == ["Tablet"]
    assert seen.invitation is not None
    assert seen.invitation.access == CLEANER
    assert seen.clock
    own = await house.ask(house.ben, Show(id=4))
    assert isinstance(own, HouseholdView)
    assert [m.phone.name for m in own.members] == ["Ben"]
    assert (own.tokens, own.invitation) == ((), None)


async def test_rights_are_changed(house: House) -> None:
    reply = await house.ask(
        house.anna, ChangePhone(id=1, phone=house.ben.phone.id, name="Benno", access=CLEANER)
    )
    assert isinstance(reply, HouseholdView)
    assert reply.members[1].phone.name == "Benno"
    assert reply.members[1].phone.windows == CLEANER.windows
    assert not house.household.may(house.ben.phone.id, "view")
    assert [(row.what, row.who, row.name) for row in house.ledger.rows] == [
        ("phone_changed", house.anna.phone.id, "Anna")
    ]


async def test_a_phone_is_removed(house: House) -> None:
    reply = await house.ask(house.anna, RemovePhone(id=1, phone=house.ben.phone.id))
    assert isinstance(reply, HouseholdView)
    assert [m.phone.name for m in reply.members] == ["Anna"]
    assert house.ledger.whats == ["phone_removed"]
    house.ledger.rows.clear()
    assert await house.refusal(house.anna, RemovePhone(id=2, phone=house.ben.phone.id)) == "unknown"


async def test_the_last_admin_stays(house: House) -> None:
    anna = house.anna.phone.id
    assert await house.refusal(house.anna, RemovePhone(id=1, phone=anna)) == "last_admin"
    less = ChangePhone(id=2, phone=anna, name="Anna", access=GUEST)
    assert await house.refusal(house.anna, less) == "last_admin"


async def test_an_admin_may_take_itself_out_when_another_stays(house: House) -> None:
    house.household.change(house.ben.phone.id, "Ben", Access(rights=ALL_RIGHTS))
    house.ledger.rows.clear()
    reply = await house.ask(house.anna, RemovePhone(id=9, phone=house.anna.phone.id))
    assert reply == Done(id=9)
    assert (house.ledger.rows[0].who, house.ledger.rows[0].name) == (house.anna.phone.id, "Anna")


async def test_an_admin_for_a_time_decides_nothing_about_admins(house: House) -> None:
    """It could make itself one for good, or take the household over."""
    ben = house.ben.phone.id
    until = Access(rights=ALL_RIGHTS, until_ms=NOW.epoch_ms + 1000)
    house.household.change(ben, "Ben", until)
    cleo = house.pair("Cleo", GUEST).phone.id
    house.ledger.rows.clear()
    for request in (
        ChangePhone(id=1, phone=ben, name="Ben", access=Access(rights=ALL_RIGHTS)),
        ChangePhone(id=2, phone=ben, name="Benno", access=GUEST),
        ChangePhone(id=3, phone=cleo, name="Cleo", access=until),
        ChangePhone(id=4, phone=house.anna.phone.id, name="Anna", access=GUEST),
        RemovePhone(id=5, phone=house.anna.phone.id),
        Invite(id=6, access=Access(rights=("admin",))),
    ):
        assert await house.refusal(house.ben, request) == "right"
    change = ChangePhone(id=7, phone=cleo, name="Cleo", access=CLEANER)
    assert isinstance(await house.ask(house.ben, change), HouseholdView)
    assert isinstance(await house.ask(house.ben, Invite(id=8, access=GUEST)), Invited)
    assert isinstance(await house.ask(house.ben, RemovePhone(id=9, phone=cleo)), HouseholdView)


def test_no_phone_hides_a_change_among_many_nor_keeps_another_from_removing_it(
    house: House,
) -> None:
    house.household.change(house.ben.phone.id, "Ben", Access(rights=ALL_RIGHTS))
    house.ledger.rows.clear()

    async def main() -> None:
        rules, refused = [HouseRules(), HouseRules(unlock_mqtt=True)], 0
        for number in range(1, 601):
            reply = await house.ask(house.ben, ChangeRules(id=number, rules=rules[number % 2]))
            refused += isinstance(reply, HouseholdRefused) and reply.reason == "rate"
            await asyncio.sleep(0.1)
        assert refused >= 600 - CHANGES_AT_ONCE - 60 * CHANGES_PER_S - 1
        flood, log_s = Flood(), 0.0
        for row in house.ledger.rows:
            assert flood.admits(row.what, log_s)
        assert isinstance(await house.ask(house.ben, Show(id=601)), HouseholdView)
        removal = RemovePhone(id=602, phone=house.ben.phone.id)
        assert isinstance(await house.ask(house.anna, removal), HouseholdView)

    run_virtual(main)


async def test_an_invitation_is_made_and_withdrawn(house: House) -> None:
    reply = await house.ask(house.anna, Invite(id=1, access=CLEANER))
    assert isinstance(reply, Invited)
    assert reply.link.startswith("https://door.example/#p=1.")
    assert reply.valid_s == VALID_S
    opened = house.pairing.open_invitation()
    assert opened is not None
    assert opened.access == CLEANER
    after = await house.ask(house.anna, WithdrawInvitation(id=2))
    assert isinstance(after, HouseholdView)
    assert after.invitation is None
    assert house.ledger.whats == ["invited", "invitation_withdrawn"]
    assert house.ledger.rows[0].who == house.anna.phone.id


async def test_an_end_that_has_passed_is_not_meant(house: House) -> None:
    past = Access(rights=("view",), until_ms=NOW.epoch_ms)
    assert await house.refusal(house.anna, Invite(id=1, access=past)) == "malformed"
    token = MakeToken(id=2, name="Tablet", kind="view", until_ms=NOW.epoch_ms)
    assert await house.refusal(house.anna, token) == "malformed"
    assert house.pairing.open_invitation() is None


async def test_a_token_is_shown_once_and_revoked(house: House) -> None:
    made = await house.ask(house.anna, MakeToken(id=1, name="Tablet", kind="view"))
    assert isinstance(made, TokenMade)
    assert house.household.token_holder(made.secret) is not None
    seen = await house.ask(house.anna, Show(id=2))
    assert made.secret not in seen.model_dump_json()
    after = await house.ask(house.anna, RevokeToken(id=3, token=made.token.id))
    assert isinstance(after, HouseholdView)
    assert after.tokens == ()
    assert house.household.token_holder(made.secret) is None
    assert house.ledger.whats == ["token_made", "token_revoked"]
    house.ledger.rows.clear()
    assert await house.refusal(house.anna, RevokeToken(id=4, token=made.token.id)) == "unknown"


async def test_rules_are_changed(house: House) -> None:
    rules = HouseRules(unlock_passkey=True)
    reply = await house.ask(house.anna, ChangeRules(id=1, rules=rules))
    assert isinstance(reply, HouseholdView)
    assert reply.rules == house.household.rules == rules
    assert house.ledger.whats == ["policy_changed"]


async def test_the_log_is_read(house: House) -> None:
    reply = await house.ask(house.anna, ReadAudit(id=1, before=17, most=5))
    kept = Rows()
    assert reply == AuditPage(
        id=1, rows=kept.rows, hash=kept.hash, before=kept.before, head=kept.head
    )
    assert house.log.asked == [(17, 5)]
    house.log.error = AuditError("The card is gone.")
    assert await house.refusal(house.anna, ReadAudit(id=2)) == "fault"


async def test_a_page_fits_into_one_message(house: House) -> None:
    row = '{"detail": "' + "x" * 2000 + '"}'
    house.log.rows = (row,) * 100
    reply = await house.ask(house.anna, ReadAudit(id=1, before=0, most=100))
    assert isinstance(reply, AuditPage)
    assert len(reply.rows) == 25
    assert len(reply.model_dump_json()) <= PAGE_LIMIT_BYTES
    house.log.rows = ("y" * 2 * PAGE_LIMIT_BYTES,) * 100
    alone = await house.ask(house.anna, ReadAudit(id=2, before=0, most=100))
    assert isinstance(alone, AuditPage)
    assert len(alone.rows) == 1


async def test_who_may_unlock_makes_a_passkey_and_an_admin_removes_it(house: House) -> None:
    wanted = await house.ask(house.ben, WantPasskey(id=1, origin=ORIGIN))
    assert isinstance(wanted, PasskeyOptions)
    making = MakePasskey(id=2, credential="AA", client_data="BB", attestation="CC")
    assert await house.ask(house.ben, making) == Done(id=2)
    assert house.household.passkey_of(house.ben.phone.id) == PASSKEY
    await house.ask(house.anna, RemovePasskey(id=3, phone=house.ben.phone.id))
    assert house.household.passkey_of(house.ben.phone.id) is None
    assert house.ledger.whats == ["passkey_made", "passkey_removed"]


async def test_who_may_not_unlock_makes_no_passkey(house: House) -> None:
    house.household.change(house.ben.phone.id, "Ben", Access(rights=("view",)))
    house.ledger.rows.clear()
    making = MakePasskey(id=2, credential="AA", client_data="BB", attestation="CC")
    assert await house.refusal(house.ben, WantPasskey(id=1, origin=ORIGIN)) == "right"
    assert await house.refusal(house.ben, making) == "right"


async def test_a_full_disk_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("device.services.household.write_whole", full)
    assert await house.refusal(house.anna, MakeToken(id=1, name="A", kind="view")) == "fault"
    assert await house.refusal(house.anna, RemovePhone(id=2, phone=house.ben.phone.id)) == "fault"
    assert house.household.may(house.ben.phone.id, "view")


async def test_admins_hear_of_every_change_and_guests_of_their_own(house: House) -> None:
    heard: dict[str, list[HouseholdReply]] = {"Anna": [], "Ben": []}
    for line in (house.anna, house.ben):
        house.counter.watch(line, heard[line.phone.name].append)
    await house.ask(house.anna, ChangePhone(
        id=1, phone=house.anna.phone.id, name="Anne", access=Access(rights=ALL_RIGHTS)
    ))  # fmt: skip
    assert (len(heard["Anna"]), heard["Ben"]) == (1, [])
    await house.ask(house.anna, MakeToken(id=2, name="Tablet", kind="view"))
    await house.ask(house.anna, Invite(id=3, access=GUEST))
    assert (len(heard["Anna"]), heard["Ben"]) == (3, [])
    await house.ask(house.anna, ChangePhone(
        id=4, phone=house.ben.phone.id, name="Ben", access=CLEANER
    ))  # fmt: skip
    assert (len(heard["Anna"]), len(heard["Ben"])) == (4, 1)
    last = heard["Ben"][-1]
    assert isinstance(last, HouseholdView)
    assert last.id == 0
    assert [m.phone.name for m in last.members] == ["Ben"]


async def test_a_demoted_admin_sees_itself_alone_from_then_on(house: House) -> None:
    house.household.change(house.ben.phone.id, "Ben", Access(rights=ALL_RIGHTS))
    heard: list[HouseholdReply] = []
    house.counter.watch(house.ben, heard.append)
    house.household.change(house.ben.phone.id, "Ben", GUEST)
    house.household.mint("Tablet", "view", None)
    assert len(heard) == 1
    assert isinstance(heard[0], HouseholdView)
    assert [m.phone.name for m in heard[0].members] == ["Ben"]


async def test_who_stopped_listening_or_is_out_hears_nothing(house: House) -> None:
    heard: list[HouseholdReply] = []
    stop = house.counter.watch(house.anna, heard.append)
    house.counter.watch(house.ben, heard.append)
    house.household.remove(house.ben.phone.id)
    assert len(heard) == 1
    stop()
    stop()
    house.household.mint("Tablet", "view", None)
    assert len(heard) == 1


def test_calls_that_begin_and_codes_that_run_out_are_seen_within_a_second(house: House) -> None:
    heard: list[HouseholdReply] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(house.counter.run())
            house.counter.watch(house.anna, heard.append)
            await asyncio.sleep(5)
            assert heard == []
            house.calling = {house.ben.phone.id}
            await asyncio.sleep(1.01)
            assert len(heard) == 1
            house.pairing.invite(GUEST, by=house.anna.phone.id)
            assert len(heard) == 2
            house.now += VALID_S - 1
            await asyncio.sleep(5)
            assert len(heard) == 2
            house.now += 1
            await asyncio.sleep(1.01)
            task.cancel()

    run_virtual(main)
    assert len(heard) == 3
    assert isinstance(heard[-1], HouseholdView)
    assert heard[-1].invitation is None
