"""Pairing from the phone's side, against the doorbell's."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.core.pairing import VALID_S, WRONG_TRIES
from device.services.household import GUEST, GUEST_RIGHTS
from device.services.pairing import key_hash
from protocol.door import ALL_RIGHTS, Window
from protocol.household import Access
from protocol.identity import Identity
from protocol.pairing import Invitation, Paired, PairHello, PairRefused
from tests.support.pairing_house import (
    PairingHouse,
    PairingPhone,
    challenge_of,
    reason_of,
)

CLEANER = Access(
    rights=("view", "unlock"),
    until_ms=1_900_000_000_000,
    windows=(Window(days=(0,), start=480, end=600),),
)


@pytest.fixture
def house(tmp_path: Path) -> PairingHouse:
    return PairingHouse(tmp_path)


def test_the_first_phone_administers_and_later_ones_do_not(house: PairingHouse) -> None:
    first = house.pair(house.pairing.invite())
    second = house.pair(house.pairing.invite(), "Ben")
    assert isinstance(first, Paired)
    assert isinstance(second, Paired)
    assert first.rights == ALL_RIGHTS
    assert set(ALL_RIGHTS) - set(second.rights) == {"admin"}
    assert [known.phone.name for known in house.household.phones] == ["Anna", "Ben"]


def test_an_admin_chooses_what_a_code_gives(house: PairingHouse) -> None:
    anna = house.let_in("Anna")
    paired = house.pair(house.pairing.invite(CLEANER, by=anna), "Cleo")
    assert isinstance(paired, Paired)
    assert (paired.rights, paired.until_ms, paired.windows) == (
        CLEANER.rights, CLEANER.until_ms, CLEANER.windows,
    )  # fmt: skip
    invited, came = house.ledger.rows[-2:]
    assert (invited.what, invited.who, invited.name) == ("invited", anna, "Anna")
    assert (came.what, came.who, came.name) == ("paired", paired.phone_id, "Cleo")


def test_the_first_phone_administers_whatever_the_code_gives(house: PairingHouse) -> None:
    paired = house.pair(house.pairing.invite(CLEANER))
    assert isinstance(paired, Paired)
    assert (paired.rights, paired.until_ms, paired.windows) == (ALL_RIGHTS, None, ())


def test_the_link_names_the_doorbells_key(house: PairingHouse) -> None:
    invitation = house.pairing.invite()
    assert invitation.key_hash == key_hash(house.identity.public)
    assert Invitation.parse(invitation.fragment()) == invitation


def test_the_doorbell_proves_itself_to_the_phone(house: PairingHouse) -> None:
    phone = PairingPhone(house.pairing.invite())
    assert phone.believes(challenge_of(house.pairing.step(phone.hello())))


def test_without_an_invitation_nobody_pairs(house: PairingHouse) -> None:
    assert reason_of(house.pair(Invitation("", b"", house.identity.id))) == "unknown"


def test_a_code_works_once(house: PairingHouse) -> None:
    invitation = house.pairing.invite()
    house.pair(invitation)
    assert reason_of(house.pair(invitation)) == "used"
    assert len(house.household.phones) == 1


def test_a_code_lives_ten_minutes(house: PairingHouse) -> None:
    invitation = house.pairing.invite()
    house.now = VALID_S
    assert house.pairing.open_invitation() is None
    assert reason_of(house.pair(invitation)) == "expired"


def test_a_proof_after_ten_minutes_is_too_late(house: PairingHouse) -> None:
    phone = PairingPhone(house.pairing.invite())
    challenge = challenge_of(house.pairing.step(phone.hello()))
    house.now = VALID_S
    assert reason_of(house.pairing.step(phone.proof(challenge))) == "expired"


def test_a_code_dies_of_wrong_tries(house: PairingHouse) -> None:
    invitation = house.pairing.invite()
    for left in range(WRONG_TRIES - 1, -1, -1):
        assert reason_of(house.guess(invitation)) == "wrong"
        opened = house.pairing.open_invitation()
        assert (opened.tries_left if opened else 0) == left
    assert reason_of(house.pair(invitation)) == "exhausted"
    assert house.ledger.whats.count("pairing_refused") == WRONG_TRIES + 1
    assert len(house.ledger.rows[1].who) == 26


def test_a_new_code_ends_the_old(house: PairingHouse) -> None:
    old = PairingPhone(house.pairing.invite())
    challenge = challenge_of(house.pairing.step(old.hello()))
    house.pairing.invite()
    assert reason_of(house.pairing.step(old.proof(challenge))) == "unknown"
    again = challenge_of(house.pairing.step(old.hello()))
    assert not old.believes(again)
    assert reason_of(house.pairing.step(old.proof(again))) == "wrong"


def test_an_invitation_can_be_seen_and_withdrawn(house: PairingHouse) -> None:
    anna = house.let_in("Anna")
    assert house.pairing.open_invitation() is None
    told: list[bool] = []
    house.pairing.watch(lambda: told.append(house.pairing.open_invitation() is not None))
    invitation = house.pairing.invite(CLEANER, by=anna)
    house.now += 60.0
    opened = house.pairing.open_invitation()
    assert opened is not None
    assert (opened.access, opened.left_s, opened.tries_left) == (CLEANER, VALID_S - 60, WRONG_TRIES)
    house.pairing.withdraw(by=anna)
    assert house.pairing.open_invitation() is None
    assert reason_of(house.pair(invitation)) == "unknown"
    assert told == [True, False]
    assert "invitation_withdrawn" in house.ledger.whats


def test_withdrawing_nothing_is_nothing(house: PairingHouse) -> None:
    house.pairing.withdraw()
    assert house.ledger.rows == []


@pytest.mark.parametrize("end", ["removed", "changed", "reset"])
def test_a_code_ends_with_the_right_of_the_phone_that_made_it(
    house: PairingHouse, end: str
) -> None:
    house.let_in("Anna")
    ben = house.let_in("Ben")
    house.household.change(ben, "Ben", Access(rights=ALL_RIGHTS))
    phone = PairingPhone(house.pairing.invite(Access(rights=ALL_RIGHTS), by=ben), "Cleo")
    challenge = challenge_of(house.pairing.step(phone.hello()))
    if end == "removed":
        house.household.remove(ben)
    elif end == "changed":
        house.household.change(ben, "Ben", GUEST)
    else:
        house.household.reset()
    assert house.pairing.open_invitation() is None
    assert reason_of(house.pairing.step(phone.proof(challenge))) == "unknown"
    assert "Cleo" not in [known.phone.name for known in house.household.phones]


def test_a_phone_that_comes_again_keeps_its_rights(house: PairingHouse) -> None:
    anna, ben = Identity.generate(), Identity.generate()
    house.pair(house.pairing.invite(), "Anna", anna)
    house.pair(house.pairing.invite(), "Ben", ben)
    again = house.pair(house.pairing.invite(), "Anna's new name", anna)
    more = house.pair(house.pairing.invite(Access(rights=ALL_RIGHTS)), "Ben", ben)
    assert isinstance(again, Paired)
    assert isinstance(more, Paired)
    assert again.rights == ALL_RIGHTS
    assert more.rights == GUEST_RIGHTS
    assert len(house.household.phones) == 2


def test_a_key_that_is_none_is_refused(house: PairingHouse) -> None:
    house.pairing.invite()
    hello = PairHello(device_id=house.identity.id, public_key="AAAA", nonce="AAAA", name="Anna")
    assert isinstance(house.pairing.step(hello), PairRefused)


def test_a_disk_that_takes_nothing_pairs_nobody_and_leaves_the_code(
    house: PairingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    invitation = house.pairing.invite()
    with monkeypatch.context() as disk:
        disk.setattr("device.services.household.write_whole", full)
        assert reason_of(house.pair(invitation)) == "unknown"
    assert isinstance(house.pair(invitation), Paired)


def test_secrets_and_names_are_not_logged(
    house: PairingHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    invitation = house.pairing.invite()
    house.guess(invitation)
    house.pair(invitation, "Anna of the house")
    noted = " ".join(row.detail for row in house.ledger.rows)
    for word in ("Anna", "Mallory", invitation.fragment(), invitation.fragment().split(".")[2]):
        assert word not in caplog.text
    assert invitation.fragment().split(".")[2] not in noted
