"""Passkeys: made once for a phone and a page, and good for one command at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from device.core.policy import Policy
from device.services.passkeys import MAKING_VALID_S, Passkeys
from protocol.control import Challenge, Denied, Done, PasskeyAsk, PasskeyAssertion, Unlocked
from protocol.household import HouseholdRefused, MakePasskey, PasskeyOptions, WantPasskey
from protocol.pairing import decode, encode
from tests.support.door import eventually
from tests.support.soft_passkey import UP, UV, SoftPasskey
from tests.support.unlock_house import (
    ANNA,
    BEN,
    CALL,
    PAGE,
    SHORT_S,
    UnlockHouse,
    a_command,
    a_line,
    unlock_house,
)

RP = "door.example"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[UnlockHouse]:
    async with unlock_house(tmp_path, Policy(pulse_s=SHORT_S, unlock_limit=1000)) as house:
        yield house


def wanted(house: UnlockHouse, origin: str = PAGE, call: str = CALL) -> PasskeyOptions:
    options = house.passkeys.options(a_line(ANNA, call), WantPasskey(id=1, origin=origin))
    assert isinstance(options, PasskeyOptions), options
    return options


async def made(house: UnlockHouse, passkey: SoftPasskey | None = None) -> SoftPasskey:
    """A passkey of Anna's, registered."""
    passkey = passkey or SoftPasskey(RP, PAGE)
    request = passkey.make(wanted(house).challenge)
    assert await house.passkeys.make(a_line(ANNA), request) == Done(id=1)
    return passkey


async def refused(house: UnlockHouse, request: MakePasskey, call: str = CALL) -> str:
    reply = await house.passkeys.make(a_line(ANNA, call), request)
    assert isinstance(reply, HouseholdRefused), reply
    assert reply.reason == "passkey"
    assert house.household.passkey_of(ANNA.id) is None
    return reply.detail


async def confirmed(
    house: UnlockHouse, confirm: Callable[[str], PasskeyAssertion | None]
) -> Unlocked | Denied:
    command = a_command(ANNA, await house.challenged())
    reply = await house.confirm(command, passkey=confirm(command))
    await eventually(lambda: house.doorbell.door.lock == "locked")
    return reply


# Making one.


async def test_a_passkey_is_kept_with_its_page(house: UnlockHouse) -> None:
    options = wanted(house)
    assert (options.rp_id, options.name) == (RP, "Claimed")
    assert len(decode(options.challenge)) == len(decode(options.user)) == 32
    passkey = await made(house)
    kept = house.household.passkey_of(ANNA.id)
    assert kept is not None
    assert (kept.credential, kept.rp_id, kept.origin, kept.sign_count) == (
        encode(passkey.credential), RP, PAGE, 1)  # fmt: skip
    row = (await house.rows("passkey_made"))[0]
    assert row.who == ANNA.id


async def test_a_phone_makes_one_and_the_next_only_after_an_admin_removed_it(
    house: UnlockHouse,
) -> None:
    await made(house)
    options = house.passkeys.options(a_line(ANNA), WantPasskey(id=1, origin=PAGE))
    assert isinstance(options, HouseholdRefused)
    assert "has a passkey already" in options.detail
    house.household.drop_passkey(ANNA.id, BEN.id)
    await made(house)


async def test_of_two_that_are_made_at_once_one_counts(house: UnlockHouse) -> None:
    other = wanted(house, call="call-0002")
    await made(house)
    reply = await house.passkeys.make(
        a_line(ANNA, "call-0002"), SoftPasskey(RP, PAGE).make(other.challenge)
    )
    assert isinstance(reply, HouseholdRefused)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://door.example", "https://door.example:8443",
     "https://door.example.evil.example", "https://localhost", "http://localhost.evil.example",
     "http://127.0.0.1:8080"],
)  # fmt: skip
async def test_only_the_doorbells_own_page_may(house: UnlockHouse, origin: str) -> None:
    options = house.passkeys.options(a_line(ANNA), WantPasskey(id=1, origin=origin))
    assert isinstance(options, HouseholdRefused)
    assert PAGE in options.detail


async def test_localhost_may_for_those_who_develop(house: UnlockHouse) -> None:
    options = wanted(house, "http://localhost:5173")
    assert options.rp_id == "localhost"
    passkey = SoftPasskey("localhost", "http://localhost:5173")
    assert await house.passkeys.make(a_line(ANNA), passkey.make(options.challenge)) == Done(id=1)


async def test_a_page_without_a_name_cannot_have_passkeys(house: UnlockHouse) -> None:
    for page in ("https://192.168.1.5", "https://[fd00::5]:8443"):
        passkeys = Passkeys(house.household, "d" * 26, page, lambda: 0.0)
        options = passkeys.options(a_line(ANNA), WantPasskey(id=1, origin=page))
        assert isinstance(options, HouseholdRefused)
        assert "is a number" in options.detail


BAD_MAKERS = {
    "other origin": SoftPasskey(RP, "https://evil.example"),
    "other rp": SoftPasskey("evil.example", PAGE),
    "nobody verified": SoftPasskey(RP, PAGE, flags=UP),
    "nobody there": SoftPasskey(RP, PAGE, flags=UV),
}


@pytest.mark.parametrize("passkey", BAD_MAKERS.values(), ids=BAD_MAKERS.keys())
async def test_a_registration_that_does_not_hold_is_not_kept(
    house: UnlockHouse, passkey: SoftPasskey
) -> None:
    assert "does not fit" in await refused(house, passkey.make(wanted(house).challenge))


async def test_a_registration_is_for_its_challenge_its_call_and_its_minutes(
    house: UnlockHouse,
) -> None:
    passkey = SoftPasskey(RP, PAGE)
    assert "not asked for" in await refused(house, passkey.make(encode(bytes(32))))
    wanted(house)
    assert "does not fit" in await refused(house, passkey.make(encode(bytes(32))))
    # That try has spent the challenge.
    options = wanted(house)
    assert "not asked for" in await refused(house, passkey.make(options.challenge), "call-0002")
    options = wanted(house)
    house.later(MAKING_VALID_S)
    assert "not asked for" in await refused(house, passkey.make(options.challenge))


async def test_another_phone_in_the_same_call_does_not_get_it(house: UnlockHouse) -> None:
    request = SoftPasskey(RP, PAGE).make(wanted(house).challenge)
    reply = await house.passkeys.make(a_line(BEN), request)
    assert isinstance(reply, HouseholdRefused)
    assert house.household.passkey_of(BEN.id) is None


async def test_a_registration_of_another_credential_or_of_nonsense(house: UnlockHouse) -> None:
    passkey = SoftPasskey(RP, PAGE)
    for changes in ({"credential": "AAAA"}, {"attestation": "AAAA"}, {"client_data": "AAAA"},
                    {"attestation": encode(b"\xbf" * 300)}, {"client_data": "A"}):  # fmt: skip
        request = passkey.make(wanted(house).challenge).model_copy(update=changes)
        assert "does not fit" in await refused(house, request)


async def test_another_curve_is_no_passkey_here(house: UnlockHouse) -> None:
    passkey = SoftPasskey(RP, PAGE, key=ec.generate_private_key(ec.SECP256K1()))
    await refused(house, passkey.make(wanted(house).challenge))


# Confirming with it.


async def test_with_the_rule_a_passkey_opens_and_is_asked_for(house: UnlockHouse) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)
    given = await house.challenge()
    assert isinstance(given, Challenge)
    assert given.passkey == PasskeyAsk(rp_id=RP, credentials=(encode(passkey.credential),))
    for _ in range(2):
        assert isinstance(await confirmed(house, passkey.confirm), Unlocked)
    kept = house.household.passkey_of(ANNA.id)
    assert kept is not None
    assert kept.sign_count == passkey.count == 3
    assert len(await house.rows("passkey_made")) == 1


async def test_a_counter_that_stays_zero_is_one_that_is_not_kept(house: UnlockHouse) -> None:
    """As synchronised passkeys do (section 6.1.1)."""
    passkey = await made(house, SoftPasskey(RP, PAGE, steps=False))
    house.rule(unlock_passkey=True)
    for _ in range(2):
        assert isinstance(await confirmed(house, passkey.confirm), Unlocked)


async def test_without_a_passkey_the_phone_is_told_before_it_slides(house: UnlockHouse) -> None:
    house.rule(unlock_passkey=True)
    denied = await house.challenge()
    assert isinstance(denied, Denied)
    assert (denied.reason, "Make one" in denied.detail) == ("passkey", True)


LIES: dict[str, Callable[[SoftPasskey, str], PasskeyAssertion | None]] = {
    "none at all": lambda passkey, command: None,
    "other origin": lambda passkey, command: replace(
        passkey, origin="https://evil.example").confirm(command),
    "other rp": lambda passkey, command: replace(passkey, rp_id="evil.example").confirm(command),
    "nobody verified": lambda passkey, command: replace(passkey, flags=UP).confirm(command),
    "nobody there": lambda passkey, command: replace(passkey, flags=UV).confirm(command),
    "other command": lambda passkey, command: passkey.confirm(command + "x"),
    "other key": lambda passkey, command: replace(
        passkey, key=ec.generate_private_key(ec.SECP256R1())).confirm(command),
    "other credential": lambda passkey, command: replace(
        passkey, credential=bytes(32)).confirm(command),
    "counter goes back": lambda passkey, command: replace(
        passkey, count=0, steps=False).confirm(command),
    "counter stays": lambda passkey, command: replace(
        passkey, count=1, steps=False).confirm(command),
    "a registration": lambda passkey, command: passkey.confirm(command, "webauthn.create"),
    "nonsense": lambda passkey, command: passkey.confirm(command).model_copy(
        update={"authenticator_data": "AAAA"}),
    "no base64": lambda passkey, command: passkey.confirm(command).model_copy(
        update={"client_data": "A"}),
    "no signature": lambda passkey, command: passkey.confirm(command).model_copy(
        update={"signature": "A"}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_what_does_not_confirm_does_not_open(
    house: UnlockHouse, lie: Callable[[SoftPasskey, str], PasskeyAssertion | None]
) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)
    reply = await confirmed(house, lambda command: lie(passkey, command))
    assert isinstance(reply, Denied)
    assert reply.reason == "passkey"
    assert house.edges() == 0
    assert len(await house.rows("unlock_refused")) == 1
    # The genuine one is none the worse for it.
    assert isinstance(await confirmed(house, replace(passkey, count=5).confirm), Unlocked)


async def test_an_assertion_of_an_earlier_command_is_worth_nothing(house: UnlockHouse) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)
    kept = list[PasskeyAssertion]()

    def confirm(command: str) -> PasskeyAssertion:
        kept.append(passkey.confirm(command))
        return kept[0]

    assert isinstance(await confirmed(house, confirm), Unlocked)
    assert isinstance(await confirmed(house, confirm), Denied)


async def test_a_counter_that_cannot_be_written_down_opens_nothing(
    house: UnlockHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)

    def full(phone: str, kept: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(house.household, "keep_passkey", full)
    reply = await confirmed(house, passkey.confirm)
    assert isinstance(reply, Denied)
    assert "Free its disk" in reply.detail
    assert house.edges() == 0


async def test_a_fault_while_the_passkey_is_checked_opens_nothing_and_is_in_the_log(
    house: UnlockHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)

    async def fail(phone: str, command: str, assertion: PasskeyAssertion) -> None:
        raise ModuleNotFoundError("webauthn")

    monkeypatch.setattr(house.passkeys, "verify", fail)
    with pytest.raises(ModuleNotFoundError):
        await confirmed(house, passkey.confirm)
    assert house.edges() == 0
    (row,) = await house.rows("unlock_refused")
    assert "broken off" in row.detail


async def test_bad_passkeys_lock_the_phone_out_like_bad_signatures(house: UnlockHouse) -> None:
    passkey = await made(house)
    house.rule(unlock_passkey=True)
    for _ in range(3):
        await confirmed(house, replace(passkey, flags=UP).confirm)
    denied = await house.challenge()
    assert isinstance(denied, Denied)
    assert denied.reason == "rate"


def test_a_doorbell_does_not_load_the_library_before_it_is_needed() -> None:
    text = "import sys, device.app; print('webauthn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
