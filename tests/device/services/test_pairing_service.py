"""Pairing from the phone's side, against the doorbell's."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.core.pairing import VALID_S, WRONG_TRIES
from device.services.household import Household
from device.services.pairing import Pairing, key_hash
from protocol.door import ALL_RIGHTS
from protocol.identity import Identity
from protocol.pairing import (
    Invitation,
    PairChallenge,
    Paired,
    PairHello,
    PairProof,
    PairRefused,
    Transcript,
    encode,
)

DOORBELL = Identity.generate()


class House:
    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.household = Household(folder / "phones.json")
        self.pairing = Pairing(DOORBELL, "Front door", self.household, lambda: self.now)

    def pair(self, invitation: Invitation, name: str = "Anna", phone: Identity | None = None
             ) -> Paired | PairRefused:  # fmt: skip
        key = (phone or Identity.generate()).public
        hello = PairHello(device_id=DOORBELL.id, public_key=key.text, nonce=encode(b"n" * 16),
                          name=name)  # fmt: skip
        challenge = self.pairing.step(hello)
        if not isinstance(challenge, PairChallenge):
            assert isinstance(challenge, PairRefused)
            return challenge
        transcript = Transcript(DOORBELL.id, challenge.public_key, key.text, challenge.nonce,
                                hello.nonce, name)  # fmt: skip
        assert challenge.public_key == DOORBELL.public.text
        proof = PairProof(device_id=DOORBELL.id, pairing=challenge.pairing,
                          proof=transcript.proof(invitation.secret, "phone"))  # fmt: skip
        reply = self.pairing.step(proof)
        assert isinstance(reply, Paired | PairRefused)
        return reply


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def reason(reply: Paired | PairRefused) -> str:
    assert isinstance(reply, PairRefused)
    assert reply.detail.endswith(".")
    return reply.reason


def wrong(invitation: Invitation) -> Invitation:
    return Invitation(invitation.key_hash, b"x" * 16, invitation.device_id)


def test_the_first_phone_administers_and_later_ones_do_not(house: House) -> None:
    first = house.pair(house.pairing.invite())
    second = house.pair(house.pairing.invite(), "Ben")
    assert isinstance(first, Paired)
    assert isinstance(second, Paired)
    assert first.rights == ALL_RIGHTS
    assert set(ALL_RIGHTS) - set(second.rights) == {"admin"}
    assert [known.phone.name for known in house.household.phones] == ["Anna", "Ben"]


def test_the_link_names_the_doorbells_key(house: House) -> None:
    invitation = house.pairing.invite()
    assert invitation.key_hash == key_hash(DOORBELL.public)
    assert Invitation.parse(invitation.fragment()) == invitation


def test_the_doorbell_proves_itself_to_the_phone(house: House) -> None:
    invitation = house.pairing.invite()
    phone = Identity.generate().public
    hello = PairHello(device_id=DOORBELL.id, public_key=phone.text, nonce="AAAA", name="Anna")
    challenge = house.pairing.step(hello)
    assert isinstance(challenge, PairChallenge)
    transcript = Transcript(DOORBELL.id, challenge.public_key, phone.text, challenge.nonce,
                            "AAAA", "Anna")  # fmt: skip
    assert transcript.accepts(invitation.secret, "doorbell", challenge.proof)


def test_without_an_invitation_nobody_pairs(house: House) -> None:
    assert reason(house.pair(wrong(Invitation("", b"", DOORBELL.id)))) == "unknown"


def test_a_code_works_once(house: House) -> None:
    invitation = house.pairing.invite()
    house.pair(invitation)
    assert reason(house.pair(invitation)) == "used"


def test_a_code_lives_ten_minutes(house: House) -> None:
    invitation = house.pairing.invite()
    house.now = VALID_S
    assert reason(house.pair(invitation)) == "expired"


def test_a_code_dies_of_wrong_tries(house: House) -> None:
    invitation = house.pairing.invite()
    tries = [reason(house.pair(wrong(invitation))) for _ in range(WRONG_TRIES)]
    assert set(tries) == {"wrong"}
    assert reason(house.pair(invitation)) == "exhausted"


def test_a_new_code_ends_the_old(house: House) -> None:
    old = house.pairing.invite()
    house.pairing.invite()
    assert reason(house.pair(old)) == "wrong"


def test_a_phone_that_comes_again_keeps_its_rights(house: House) -> None:
    anna = Identity.generate()
    house.pair(house.pairing.invite(), "Anna", anna)
    again = house.pair(house.pairing.invite(), "Anna's new name", anna)
    assert isinstance(again, Paired)
    assert again.rights == ALL_RIGHTS
    assert len(house.household.phones) == 1


def test_a_key_that_is_none_is_refused(house: House) -> None:
    house.pairing.invite()
    hello = PairHello(device_id=DOORBELL.id, public_key="AAAA", nonce="AAAA", name="Anna")
    assert isinstance(house.pairing.step(hello), PairRefused)
